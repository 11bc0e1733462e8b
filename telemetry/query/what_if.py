"""What another threshold would have made of decisions that were logged: how many escalate, and what they cost.

A lower threshold gives answers that were rejected: what they cost is known, and what came after them is saved. A higher
one asks another model where the answer was good enough: what that would have cost is estimated from what the same model
cost when it was asked. What such an answer would have scored nobody knows, so one further branch is counted, no more.
Whether the answers that are concerned were good is told as far as somebody has judged them.
Pure functions of `telemetry.query.chains`.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, variance
from types import MappingProxyType
from typing import Final, TypeAlias

from telemetry.query.chains import Answer, Chain
from telemetry.query.proportion import Proportion

STEPS: Final = 100
"""Thresholds are looked at by hundredths, from 0 to 1."""
FEWEST: Final = 5
"""Observed answers of a model from which on its cost is estimated."""
_COUNTED: Final = ("escalated", "kept", "unheard", "stuck", "nano", "sent_on", "unpriced")
_JUDGED: Final = ("kept", "replaced", "sent_on")
_OF: Final = ("judged", "good")
_Z95: Final = 1.959963984540054

Further: TypeAlias = tuple[str, str]
"""What would come next: ``("model", name)``, or ``("after", tool)``, what comes after a tool that was not sure."""
Prices: TypeAlias = Mapping[Further, tuple[int, float, float]]
"""How many of these were seen, the mean of what they cost and its variance, in nano-USD."""
Verdicts: TypeAlias = Mapping[tuple[str, str], bool]
"""Whether answers are good, see `telemetry.query.answer_verdicts`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What decisions come to at one threshold."""

    threshold: float | None
    """None: as it was, whatever the thresholds were."""
    escalated: Proportion
    """Requests in which an answer of this kind was rejected and another model asked."""
    kept: int
    """Answers that would be given and were rejected."""
    sent_on: int
    """Answers that would be rejected, for another model to be asked, and were given."""
    stuck: int
    """Answers that would be too low as well, with no further model in the plan: they are given all the same."""
    unheard: int
    """Of ``kept``: those that other validators, which speak last, have not seen."""
    cost_nano: int | None
    """Of the ``costed`` requests; None when there are none."""
    low_nano: int | None
    """The interval at 95 %, where part of it is an estimate; the cost itself where all of it is known."""
    high_nano: int | None
    unpriced: int
    """Of ``sent_on``: those whose next model was asked too seldom to say what it costs; not in the cost."""
    kept_good: Proportion
    """Of ``kept`` that were judged: those that are good."""
    replaced_good: Proportion
    """Of what was given in place of ``kept`` and was judged: what is good."""
    sent_on_good: Proportion
    """Of ``sent_on`` that were judged: those that are good."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """One validator's threshold for one kind of answer, at every hundredth."""

    validator: str
    kind: str
    """Of the answers: model, tool or cache."""
    n: int
    """Requests that are counted."""
    concerned: int
    """Those of them in which it scored an answer."""
    left_out: int
    """Requests whose course thresholds alone do not explain: weighted scores, a vote, models asked side by side."""
    costed: int
    """Requests of the n whose cost is known."""
    levels: int
    """Different scores that it gave, by hundredths: of one that says yes or no, every threshold is the same."""
    thresholds: tuple[tuple[float, int], ...]
    """Those in force, and for how many answers; the most frequent first."""
    now: Outcome
    points: tuple[Outcome, ...]
    """At 0.00, 0.01 ... 1.00."""


def what_ifs(chains: Sequence[Chain], verdicts: Verdicts = MappingProxyType({})) -> list[WhatIf]:
    """For every validator and kind of answer that it scored; those that rejected most come first."""
    explained = [chain for chain in chains if _is_explained(chain)]
    prices, heard = _prices(chains), _heard(chains)
    rejected: Counter[tuple[str, str]] = Counter()
    for chain in explained:
        for answer in chain.answers:
            for score in answer.scores:
                rejected[score.validator, answer.kind] += not score.passed
    out = len(chains) - len(explained)
    found = [_what_if(validator, kind, explained, out, prices, heard, verdicts) for validator, kind in rejected]
    order = {one: -number for one, number in rejected.items()}
    return sorted(found, key=lambda one: (order[one.validator, one.kind], one.validator, one.kind))


def _is_explained(chain: Chain) -> bool:
    """Whether every answer but the last was rejected by a score, and the last was given."""
    if any(score.weighed for answer in chain.answers for score in answer.scores):
        return False
    if not chain.answers:
        return True
    *before, last = chain.answers
    if any(answer.passed for answer in before):
        return False
    return last.given and not (last.passed and last.followed)


