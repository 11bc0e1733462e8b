"""Validators made from a policy's entries."""

from __future__ import annotations

from collections.abc import Mapping

from router_core.policy.schema import (
    AgreementValidator,
    LengthValidator,
    RefusalValidator,
    SchemaValidator,
    ValidatorEntry,
)
from router_core.validators.agreement import Agreement
from router_core.validators.base import Validator
from router_core.validators.length import Length
from router_core.validators.refusal import Refusal
from router_core.validators.schema import Schema


def build_validators(entries: Mapping[str, ValidatorEntry]) -> dict[str, Validator]:
    """The validators by their names in the policy."""
    return {name: _build(name, entry) for name, entry in entries.items()}


def _build(name: str, entry: ValidatorEntry) -> Validator:
    match entry:
        case RefusalValidator():
            return Refusal(name, entry.threshold)
        case LengthValidator():
            return Length(
                name,
                entry.threshold,
                min_words=entry.min_words,
                max_words=entry.max_words,
                max_ratio=entry.max_ratio,
            )
        case SchemaValidator():
            return Schema(name, entry.threshold, entry.json_schema)
        case AgreementValidator():
            return Agreement(name, entry.threshold, entry.probes, entry.extract)
