"""Evaluation: which answers are looked at again after they were given, by whom, and for how much money."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from router_core.policy.schema.validators import Extracted
from router_core.policy.schema.values import Amount, Count, Share, Strict


class JudgeEvaluator(Strict):
    """A model grades the answer by a rubric. It is asked through a route, with purpose `judge`, and its cost counts."""

    kind: Literal["judge"]
    route: str
    """The route, or the model, that judges. It sees prompt and answer, so rules must let both reach it."""
    rubric: str | None = None
    """What makes an answer good, in plain words."""
    rubric_file: str | None = None
    """A Markdown or text file that holds the rubric, or a TOML file with `rubric` and `[[criteria]]`; relative to the
    policy file."""
    threshold: Share = 0.7
    """Lowest score of a good answer."""
    max_output_tokens: Count = 300
    """Longest judgement."""


class ReferenceEvaluator(Strict):
    """Compares the answer with an expected one, found by the prompt."""

    kind: Literal["reference"]
    file: str
    """A JSONL file of `{"prompt": ..., "expected": ...}` or `{"prompt_sha256": ..., "expected": ...}`, relative to the
    policy file. Prompts that it does not know are not judged."""
    extract: Extracted = "auto"
    """What is compared."""


class RulesEvaluator(Strict):
    """Validators of this policy look at the answer; the lowest score counts."""

    kind: Literal["rules"]
    validators: Annotated[tuple[str, ...], Field(min_length=1)]
    """Those that look at the answer alone, and ask no model."""


EvaluatorEntry: TypeAlias = Annotated[
    JudgeEvaluator | ReferenceEvaluator | RulesEvaluator,
    Field(discriminator="kind"),
]


class ShadowEntry(Strict):
    """A share of requests is sent to another model as well, after the answer was given; its answer is only judged."""

    model: str | None = None
    """Who is asked; default: the baseline of each decision. Never a model that the decision's rules excluded."""
    rate: Share = 0.01
    """Share of the route's decisions, drawn from those that are judged by chance."""
    per_day: Annotated[int, Field(ge=0)] = 50
    """Most shadow calls in a UTC day."""
    usd_per_day: Amount = Decimal(1)
    """USD of shadow calls in a UTC day, after which no more are made."""


class RouteEvaluation(Strict):
    """Which decisions of a route are judged. The sample follows from their ids: drawn again, it is the same."""

    evaluators: Annotated[tuple[str, ...], Field(min_length=1)]
    """Who judges each of them."""
    rate: Share = 0.02
    """Share of the decisions that is drawn by chance alone; only these stand for the route's traffic."""
    always: tuple[Literal["escalated", "low_score"], ...] = ("escalated", "low_score")
    """Decisions that are judged besides, whatever the chance."""
    low_score: Share = 0.6
    """A decision has a low score below this."""
    at_least: Annotated[int, Field(ge=0, le=1000)] = 1
    """Of each intent and model, the first so many decisions of a UTC day are judged besides."""
    per_day: Annotated[int, Field(ge=0)] = 200
    """Most answers of a UTC day that are judged, by each evaluator."""
    usd_per_day: Amount = Decimal(1)
    """USD of judging in a UTC day, after which no more is judged."""
    shadow: ShadowEntry | None = None
    """Whether requests are sent to another model as well."""


class EvaluationEntry(Strict):
    """How well answers serve, found out after they were given; needs `content` to be kept, `redacted` or `full`."""

    evaluators: dict[str, EvaluatorEntry] = {}
    """Who can judge, by name."""
    routes: dict[str, RouteEvaluation] = {}
    """What is judged, by route."""