@dataclass(slots=True)
class _Course:
    """What becomes of one decision at some thresholds."""

    escalated: bool = False
    kept: Answer | None = None
    unheard: bool = False
    stuck: bool = False
    asked: Further | None = None
    """What would come next and did not."""
    nano: int | None = 0
    """What is known to be spent."""


@dataclass(slots=True)
class _Sums:
    """Numbers at every threshold, kept as differences from one to the next."""

    steps: defaultdict[str | Further, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * (STEPS + 2)))

    def add(self, name: str | Further, first: int, last: int, amount: int) -> None:
        if amount:
            self.steps[name][first] += amount
            self.steps[name][last + 1] -= amount

    def at_each(self, name: str | Further) -> list[int]:
        total, sums = 0, []
        for change in self.steps[name][: STEPS + 1]:
            total += change
            sums.append(total)
        return sums


def _what_if(
    validator: str,
    kind: str,
    chains: Sequence[Chain],
    left_out: int,
    prices: Prices,
    heard: Mapping[tuple[str, str, str], frozenset[str]],
    verdicts: Verdicts,
) -> WhatIf:
    sums, asked, used, levels = _Sums(), set[Further](), Counter[float](), set[int]()
    concerned = costed = 0
    escalated = nano = 0  # as it was
    for chain in chains:
        scores = [s for a in chain.answers if a.kind == kind for s in a.scores if s.validator == validator]
        known = chain.tail_nano is not None and all(answer.cost_nano is not None for answer in chain.answers)
        as_it_was = _course(chain, validator, kind, None, heard)
        spent = (as_it_was.nano or 0) if known else 0
        costed += known
        escalated += as_it_was.escalated
        nano += spent
        if not scores:
            # No threshold of this validator changes anything.
            sums.add("escalated", 0, STEPS, int(as_it_was.escalated))
            sums.add("nano", 0, STEPS, spent)
            continue
        concerned += 1
        used.update(score.threshold for score in scores)
        levels.update(round(score.score * STEPS) for score in scores if score.score is not None)
        for first, last in _stretches(score.score for score in scores):
            course = _course(chain, validator, kind, last / STEPS, heard)
            sums.add("escalated", first, last, int(course.escalated))
            sums.add("kept", first, last, int(course.kept is not None))
            sums.add("unheard", first, last, int(course.unheard))
            sums.add("stuck", first, last, int(course.stuck))
            sums.add("nano", first, last, (course.nano or 0) if known else 0)
            for what, good in _judged(chain, course, verdicts):
                sums.add(f"{what} judged", first, last, 1)
                sums.add(f"{what} good", first, last, int(good))
            if course.asked is not None:
                sums.add("sent_on", first, last, 1)
                sums.add("unpriced", first, last, int(course.asked not in prices))
                if known and course.asked in prices:
                    sums.add(course.asked, first, last, 1)
                    asked.add(course.asked)
    n = len(chains)
    at = {name: sums.at_each(name) for name in (*_COUNTED, *(f"{what} {of}" for what in _JUDGED for of in _OF))}
    further = {what: sums.at_each(what) for what in sorted(asked)}
    points = [
        _outcome(
            step / STEPS,
            Proportion.of(at["escalated"][step], n),
            {name: values[step] for name, values in at.items()},
            {what: values[step] for what, values in further.items() if values[step]},
            prices,
            costed,
        )
        for step in range(STEPS + 1)
    ]
    here = _outcome(None, Proportion.of(escalated, n), {"nano": nano}, {}, prices, costed)
    ordered = tuple(sorted(used.items(), key=lambda one: (-one[1], one[0])))
    return WhatIf(validator, kind, n, concerned, left_out, costed, len(levels), ordered, here, tuple(points))


def _stretches(scores: Iterable[float | None]) -> list[tuple[int, int]]:
    """The thresholds, as hundredths from one to another, at which these scores pass or do not all alike."""
    # The small amount makes 0.29 pass at 29 hundredths, as it does at 0.29.
    ends = {math.floor(score * STEPS + 1e-9) for score in scores if score is not None}
    within = sorted(end for end in ends if 0 <= end < STEPS)
    return list(zip([0, *(end + 1 for end in within)], [*within, STEPS], strict=True))


