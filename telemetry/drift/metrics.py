"""What is watched of a model, and how large a change has to be before it matters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

MetricKind: TypeAlias = Literal["numeric", "categorical"]

SPREAD = 0.2
"""Normed Wasserstein distance: a fifth of a standard deviation, which Cohen calls a small effect."""
SHARES = 0.1
"""Jensen-Shannon distance (natural logarithm): Evidently's own default; 5 % becoming 13 %."""
FAILURES = 0.05
"""Jensen-Shannon distance for what ought to be rare: 2 % becoming 5 %."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One column of the branch rows."""

    name: str
    column: str
    kind: MetricKind
    unit: str
    threshold: float
    logarithmic: bool = False
    """Compared as log(1 + x): what varies by factors would else be ruled by its longest tail."""
    answers_only: bool = True
    """Looks at complete answers alone; a timeout's latency tells of a failure, not of how fast answers are."""


METRICS: tuple[Metric, ...] = (
    Metric("latency_ms", "latency_ms", "numeric", "ms", SPREAD, logarithmic=True),
    Metric("ttft_ms", "ttft_ms", "numeric", "ms", SPREAD, logarithmic=True),
    Metric("output_tokens", "output_tokens", "numeric", "tokens", SPREAD, logarithmic=True),
    Metric("cost", "cost_nano", "numeric", "nano-USD", SPREAD, logarithmic=True),
    Metric("answer_characters", "answer_characters", "numeric", "characters", SPREAD, logarithmic=True),
    Metric("score", "score", "numeric", "score", SPREAD),
    Metric("finish_reason", "finish_reason", "categorical", "share", SHARES),
    Metric("outcome", "outcome", "categorical", "share", SHARES, answers_only=False),
    Metric("failed", "failed", "categorical", "share", FAILURES, answers_only=False),
    Metric("intent", "intent", "categorical", "share", SHARES, answers_only=False),
)
ANSWERS = frozenset({"accepted", "rejected", "compared"})
"""Outcomes of complete answers."""
