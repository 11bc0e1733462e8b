"""From comparisons to verdicts: a change has to be real (q), it has to matter (effect), and it has a cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal, TypeAlias

import numpy as np

from telemetry.drift.change import Change
from telemetry.drift.distribution import Distribution
from telemetry.drift.metrics import Metric
from telemetry.drift.statistics import Comparison
from telemetry.drift.windows import Subject

FALSE_DISCOVERIES: Final = 0.01
"""Expected share of false alarms among the alarms of a week."""
TOKENS: Final = frozenset({"input_tokens", "output_tokens"})
"""What a cost is made of, besides prices."""

NO_SHAPE: Final = Distribution()

State: TypeAlias = Literal["ok", "drift", "not_enough_data"]
Against: TypeAlias = Literal["previous", "trailing", "baseline"]
"""The week before, the four weeks before, or a week that was pinned."""
Cause: TypeAlias = Literal["input", "model", "price", "mixed", "unclear"]
"""What moved: the prompts, the model on the same prompts, its price alone, both, or it cannot be told apart."""


@dataclass(frozen=True, slots=True)
class Part:
    """All of a model's traffic, or that of one route or intent."""

    scope: Literal["model", "route", "intent"] = "model"
    name: str = ""


WHOLE: Final = Part()


@dataclass(frozen=True, slots=True)
class Finding:
    """One metric of one model in one week."""

    week: date
    subject: Subject
    metric: Metric
    state: State
    n: int
    n_reference: int
    threshold: float
    reference: Distribution = NO_SHAPE
    current: Distribution = NO_SHAPE
    against: Against = "trailing"
    part: Part = WHOLE
    comparison: Comparison | None = None
    """None without enough data."""
    q: float | None = None
    like: Comparison | None = None
    """The same prompts: the week against the reference as if it had been asked what the week was asked."""
    like_q: float | None = None
    like_share: float | None = None
    """Of the week, those prompts that have their like in the reference."""
    mix_effect: float | None = None
    """What the prompts alone would have changed, measured as the effect is."""
    cause: Cause | None = None
    """Of a drift."""
    before: float | None = None
    """The median; of categories the share of ``category``."""
    after: float | None = None
    category: str | None = None
    """The one whose share moved most."""
    change: Change | None = None
    examples: tuple[str, ...] = ()
    """Ids of decisions of the week that show the change."""

    @property
    def ratio(self) -> float:
        """The larger of both effects by its threshold; 0 without enough data."""
        return max(_ratio(self.comparison, self.threshold), _ratio(self.like, self.threshold))


def judge(findings: Sequence[Finding]) -> list[Finding]:
    """Give each finding of a week its q, its state and, of a drift, its cause.

    Drift is a q of at most FALSE_DISCOVERIES and an effect of at least the threshold, over all prompts or over the same
    prompts. Large samples make any change significant, and many tests make any of them significant by chance; neither
    suffices alone.
    """
    tests = [one.p for finding in findings for one in (finding.comparison, finding.like) if one is not None]
    adjusted = iter(benjamini_hochberg(tests))
    judged = []
    for finding in findings:
        if finding.comparison is not None:
            q = next(adjusted)
            like_q = None if finding.like is None else next(adjusted)
            finding = replace(finding, q=q, like_q=like_q)
            finding = replace(finding, state="drift" if _moved(finding) or _like_moved(finding) else "ok")
        judged.append(finding)
    return _with_causes(judged)


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values, in the order given: those up to x have an expected share of false ones of at most x.

    Y. Benjamini and Y. Hochberg, Controlling the false discovery rate, J. R. Statist. Soc. B 57 (1995), 289-300.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if not p.size:
        return []
    order = np.argsort(p)
    scaled = p[order] * p.size / np.arange(1, p.size + 1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum.accumulate(scaled[::-1])[::-1]
    return [float(value) for value in np.minimum(adjusted, 1.0)]


def _with_causes(findings: Sequence[Finding]) -> list[Finding]:
    """A cost that moved while no number of tokens did is the price's doing."""
    tokens = {
        (finding.subject, finding.against, finding.part)
        for finding in findings
        if finding.metric.name in TOKENS and _like_moved(finding)
    }
    named = []
    for finding in findings:
        if finding.state == "drift":
            cause = _cause(finding)
            same_tokens = (finding.subject, finding.against, finding.part) not in tokens
            if finding.metric.name == "cost" and cause == "model" and same_tokens:
                cause = "price"
            finding = replace(finding, cause=cause)
        named.append(finding)
    return named


def _cause(finding: Finding) -> Cause:
    if finding.metric.side == "input":
        return "input"
    if finding.like is None or finding.mix_effect is None:
        return "unclear"
    mix = finding.mix_effect / finding.threshold
    if _like_moved(finding):
        return "mixed" if mix >= 1.0 else "model"
    # Neither part need pass alone for their sum to do so: the prompts are named when theirs is the larger by far.
    return "input" if mix >= 2 * _ratio(finding.like, finding.threshold) or mix >= 1.0 else "mixed"


def _moved(finding: Finding) -> bool:
    real = finding.q is not None and finding.q <= FALSE_DISCOVERIES
    return real and _ratio(finding.comparison, finding.threshold) >= 1.0


def _like_moved(finding: Finding) -> bool:
    real = finding.like_q is not None and finding.like_q <= FALSE_DISCOVERIES
    return real and _ratio(finding.like, finding.threshold) >= 1.0


def _ratio(comparison: Comparison | None, threshold: float) -> float:
    """A comparison that had to measure another effect has a threshold of its own."""
    if comparison is None:
        return 0.0
    return comparison.effect / (threshold if comparison.threshold is None else comparison.threshold)
