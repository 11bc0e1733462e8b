"""Validators: how a complete answer is scored, and how the scores of several become one verdict."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from router_core.policy.schema.values import Count, Seconds, Share, Strict

Extracted: TypeAlias = Literal["auto", "number", "choice", "json", "text"]
Unchecked: TypeAlias = Literal["pass", "fail"]
Patterns: TypeAlias = tuple[Annotated[str, Field(min_length=1)], ...]


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


class TruncationValidator(Strict):
    """0 for an answer that was cut off: by its limit of tokens, in code or JSON, or in the middle of a sentence."""

    kind: Literal["truncation"]
    threshold: Share = 0.5
    """Lowest score that passes. Prose that merely lacks its last full stop scores 0.6."""


class SchemaValidator(Strict):
    """1 when the answer is JSON that satisfies a schema: the request's own, or this one."""

    kind: Literal["schema"]
    threshold: Share = 1.0
    """Lowest score that passes."""
    json_schema: dict[str, Any] | None = None
    """A JSON schema; without it the request's, and without that any JSON will do."""


class RegexValidator(Strict):
    """Share of patterns that hold. RE2's syntax, in time linear in the answer: no look-around, no back-references."""

    kind: Literal["regex"]
    threshold: Share = 1.0
    """Lowest score that passes."""
    must_match: Patterns = ()
    """Each must be found somewhere in the answer; `^` and `$` are its start and end, after `(?m)` those of a line."""
    must_not_match: Patterns = ()
    """None of them may be found anywhere in the answer."""
    ignore_case: bool = False
    """Whether capital and small letters count as the same."""


class ContainsValidator(Strict):
    """Share of plain texts that are where they should be: in the answer, or not in it."""

    kind: Literal["contains"]
    threshold: Share = 1.0
    """Lowest score that passes."""
    must_contain: Patterns = ()
    """Each must stand somewhere in the answer."""
    must_not_contain: Patterns = ()
    """None of them may stand anywhere in the answer."""
    ignore_case: bool = False
    """Whether capital and small letters count as the same."""


class LanguageValidator(Strict):
    """Probability that the answer is in the wanted language. Too little text to tell is unknown, and passes."""

    kind: Literal["language"]
    threshold: Share = 0.5
    """Lowest score that passes."""
    language: str | None = None
    """ISO 639-1. Without it, the language that the prompt asks for ("into German"), else the prompt's own."""


class LogprobValidator(Strict):
    """Geometric mean of the tokens' probabilities, as the model itself states them. A weak sign: measure it first."""

    kind: Literal["logprob"]
    threshold: Share = 0.8
    """Lowest score that passes."""
    on_unknown: Unchecked = "fail"
    """What becomes of an answer whose model states no probabilities."""


class AgreementValidator(Strict):
    """Share of other cheap models whose answer says the same. The strongest confidence signal there is."""

    kind: Literal["agreement"]
    threshold: Share = 0.5
    """Lowest score that passes."""
    probes: Annotated[tuple[str, ...], Field(min_length=1)]
    """Models asked for an extra answer, each a branch of kind `probe` whose cost counts."""
    extract: Extracted = "auto"
    """What is compared."""


class SelfConsistencyValidator(Strict):
    """Share of further answers of the same model that say what its answer says."""

    kind: Literal["self_consistency"]
    threshold: Share = 0.5
    """Lowest score that passes."""
    samples: Annotated[int, Field(ge=1, le=10)] = 3
    """How many more times the model is asked, each a branch of kind `probe` whose cost counts."""
    temperature: Annotated[float, Field(gt=0, le=2)] = 0.7
    """Of the further answers; without any, most models would only repeat themselves."""
    extract: Extracted = "auto"
    """What is compared."""


class JudgeValidator(Strict):
    """Another model's grade of the answer, from 0 to 10, divided by 10. A branch of kind `judge` whose cost counts."""

    kind: Literal["judge"]
    threshold: Share = 0.7
    """Lowest score that passes."""
    model: str
    """The model that judges. It sees the prompt and the answer, so rules must let the prompt reach it."""
    rubric: str | None = None
    """What makes an answer good, in plain words."""
    rubric_file: str | None = None
    """A text file that holds the rubric, relative to the policy file; its content is part of the policy's version."""
    on_error: Unchecked = "fail"
    """What becomes of an answer whose judge wrote it, may not be asked, fails, or says nothing that is a grade."""
    max_output_tokens: Count = 300
    """Longest judgement."""


class CustomValidator(Strict):
    """A Python callable of an installed package, found by entry point (group `routescope.validators`)."""

    kind: Literal["custom"]
    threshold: Share = 0.5
    """Lowest score that passes."""
    name: str
    """The entry point's name."""
    settings: dict[str, Any] = {}
    """Given to the callable by keyword."""
    timeout_s: Seconds = 1.0
    """Longest time it may take; then the answer scores 0."""


ValidatorEntry: TypeAlias = Annotated[
    RefusalValidator
    | LengthValidator
    | TruncationValidator
    | SchemaValidator
    | RegexValidator
    | ContainsValidator
    | LanguageValidator
    | LogprobValidator
    | AgreementValidator
    | SelfConsistencyValidator
    | JudgeValidator
    | CustomValidator,
    Field(discriminator="kind"),
]


def models_asked(entry: ValidatorEntry) -> tuple[str, ...]:
    """The models that a validator asks by name, beside the one that gave the answer."""
    match entry:
        case AgreementValidator():
            return entry.probes
        case JudgeValidator():
            return (entry.model,)
        case _:
            return ()


class AllCombination(Strict):
    """Every validator must pass. The branch's score is the one furthest below, or least above, its threshold."""

    kind: Literal["all"]


class WeightedCombination(Strict):
    """The weighted mean of the scores must reach one threshold; unknown scores that pass are left out of it."""

    kind: Literal["weighted"]
    threshold: Share
    """Lowest mean that passes."""
    weights: dict[str, Annotated[float, Field(gt=0, le=1000)]] = {}
    """By validator; 1 for those not named."""
    required: tuple[str, ...] = ()
    """Validators that must pass by themselves as well, whatever the mean."""


CombinationEntry: TypeAlias = Annotated[AllCombination | WeightedCombination, Field(discriminator="kind")]


def all_must_pass() -> AllCombination:
    """What holds where a policy says nothing of how scores are combined."""
    return AllCombination(kind="all")
