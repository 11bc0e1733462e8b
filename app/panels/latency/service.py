"""The six numbers of speed and reliability, at the top of their page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal, TypeAlias

from app import units
from app.dashboard import cache, cards, navigation
from app.dashboard.charts import over_time
from app.dashboard.view import View
from telemetry.query import failures, overview, speed
from telemetry.query.failures import RequestFailures
from telemetry.query.filters import Filters
from telemetry.query.overview import Bucket, Totals
from telemetry.query.proportion import Proportion
from telemetry.query.speed import Measure, Percentiles, TokenSpeed

Percentile: TypeAlias = Literal["p50", "p90", "p95", "p99"]
SHARE: Final[Mapping[Percentile, float]] = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
SAID: Final[Mapping[Percentile, str]] = {
    "p50": "median",
    "p90": "90th percentile",
    "p95": "95th percentile",
    "p99": "99th percentile",
}
LATE: Final = "deadline_exceeded"
"""What a request is called that had no answer when its deadline passed."""


def draw(view: View, now: Totals, percentile: Percentile) -> None:
    """Six numbers of the period, each with its course and its change."""
    before = None if view.before is None else cache.ask(overview.totals, view.before)
    buckets = cache.ask(overview.series, view.filters, view.period.step)
    with cards.grid("service", narrowest="kpi"):
        _percentile(view, "Latency", "latency", percentile, "Request in to decision settled")
        _percentile(view, "First token", "ttft", percentile, "Request in to the first token of the answer")
        _output_speed(view)
        _rate(
            view,
            "Failure rate",
            now,
            before,
            buckets,
            lambda one: one.failed,
            "Requests that ended with no answer: every branch failed, or the deadline passed. Denied and cancelled "
            "ones are apart. The interval is Wilson's, at 95 %.",
            lambda: navigation.decisions_link("Failed ones", status="failed"),
        )
        _rate(
            view,
            "Fallback rate",
            now,
            before,
            buckets,
            lambda one: one.fell_back,
            "Requests with a further branch because one failed: an error, a timeout, or a safety stop. "
            "The interval is Wilson's, at 95 %.",
            lambda: navigation.decisions_link("Fallbacks", path="fell_back"),
        )
        _deadlines(view, now, buckets)


def value_of(one: Percentiles, percentile: Percentile) -> float | None:
    """Milliseconds."""
    return {"p50": one.p50_ms, "p90": one.p90_ms, "p95": one.p95_ms, "p99": one.p99_ms}[percentile]


def late(found: Sequence[RequestFailures]) -> int:
    """Of these requests, those whose deadline passed."""
    return sum(one.requests.part for one in found if one.error_type == LATE)


def _percentile(view: View, label: str, measure: Measure, percentile: Percentile, what: str) -> None:
    now = _whole(view.filters, measure)
    before = None if view.before is None else _whole(view.before, measure)
    value = None if now is None else value_of(now, percentile)
    course = [
        (one.start, value_of(one, percentile))
        for one in cache.ask(speed.percentiles, view.filters, measure=measure, step=view.period.step)
        if one.start is not None
    ]
    others = [name for name in ("p50", "p99") if name != percentile] if now is not None else []
    note = ", ".join(f"{name} {units.duration(None if now is None else value_of(now, name))}" for name in others)  # type: ignore[arg-type]
    cards.kpi(
        f"{label}, {percentile}",
        units.duration(value),
        change=units.change(value, None if before is None else value_of(before, percentile)),
        better="down",
        line=over_time.course(course, view.period.step),
        note=f"{note}; n = {units.count(now.n)}" if now is not None else "nothing was measured",
        help=f"{what}: {SHARE[percentile] * 100:g} of 100 requests took at most this long, within 1.1 %.",
        key=f"{measure}-percentile",
        more=navigation.decisions_link,
    )


def _whole(filters: Filters, measure: Measure) -> Percentiles | None:
    return next((one for one in cache.ask(speed.percentiles, filters, measure=measure) if one.n), None)


def _output_speed(view: View) -> None:
    now = cache.ask(speed.token_speeds, view.filters)
    before = None if view.before is None else mean_speed(cache.ask(speed.token_speeds, view.before))
    mean = mean_speed(now)
    fastest = now[0].model if now else None
    cards.kpi(
        "Output speed",
        units.UNKNOWN if mean is None else f"{mean:.1f} /s",
        change=units.change(mean, before),
        better="up",
        line=[],
        note=f"tokens a second; n = {units.count(sum(one.n for one in now))}" if fastest else "no call told its tokens",
        help="All output tokens over all the time that their calls took, first token included. "
        "n: calls of models whose tokens and time are known.",
        key="output-speed",
        more=navigation.decisions_link,
    )


def mean_speed(speeds: Sequence[TokenSpeed]) -> float | None:
    """Tokens a second of all models together; None where nothing was timed."""
    seconds = sum(one.seconds for one in speeds)
    return sum(one.tokens for one in speeds) / seconds if seconds else None


def _rate(
    view: View,
    label: str,
    now: Totals,
    before: Totals | None,
    buckets: Sequence[Bucket],
    read: Callable[[Totals], int],
    help: str,
    more: Callable[[], None],
) -> None:
    rate = Proportion.of(read(now), now.requests)
    earlier = None if before is None else Proportion.of(read(before), before.requests)
    cards.kpi(
        label,
        units.share(rate.share, 2),
        change=units.change(rate.share, None if earlier is None else earlier.share, points=True),
        better="down",
        sure=rate.differs_from(earlier),
        line=over_time.course(
            [(one.start, Proportion.of(read(one), one.requests).share) for one in buckets], view.period.step
        ),
        note=in_words(rate, 2),
        help=help,
        key=label.split()[0].lower(),
        more=more,
    )


def _deadlines(view: View, now: Totals, buckets: Sequence[Bucket]) -> None:
    missed = Proportion.of(late(cache.ask(failures.request_failures, view.filters)), now.requests)
    before = None
    if view.before is not None:
        whole = cache.ask(overview.totals, view.before).requests
        before = Proportion.of(late(cache.ask(failures.request_failures, view.before)), whole)
    by_step: dict[datetime, int] = {}
    for one in cache.ask(failures.request_failures, view.filters, view.period.step):
        if one.error_type == LATE and one.start is not None:
            by_step[one.start] = by_step.get(one.start, 0) + one.requests.part
    course = [(one.start, Proportion.of(by_step.get(one.start, 0), one.requests).share) for one in buckets]
    cards.kpi(
        "Deadline misses",
        units.share(missed.share, 2),
        change=units.change(missed.share, None if before is None else before.share, points=True),
        better="down",
        sure=missed.differs_from(before),
        line=over_time.course(course, view.period.step),
        note=in_words(missed, 2),
        help="Requests that had no answer when their total deadline passed. They are among the failed ones. "
        "The interval is Wilson's, at 95 %.",
        key="deadlines",
        more=lambda: navigation.decisions_link("Failed ones", status="failed"),
    )


def in_words(rate: Proportion, digits: int = 1) -> str:
    """``11 of 10,690; 95 % interval 0.06 to 0.18 %``."""
    if rate.low is None or rate.high is None:
        return "nothing to count"
    low = f"{rate.low * 100:.{digits}f}"
    return f"{units.count(rate.part)} of {units.count(rate.n)}; 95 % interval {low} to {units.share(rate.high, digits)}"
