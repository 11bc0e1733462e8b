"""What is watched of a model, and how large a change has to be before it matters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

MetricKind: TypeAlias = Literal["numeric", "categorical", "text"]
Side: TypeAlias = Literal["input", "model"]
"""What a metric describes: what was asked, or what the model made of it."""

SPREAD = 0.2
"""Normed Wasserstein distance: a fifth of a standard deviation, which Cohen calls a small effect."""
SHARES = 0.1
"""Jensen-Shannon distance (natural logarithm): Evidently's own default; 5 % becoming 13 %."""
RARE = 0.05
"""Jensen-Shannon distance for what ought to be rare: 2 % becoming 5 %."""
TOLD = 0.2
"""2 AUC - 1 of a classifier: given a text of the week and one before, it sees which is which six times of ten."""

VALIDATOR = "validator:"
"""Before the name of a validator whose scores are watched."""
MAX_VALIDATORS = 8
"""Of a model; the most used ones."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One column of a window."""

    name: str
    kind: MetricKind
    unit: str
    threshold: float
    side: Side = "model"
    logarithmic: bool = False
    """Compared as log(1 + x): what varies by factors would else be ruled by its longest tail."""
    answers_only: bool = True
    """Looks at complete answers alone; a timeout's latency tells of a failure, not of how fast answers are."""


METRICS: tuple[Metric, ...] = (
    Metric("latency_ms", "numeric", "ms", SPREAD, logarithmic=True),
    Metric("ttft_ms", "numeric", "ms", SPREAD, logarithmic=True),
    Metric("output_tokens", "numeric", "tokens", SPREAD, logarithmic=True),
    Metric("cost", "numeric", "nano-USD", SPREAD, logarithmic=True),
    Metric("answer_characters", "numeric", "characters", SPREAD, logarithmic=True),
    Metric("score", "numeric", "score", SPREAD),
    Metric("finish_reason", "categorical", "share", SHARES),
    Metric("refused", "categorical", "share", RARE),
    Metric("escalated", "categorical", "share", RARE),
    Metric("failed", "categorical", "share", RARE, answers_only=False),
    Metric("cached", "categorical", "share", SHARES),
    Metric("version", "categorical", "share", SHARES),
    Metric("intent", "categorical", "share", SHARES, "input", answers_only=False),
    Metric("language", "categorical", "share", SHARES, "input", answers_only=False),
    Metric("prompt_characters", "numeric", "characters", SPREAD, "input", logarithmic=True, answers_only=False),
    Metric("input_tokens", "numeric", "tokens", SPREAD, "input", logarithmic=True),
)
TEXTS: tuple[Metric, ...] = (
    Metric("answer_sentences", "numeric", "sentences", SPREAD, logarithmic=True),
    Metric("answer_non_letters", "numeric", "per cent", SPREAD),
)
"""Of captured answers, where there are any; see `telemetry.drift.texts`."""
PROMPT_EMBEDDING = "prompt_embedding"
ANSWER_EMBEDDING = "answer_embedding"
EMBEDDINGS: tuple[Metric, ...] = (
    Metric(PROMPT_EMBEDDING, "text", "place", TOLD, "input", answers_only=False),
    Metric(ANSWER_EMBEDDING, "text", "place", TOLD),
)
"""Of captured prompts and answers; see `telemetry.drift.telling`."""
ANSWERS = frozenset({"accepted", "rejected", "compared"})
"""Outcomes of complete answers."""


def of_validator(name: str) -> Metric:
    """The scores of one validator."""
    return Metric(VALIDATOR + name, "numeric", "score", SPREAD)
