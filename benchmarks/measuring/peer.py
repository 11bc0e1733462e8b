"""litellm's Router, beside which our own is measured. litellm is imported when the first one is made."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import litellm

# Before litellm is imported: no look at the network, no .env file.
os.environ.update(LITELLM_LOCAL_MODEL_COST_MAP="True", LITELLM_MODE="PRODUCTION")

PEER = "litellm's Router"


def litellm_router(deployments: Sequence[tuple[str, dict[str, Any]]], **settings: Any) -> litellm.Router:
    """A Router over deployments, each a model's name and its parameters; it does not retry."""
    import litellm

    litellm.suppress_debug_info = True
    logging.getLogger("LiteLLM Router").setLevel(logging.CRITICAL)
    models = [{"model_name": name, "litellm_params": {"api_key": "none", **params}} for name, params in deployments]
    return litellm.Router(model_list=models, num_retries=0, **settings)
