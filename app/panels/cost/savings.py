"""What routing has saved against the baseline, where the difference went, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app import units
from app.dashboard import cache, cards, components, navigation, plot, theme
from app.dashboard.charts import over_time, steps
from app.dashboard.charts.steps import Taken
from app.dashboard.view import View
from telemetry.query import costs, spending
from telemetry.query.costs import Waterfall
from telemetry.query.overview import Bucket, Step, Totals
from telemetry.query.savings import FEWEST_DAYS, Savings
from telemetry.query.spending import Spending


def numbers(now: Totals, before: Totals | None, buckets: Sequence[Bucket], step: Step, saved: Savings) -> None:
    """Six numbers of the period, each with its course and its change."""

    def course(read: Callable[[Bucket], float | None], idle: float | None = None) -> list[float | None]:
        return over_time.course([(bucket.start, read(bucket)) for bucket in buckets], step, idle=idle)

    def change(read: Callable[[Totals], float | None], *, points: bool = False) -> str | None:
        return None if before is None else units.change(read(now), read(before), points=points)

    with cards.grid("cost-numbers", narrowest="kpi"):
        cards.kpi(
            "Spend",
            units.nano_usd(now.cost_nano),
            change=change(lambda one: one.cost_nano),
            line=course(lambda one: _dollars(one.cost_nano), 0),
            note=f"{units.count(now.requests)} requests, {units.count(now.branches)} branches",
            help="All that was spent: answers, rejected and failed branches, probes and judges, of the requests whose "
            "cost is known.",
            key="cost-spend",
            more=navigation.decisions_link,
        )
        cards.kpi(
            "Per request",
            units.usd(each(now)),
            change=change(each),
            better="down",
            line=course(each),
            note=f"{units.usd(_thousand(each(now)))} per 1,000",
            help="Spend by the requests whose cost is known, failed and denied ones included.",
            key="cost-each",
            more=navigation.decisions_link,
        )
        cards.kpi(
            "Saved vs baseline",
            units.nano_usd(now.savings_nano),
            change=change(lambda one: one.savings_nano),
            better="up",
            line=course(lambda one: _dollars(one.savings_nano), 0),
            note=interval(saved),
            help=METHOD,
            key="cost-saved",
            more=navigation.decisions_link,
        )
        cards.kpi(
            "Share saved",
            units.share(saved_share(now)),
            change=change(saved_share, points=True),
            better="up",
            line=course(saved_share),
            note=f"of the baseline; {interval(saved, share=True)}",
            help=METHOD,
            key="cost-share",
            more=navigation.decisions_link,
        )
        cards.kpi(
            "On answers not used",
            units.nano_usd(now.discarded_nano),
            change=change(lambda one: one.discarded_nano),
            better="down",
            line=course(lambda one: _dollars(one.discarded_nano), 0),
            note=_of_spend(now),
            help="Spent on branches that were rejected, failed or only compared, on probes and on judges.",
            key="cost-unused",
            more=lambda: navigation.decisions_link("Escalated ones", path="escalated"),
        )
        cards.kpi(
            "Cost unknown",
            units.count(now.cost_unknown),
            change=change(lambda one: one.cost_unknown),
            better="down",
            line=course(lambda one: one.cost_unknown, 0),
            note="requests; in no sum here, and never counted as $0",
            help="Requests with a branch whose cost is not known: its model has no price in the policy, or its tokens "
            "were not told.",
            key="cost-unknown",
            more=lambda: navigation.decisions_link("Of unknown cost", path="cost_unknown"),
        )


def where_it_went(view: View, saved: Savings) -> None:
    """A card of the steps from the baseline to what was saved, with what is counted in words."""
    found = cache.ask(costs.waterfall, view.filters)
    with cards.card(
        "From the baseline to what was saved",
        f"US dollars, of {units.count(found.n)} of {units.count(found.requests)} requests",
        key="waterfall",
        help=METHOD,
    ):
        if found.baseline_nano is None:
            cards.empty(
                "No baseline is known",
                "Give the models of your policy prices: [models.NAME] price = {...}, see docs/policy.md.",
            )
            return
        mode = theme.mode()
        plot.draw(
            steps.steps(
                ("Baseline", found.baseline_nano / units.NANO),
                taken(found, mode),
                "Saved" if (found.savings_nano or 0) >= 0 else "Lost",
                mode,
                unit="USD",
                write=units.usd,
                tick_prefix="$",
            ),
            key="waterfall-steps",
            alt=f"Bars, each beginning where the one above ends: {_told(found)}",
        )
        settled = cache.ask(spending.spending, view.filters, "tool")
        components.untrusted("\n".join(counted(found, saved, settled)), muted=True)


def taken(found: Waterfall, mode: theme.Mode) -> list[Taken]:
    """The steps between the baseline and the savings; those that cost nothing keep their place."""
    shades = theme.palette(mode)
    parts = (
        ("Answers that were given", found.answers_nano, shades.accent, "the final answer of each request"),
        ("Dropped attempts", found.dropped_nano, shades.warn, "first attempts that were rejected or failed"),
        ("Probes", found.probes_nano, shades.warn, "extra cheap answers that were only compared"),
        ("Judges", found.judges_nano, shades.warn, "models that scored an answer"),
        ("Retries", found.retries_nano, shades.warn, "second and later attempts that were rejected or failed"),
    )
    return [Taken(name, (nano or 0) / units.NANO, colour, note) for name, nano, colour, note in parts]


def counted(found: Waterfall, saved: Savings, settled: Sequence[Spending] = ()) -> list[str]:
    """What the numbers count, what they leave out, and how sure they are.

    ``settled``: the requests that no model answered, by the tool or the cache that did.
    """
    left_out = found.requests - found.n
    sentences = [
        f"Counted: the {units.count(found.n)} requests whose cost and whose baseline are both known"
        + (
            f"; the {units.count(left_out)} others are in none of the bars (denied, of unknown cost, or without a "
            "model that could have been their baseline)."
            if left_out
            else "."
        ),
        "Not counted: whether the baseline's answer would have been better, or longer; the baseline is the price of "
        "the strongest eligible model for the same prompt, an estimate of what was never called.",
    ]
    if found.undivided:
        sentences.append(
            f"{units.plural(found.undivided, 'request')} of older versions count in full as answers: their parts were "
            "not kept."
        )
    sentences += [_without_a_model(one) for one in settled if one.savings_nano is not None]
    sentences.append(how_sure(saved))
    return sentences


def _without_a_model(one: Spending) -> str:
    who = "the cache" if one.value == "cache" else f"the tool {one.value}"
    compared = f"{units.plural(one.savings_n, 'request')} that {who} answered"
    return f"Of what was saved, {units.nano_usd(one.savings_nano)} comes from {compared}, against their own baselines."


def how_sure(saved: Savings) -> str:
    """The interval of the savings with its method, or why there is none."""
    if saved.saved_low_nano is None:
        return (
            f"No interval: it needs {FEWEST_DAYS} days with such requests, and the period has {saved.days}. "
            "Choose a longer one."
        )
    return (
        f"95 % interval {units.nano_usd(saved.saved_low_nano)} to {units.nano_usd(saved.saved_high_nano)}: how much "
        f"the sum would vary had other days like these {saved.days} come (ratio of sums with days as clusters, "
        "Cochran 1977, chapter 6; Student's t)."
    )


def interval(saved: Savings, *, share: bool = False) -> str:
    """The interval in a few words."""
    if saved.saved_low_nano is None or (share and saved.share_low is None):
        return f"n = {units.count(saved.n)}; no interval below {FEWEST_DAYS} days"
    low, high = (
        (units.share(saved.share_low), units.share(saved.share_high))
        if share
        else (units.nano_usd(saved.saved_low_nano), units.nano_usd(saved.saved_high_nano))
    )
    return f"95 % interval {low} to {high}" + ("" if share else f"; n = {units.count(saved.n)}")


def each(totals: Totals) -> float | None:
    """USD per request whose cost is known."""
    known = totals.requests - totals.cost_unknown
    return None if totals.cost_nano is None or not known else totals.cost_nano / known / units.NANO


def saved_share(totals: Totals) -> float | None:
    """Of the baseline, 0..1; negative for a loss."""
    if totals.savings_nano is None or not totals.baseline_nano:
        return None
    return totals.savings_nano / totals.baseline_nano


def _told(found: Waterfall) -> str:
    parts = (
        ("baseline", found.baseline_nano),
        ("answers", found.answers_nano),
        ("dropped attempts", found.dropped_nano),
        ("probes", found.probes_nano),
        ("judges", found.judges_nano),
        ("retries", found.retries_nano),
        ("saved", found.savings_nano),
    )
    return ", ".join(f"{name} {units.nano_usd(nano)}" for name, nano in parts)


def _of_spend(now: Totals) -> str:
    if not now.cost_nano or now.discarded_nano is None or now.discarded_nano > now.cost_nano:
        return "rejected, failed and compared ones"
    return f"{units.share(now.discarded_nano / now.cost_nano)} of the spend"


def _thousand(usd: float | None) -> float | None:
    return None if usd is None else usd * 1000


def _dollars(nano: int | None) -> float | None:
    return None if nano is None else nano / units.NANO


METHOD = (
    "Baseline: the strongest model that was eligible for the same request, at its price. Saved: baseline minus all "
    "that was spent, rejected attempts, probes, judges and retries included, over the n requests where both are known. "
    "Interval: days as clusters, ratio of sums (Cochran 1977, chapter 6), Student's t; it counts how days differ, not "
    "whether the baseline is right."
)
