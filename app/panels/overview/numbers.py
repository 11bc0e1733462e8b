"""The seven numbers at the top of the overview."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app import units
from app.dashboard import cards, navigation
from app.dashboard.charts import over_time
from app.dashboard.view import View
from app.panels.overview import quality
from telemetry.query.overview import Bucket, Totals
from telemetry.query.proportion import Proportion
from telemetry.query.savings import Savings


def draw(view: View, now: Totals, before: Totals | None, buckets: Sequence[Bucket]) -> None:
    """Seven numbers of the period, each with its course and its change."""
    step = view.period.step
    saved = Savings.of(buckets if step == "day" else ())

    def course(read: Callable[[Bucket], float | None], idle: float | None = None) -> list[float | None]:
        return over_time.course([(bucket.start, read(bucket)) for bucket in buckets], step, idle=idle)

    with cards.grid("seven", narrowest="kpi"):
        cards.kpi(
            "Requests",
            units.count(now.requests),
            change=_change(now, before, lambda one: one.requests),
            line=course(lambda bucket: bucket.requests, 0),
            note=f"{units.count(now.by_tool)} answered by a tool, no model called",
            help="Decisions of the period, failed and denied ones included. "
            "Changes are against the period of the same length right before, where the store covers it. A share is "
            "called better or worse only where chance would not make its change, at 95 %.",
            key="requests",
            more=lambda: navigation.decisions_link(),
        )
        cards.kpi(
            "Spend",
            units.nano_usd(now.cost_nano),
            change=_change(now, before, lambda one: one.cost_nano),
            line=course(lambda bucket: _dollars(bucket.cost_nano), 0),
            note=_spend_note(now),
            help="All that was spent: accepted, rejected and failed branches, probes and judges. "
            "Requests whose cost is unknown are counted beside it, never as zero.",
            key="spend",
            more=lambda: navigation.leads_to(navigation.COST, "Cost"),
        )
        cards.kpi(
            "Saved",
            units.nano_usd(now.savings_nano),
            change=_change(now, before, lambda one: one.savings_nano),
            better="up",
            line=course(lambda bucket: _dollars(bucket.savings_nano), 0),
            note=_saved_note(now, saved),
            help="Baseline: the strongest model that was eligible for the same request, at its price. Saved: baseline "
            "minus all that was spent, over the n requests where both are known. The "
            "interval takes the days as clusters (Cochran 1977, chapter 6); it counts how days differ, not whether the "
            "baseline is right.",
            key="saved",
            more=lambda: navigation.leads_to(navigation.COST, "Waterfall"),
        )
        cards.kpi(
            "Escalation rate",
            units.share(_rate(now.escalated, now.requests)),
            change=_change(now, before, lambda one: _rate(one.escalated, one.requests), points=True),
            better="down",
            sure=_surely(now, before, lambda one: one.escalated),
            line=course(lambda bucket: _rate(bucket.escalated, bucket.requests)),
            note=_interval(now.escalated, now.requests),
            help="Requests with a further branch because a score fell below its threshold. "
            "The interval is Wilson's, at 95 %.",
            key="escalated",
            more=lambda: navigation.leads_to(navigation.ESCALATIONS, "Escalations"),
        )
        cards.kpi(
            "Latency, p95",
            units.duration(now.latency_p95_ms),
            change=_change(now, before, lambda one: one.latency_p95_ms),
            better="down",
            line=course(lambda bucket: bucket.latency_p95_ms),
            note=f"median {units.duration(now.latency_p50_ms)}; first token p95 {units.duration(now.ttft_p95_ms)}",
            help="Request in to decision settled: 95 of 100 requests took at most this long.",
            key="latency",
            more=lambda: navigation.leads_to(navigation.LATENCY, "Latency"),
        )
        cards.kpi(
            "Failure rate",
            units.share(_rate(now.failed, now.requests), 2),
            change=_change(now, before, lambda one: _rate(one.failed, one.requests), points=True),
            better="down",
            sure=_surely(now, before, lambda one: one.failed),
            line=course(lambda bucket: _rate(bucket.failed, bucket.requests)),
            # A number stays with its word.
            note=f"{units.count(now.failed)} failed, {units.count(now.denied)} denied, "
            f"{units.count(now.cancelled)} cancelled".replace(" ", "\u00a0").replace(",\u00a0", ", "),
            help="Requests that ended with no answer because every branch failed. Denied and cancelled ones are apart.",
            key="failed",
            more=lambda: navigation.decisions_link("Failed ones", status="failed"),
        )
        # The only one here that asks for itself: what judges have said may be broken while the traffic is not.
        with cards.errors_shown("quality"):
            quality.number(view)


def _change(
    now: Totals, before: Totals | None, read: Callable[[Totals], float | None], *, points: bool = False
) -> str | None:
    return None if before is None else units.change(read(now), read(before), points=points)


def _surely(now: Totals, before: Totals | None, read: Callable[[Totals], int]) -> bool:
    """Whether a share of the requests changed by more than chance."""
    if before is None:
        return False
    return Proportion.of(read(now), now.requests).differs_from(Proportion.of(read(before), before.requests))


def _spend_note(now: Totals) -> str:
    unknown = f"; {units.plural(now.cost_unknown, 'request')} of unknown cost" if now.cost_unknown else ""
    return f"{units.nano_usd(now.discarded_nano)} of it on answers not used{unknown}"


def _saved_note(now: Totals, saved: Savings) -> str:
    between = (
        f" (95 % interval {units.share(saved.share_low)} to {units.share(saved.share_high)})"
        if saved.share_low is not None
        else ""
    )
    return f"{units.share(_saved_share(now))} of the baseline{between}; n = {units.count(now.savings_n)}"


def _interval(part: int, whole: int) -> str:
    between = units.wilson(part, whole)
    return "" if between is None else f"95 % interval {units.share(between[0])} to {units.share(between[1])}"


def _rate(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _saved_share(totals: Totals) -> float | None:
    return (
        totals.savings_nano / totals.baseline_nano if totals.savings_nano is not None and totals.baseline_nano else None
    )


def _dollars(nano: int | None) -> float | None:
    return None if nano is None else nano / units.NANO
