"""The small local model for tests that really run one: pulled once into the user's cache, verified each time."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from router_core.providers.catalog import find
from router_core.providers.fetch import fetch

SMALL = "smollm2-135m"


def small_model_folder() -> Path:
    """A folder that holds SmolLM2 and nothing larger. The first call on a machine pulls 98 MB."""
    folder = Path(platformdirs.user_cache_dir("routescope")) / "test-models"
    fetch(find(SMALL), folder)
    return folder
