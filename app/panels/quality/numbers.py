"""Six numbers on quality: how good answers are, what a good one costs, and how far that can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app import units
from app.dashboard import cache, cards, navigation
from app.dashboard.view import View
from telemetry.query import overview
from telemetry.query.calibration import Calibrations
from telemetry.query.escalation_need import EscalationNeed
from telemetry.query.judges import JudgeAgreement
from telemetry.query.proportion import Proportion
from telemetry.query.scorecard import EvaluatorUse, ScoreRow, WeekVerdicts


@dataclass(frozen=True, slots=True)
class Judged:
    """What one evaluator says of the period, and how it stands against people and validators."""

    use: EvaluatorUse
    weeks: Sequence[WeekVerdicts]
    card: Sequence[ScoreRow]
    calibration: Calibrations
    need: EscalationNeed
    agreements: Sequence[JudgeAgreement]

    @property
    def good(self) -> Proportion:
        """Of the whole period."""
        return Proportion.of(sum(one.good.part for one in self.weeks), sum(one.good.n for one in self.weeks))


def draw(view: View, judged: Judged) -> None:
    """The cards."""
    with cards.grid("quality-numbers", narrowest="kpi"):
        _good(judged)
        _per_dollar(judged)
        _missed(judged)
        _needed(judged)
        _trust(judged)
        _cost(view, judged)


def between(one: Proportion) -> str:
    """The interval of a share, in words."""
    return f"95 % interval {units.share(one.low)} to {units.share(one.high)}"


def _good(judged: Judged) -> None:
    good = judged.good
    cards.kpi(
        "Good answers",
        units.share(good.share),
        change=None,
        line=[point.share for _, point in _by_week(judged.weeks)],
        note=f"{between(good)}; n = {units.count(good.n)}" if good.n else "nothing of the sample was judged",
        help=f"Share of the answers that {judged.use.name} finds good, of those that chance alone picked to be judged, "
        "so that it stands for the traffic. Of people's feedback all counts, and who gives any is no random sample. "
        "Wilson's interval.",
        key="good",
        more=navigation.decisions_link,
    )


def _per_dollar(judged: Judged) -> None:
    requests = sum(row.requests - row.cost_unknown for row in judged.card)
    nano = sum(row.cost_nano or 0 for row in judged.card)
    good = judged.good
    per_usd = requests / (nano / units.NANO) if nano else None
    known = per_usd is not None and good.share is not None
    cards.kpi(
        "Good answers per dollar",
        units.compact((good.share or 0.0) * (per_usd or 0.0)) if known else units.UNKNOWN,
        change=None,
        line=(),
        note=f"95 % interval {units.compact((good.low or 0.0) * (per_usd or 0.0))} to "
        f"{units.compact((good.high or 0.0) * (per_usd or 0.0))}"
        if known
        else "the cost or the quality is not known",
        help="Requests whose cost is known, times the share of good answers, over what they cost. The interval is that "
        "of the share; costs are known.",
        key="per-dollar",
        more=navigation.decisions_link,
    )


def _missed(judged: Judged) -> None:
    missed = judged.need.missed
    cards.kpi(
        "Should have escalated",
        units.share(missed.share),
        change=None,
        line=(),
        note=f"{between(missed)}; n = {units.count(missed.n)}" if missed.n else "none of these was judged",
        help="Answers found bad that were given without escalating, though the plan had a stronger model; of all "
        "decisions of the sample that did not escalate.",
        key="missed",
        more=navigation.decisions_link,
    )


def _needed(judged: Judged) -> None:
    need = judged.need
    needed = Proportion.of(need.helped.part + need.in_vain.part, need.helped.n)
    cards.kpi(
        "Escalations needed",
        units.share(needed.share),
        change=None,
        line=(),
        note=f"{between(needed)}; n = {units.count(needed.n)}" if needed.n else "no escalation was judged",
        help="Escalated decisions whose first answer is found bad, of those of which both the first and the given "
        "answer were judged.",
        key="needed",
        more=lambda: navigation.decisions_link("Escalated ones", path="escalated"),
    )


def _trust(judged: Judged) -> None:
    own = [one for one in judged.agreements if one.evaluator == judged.use.name]
    best = max(own, key=lambda one: one.kappa.n, default=None)
    value = None if best is None else best.kappa.value
    note = "nobody has judged the same answers by hand"
    if best is not None:
        note = f"n = {units.count(best.kappa.n)}; "
        note += "not defined, one word alone was said" if value is None else f"95 % interval {_kappa(best)}"
    cards.kpi(
        "Agrees with people",
        "unknown" if value is None else f"κ {value:.2f}",
        change=None,
        line=(),
        note=note,
        help="Cohen's kappa of this evaluator and people on the same answers: agreement beyond what chance gives. 1 is "
        "full agreement, 0 is none beyond chance. The interval is that of Fleiss, Cohen and Everitt.",
        key="agrees",
        more=navigation.decisions_link,
    )


def _kappa(one: JudgeAgreement) -> str:
    if one.kappa.low is None or one.kappa.high is None:
        return units.UNKNOWN
    return f"{one.kappa.low:.2f} to {one.kappa.high:.2f}"


def _cost(view: View, judged: Judged) -> None:
    shadow = cache.ask(overview.totals, replace(view.filters, purposes=("shadow",), routes=(), models=()))
    spend = sum(row.cost_nano or 0 for row in judged.card)
    nano = judged.use.cost_nano + (shadow.cost_nano or 0)
    share = nano / spend if spend else None
    cards.kpi(
        "Cost of evaluation",
        units.nano_usd(nano),
        change=None,
        line=(),
        note=f"{units.nano_usd(judged.use.cost_nano)} of judging, {units.nano_usd(shadow.cost_nano or 0)} of "
        f"{units.plural(shadow.requests, 'shadow call')}"
        + ("" if share is None else f"; {units.share(share)} of spend"),
        help="What this evaluator's judging and all shadow calls of the period cost, as far as it is known. It is in "
        "no business number: those count what users asked.",
        key="evaluation-cost",
        more=navigation.decisions_link,
    )


def _by_week(weeks: Sequence[WeekVerdicts]) -> list[tuple[object, Proportion]]:
    mondays = sorted({one.week for one in weeks})
    return [
        (
            monday,
            Proportion.of(
                sum(one.good.part for one in weeks if one.week == monday),
                sum(one.good.n for one in weeks if one.week == monday),
            ),
        )
        for monday in mondays
    ]
