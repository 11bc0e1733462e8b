"""Validators against the models they ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from router_core.policy.crosscheck.lookup import Finding, check_names, names_in, table


def validator_faults(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Probes that no model answers to."""
    for name, validator in table(data, "validators").items():
        key = ("validators", name, "probes")
        yield from check_names(key, "model", names_in(validator, "probes"), table(data, "models"))
