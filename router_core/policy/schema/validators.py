"""Validators: how a complete answer is scored."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from router_core.policy.schema.values import Share, Strict


class RefusalValidator(Strict):
    """0 for an empty answer, one that refuses, or one that repeats itself; else 1."""

    kind: Literal["refusal"]
    threshold: Share = 0.5
    """Lowest score that passes."""


class LengthValidator(Strict):
    """1 when the answer's length is within bounds and it was not cut off; falls off outside."""

    kind: Literal["length"]
    threshold: Share = 0.5
    """Lowest score that passes."""
    min_words: Annotated[int, Field(ge=0)] = 1
    """Fewest words of an answer."""
    max_words: Annotated[int, Field(ge=1)] | None = None
    """Most words of an answer."""
    max_ratio: Annotated[float, Field(gt=0)] | None = None
    """Longest answer as a multiple of the prompt's words; for summaries below 1."""


class SchemaValidator(Strict):
    """1 when the answer is JSON that satisfies a schema: the request's own, or this one."""

    kind: Literal["schema"]
    threshold: Share = 1.0
    """Lowest score that passes."""
    json_schema: dict[str, Any] | None = None
    """A JSON schema; without it the request's, and without that any JSON will do."""


class AgreementValidator(Strict):
    """Share of other cheap models whose answer says the same. The strongest confidence signal there is."""

    kind: Literal["agreement"]
    threshold: Share = 0.5
    """Lowest score that passes."""
    probes: Annotated[tuple[str, ...], Field(min_length=1)]
    """Models asked for an extra answer, each a branch of kind `probe` whose cost counts."""
    extract: Literal["auto", "number", "choice", "json", "text"] = "auto"
    """What is compared."""


ValidatorEntry: TypeAlias = Annotated[
    RefusalValidator | LengthValidator | SchemaValidator | AgreementValidator, Field(discriminator="kind")
]