def _course(
    chain: Chain,
    validator: str,
    kind: str,
    threshold: float | None,
    heard: Mapping[tuple[str, str, str], frozenset[str]],
) -> _Course:
    """One decision at one threshold; None leaves every score as it was judged."""
    course = _Course()
    for answer in chain.answers:
        course.nano = _plus(course.nano, answer.cost_nano)
        passes = answer.passed if threshold is None else _passes(answer, validator, kind, threshold)
        if passes and not answer.passed and answer.followed:
            course.kept = answer
            expected = heard.get((chain.route, chain.intent, answer.kind), frozenset())
            course.unheard = not expected <= {score.validator for score in answer.scores}
        if passes:
            return course
        if answer.followed:
            course.escalated = course.escalated or answer.kind == kind
        elif answer.passed:
            course.asked = _next(chain, answer)
            course.stuck = course.asked is None
            course.escalated = course.escalated or (answer.kind == kind and course.asked is not None)
    course.nano = _plus(course.nano, chain.tail_nano)
    return course


def _judged(chain: Chain, course: _Course, verdicts: Verdicts) -> Iterator[tuple[str, bool]]:
    """What was judged of the answers of a decision that takes another course."""
    given = verdicts.get((chain.decision_id, "given"))
    if course.asked is not None and given is not None:
        yield "sent_on", given
    if course.kept is None:
        return
    # Of what was rejected only a model's first answer is ever judged.
    first = next((answer for answer in chain.answers if answer.kind == "model" and not answer.given), None)
    good = verdicts.get((chain.decision_id, "rejected")) if course.kept is first else None
    if good is not None:
        yield "kept", good
    if given is not None:
        yield "replaced", given


def _next(chain: Chain, answer: Answer) -> Further | None:
    if answer.kind != "model":
        # Nobody has made a plan while a tool was sure.
        return "after", answer.model
    model = chain.above(answer)
    return None if model is None else ("model", model)


def _passes(answer: Answer, validator: str, kind: str, threshold: float) -> bool:
    return all(
        score.passed
        if score.score is None or score.validator != validator or answer.kind != kind
        else score.score >= threshold
        for score in answer.scores
    )


def _prices(chains: Iterable[Chain]) -> Prices:
    """What a further answer of each model costs, those called to judge it included; and what comes after each tool."""
    seen: defaultdict[Further, list[int]] = defaultdict(list)
    for chain in chains:
        rest = chain.tail_nano
        for answer in reversed(chain.answers):
            if answer.kind != "model" and answer.followed and rest is not None:
                seen["after", answer.model].append(rest)
            if answer.kind == "model" and answer.cost_nano is not None:
                seen["model", answer.model].append(answer.cost_nano)
            rest = _plus(rest, answer.cost_nano)
    return {what: (len(costs), fmean(costs), variance(costs)) for what, costs in seen.items() if len(costs) >= FEWEST}


def _heard(chains: Iterable[Chain]) -> dict[tuple[str, str, str], frozenset[str]]:
    """The validators that speak of an answer, by route, intent and kind of answer."""
    found: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    for chain in chains:
        for answer in chain.answers:
            found[chain.route, chain.intent, answer.kind].update(score.validator for score in answer.scores)
    return {key: frozenset(names) for key, names in found.items()}


def _outcome(
    threshold: float | None,
    escalated: Proportion,
    at: Mapping[str, int],
    further: Mapping[Further, int],
    prices: Prices,
    costed: int,
) -> Outcome:
    """With the estimates added: c further answers of a kind of which k were seen, with mean m and variance v, cost c m.

    The variance of that is c v (each is one of many) + c^2 v / k (the mean is not known exactly); the interval takes
    the sum as normal.
    """
    known = float(at.get("nano", 0))
    nano, spread = known, 0.0
    for what, number in further.items():
        k, mean, its_variance = prices[what]
        nano += number * mean
        spread += number * its_variance + number**2 * its_variance / k
    half = _Z95 * math.sqrt(spread)
    return Outcome(
        threshold=threshold,
        escalated=escalated,
        kept=at.get("kept", 0),
        sent_on=at.get("sent_on", 0),
        stuck=at.get("stuck", 0),
        unheard=at.get("unheard", 0),
        cost_nano=round(nano) if costed else None,
        low_nano=round(max(nano - half, known)) if costed else None,
        high_nano=round(nano + half) if costed else None,
        unpriced=at.get("unpriced", 0),
        kept_good=_good(at, "kept"),
        replaced_good=_good(at, "replaced"),
        sent_on_good=_good(at, "sent_on"),
    )


def _good(at: Mapping[str, int], what: str) -> Proportion:
    return Proportion.of(at.get(f"{what} good", 0), at.get(f"{what} judged", 0))


def _plus(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
