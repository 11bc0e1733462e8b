"""What the rules did in a period, who answers for each, and how their policies changed meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from app import plain, units
from app.dashboard import cache, cards, components, navigation, plot, theme
from app.dashboard import rows as table_rows
from app.dashboard.charts import over_time
from app.dashboard.charts.over_time import Mark, Series
from app.dashboard.components import Cell, Tone
from app.dashboard.rows import Column
from app.dashboard.view import View
from app.panels.policy import diff as policy_diff
from app.panels.policy import text as policy_text
from app.panels.policy.rules import DID, NONE, narrower, owners, share_in_words
from app.panels.policy.versions import SHOWN
from telemetry.query import compliance
from telemetry.query.compliance import RuleVerdicts
from telemetry.query.policies import PolicyText
from telemetry.query.policy_use import PolicyUse
from telemetry.query.proportion import Proportion

OUTCOMES: Final[dict[str, tuple[str, Tone]]] = {
    "required": ("narrowed", "muted"),
    "excluded": ("narrowed", "muted"),
    "denied": ("denied", "bad"),
    "raised": ("raised", "warn"),
    "redacted": ("redacted", "warn"),
    "rerouted": ("redirected", "warn"),
}
SENTENCES: Final = 8
"""Changes of one version that are told here; the Policy page tells all."""


def in_use(known: Sequence[PolicyText], uses: Sequence[PolicyUse]) -> list[PolicyText]:
    """The versions that decided requests of the period, oldest first."""
    used = {one.version for one in uses}
    return [one for one in known if one.version in used]


def every_rule(known: Sequence[PolicyText]) -> list[str]:
    """The rules of these versions, each once."""
    policies = [read for one in known if (read := policy_text.read(one.toml).policy) is not None]
    return list(dict.fromkeys(rule.name for policy in policies for rule in policy.rules))


def table(verdicts: Sequence[RuleVerdicts], known: Sequence[PolicyText], requests: int) -> None:
    """A card: every rule of the period's policies with what it did, the most frequent first.

    Args:
        verdicts: of the period.
        known: the versions in use.
        requests: all of the period.
    """
    with cards.card(
        "What the rules did",
        "By rule and what it did to the request; the share is of all requests. Click a row for decisions",
        key="rule-record",
        help="Narrowed: the rule took models out. Denied: it refused the request. Raised: risk or data counted as more "
        "protected. Redacted: models got placeholders. Redirected: the request went on as another route. Shares carry "
        "Wilson's 95 % interval. Owner: by the newest policy of the period that names one. "
        "A row leads to the denied decisions where the rule denied, otherwise to all of the period.",
    ):
        rules = every_rule(known)
        if not rules and not verdicts:
            cards.empty("No policy of the period has rules", "Add [[rules]] to the policy to say who may see what.")
            return
        read = [policy for one in known if (policy := policy_text.read(one.toml).policy) is not None]
        answers = owners(read)
        headers = ("Rule", "Owner", "What it did", "Requests", "Share", "Models taken out")
        rows: list[tuple[Cell | object, ...]] = [_row(one, answers.get(one.rule), requests) for one in verdicts]
        fired = {one.rule for one in verdicts}
        rows += [
            (rule, answers.get(rule, NONE), Cell("never fired", "muted"), "0", NONE, NONE)
            for rule in rules
            if rule not in fired
        ]
        texts = [[cell.text if isinstance(cell, Cell) else cell for cell in row] for row in rows]
        plot.save(lambda: plot.written([headers, *texts]), key="rule-record", what="this table")
        # By place: a rule has a row for each thing that it did.
        nearest = {str(place): narrower([_did(one)]) for place, one in enumerate(verdicts)}
        nearest |= {str(place): {} for place in range(len(nearest), len(rows))}
        links = [navigation.decisions_url(**one) for one in nearest.values()]
        chosen = table_rows.draw(_columns(headers, rows, verdicts), key="rule-record", names=list(nearest), links=links)
        if chosen is not None:
            navigation.open_decisions(**nearest[chosen])


def _columns(
    headers: Sequence[str], rows: Sequence[Sequence[Cell | object]], verdicts: Sequence[RuleVerdicts]
) -> list[Column]:
    cells = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
    never = [0.0] * (len(rows) - len(verdicts))
    times = [*(float(one.requests) for one in verdicts), *never]
    removed = [*(float(one.models_removed) for one in verdicts), *never]
    order = {"Requests": times, "Share": times, "Models taken out": removed}
    return [
        Column(
            title,
            [cell.text for cell in column],
            tones=[cell.tone for cell in column],
            number=title in order,
            sort=order.get(title),
        )
        for title, column in zip(headers, zip(*cells, strict=True), strict=True)
    ]


def _did(one: RuleVerdicts) -> str:
    return DID.get(one.outcome, one.outcome)


def _row(one: RuleVerdicts, owner: str | None, requests: int) -> tuple[Cell | object, ...]:
    said, tone = OUTCOMES.get(one.outcome, (one.outcome, "muted"))
    return (
        one.rule,
        owner or Cell("nobody is named", "warn"),
        Cell(said, tone),
        units.count(one.requests),
        share_in_words(Proportion.of(one.requests, max(requests, one.requests))),
        units.count(one.models_removed) if one.models_removed else NONE,
    )


def over_the_period(view: View, known: Sequence[PolicyText]) -> None:
    """A card of bars: denied, redirected, redacted, raised and narrowed a step, with new policies marked."""
    shades = theme.palette(theme.mode())
    colours = {
        "narrowed": shades.neutral,
        "raised": shades.series[0],
        "redacted": shades.accent,
        "redirected": shades.warn,
        "denied": shades.bad,
    }
    with cards.card(
        "When they did it",
        "Verdicts a step, by what they did; a diamond is a new version of the policy",
        key="rule-course",
        help="A request counts once a rule that did anything to it. Drag over the axis to look closer.",
    ):
        steps = by_step(cache.ask(compliance.rules, view.filters, step=view.period.step))
        before = view.before if view.compare else None
        earlier = {} if before is None else by_step(cache.ask(compliance.rules, before, step=view.period.step))
        if not steps:
            cards.empty("No rule did anything in the period", "Every request passed all rules.")
            return
        plot.draw(
            over_time.bars(
                [
                    Series(name, sorted(steps.get(name, {}).items()), colour, sorted(earlier.get(name, {}).items()))
                    for name, colour in colours.items()
                    if name in steps or name in earlier
                ],
                theme.mode(),
                step=view.period.step,
                unit="verdicts",
                write=units.count,
                span=view.span,
                shift=view.shift,
                marks=_marks(view, known),
            ),
            key="rule-course-chart",
            alt="Stacked bars: verdicts of rules a step, by what they did",
            zoom=view,
        )


def by_step(verdicts: Iterable[RuleVerdicts]) -> dict[str, dict[datetime, float]]:
    """What rules did, by its word on the page: requests by the start of each step, over all rules."""
    steps: dict[str, dict[datetime, float]] = {}
    for row in verdicts:
        said = OUTCOMES.get(row.outcome, (row.outcome, "muted"))[0]
        if row.start is not None:
            course = steps.setdefault(said, {})
            course[row.start] = course.get(row.start, 0.0) + row.requests
    return steps


def _marks(view: View, known: Sequence[PolicyText]) -> list[Mark]:
    span = view.span
    return [
        Mark(one.first_seen, f"version {one.version} by {one.recorded_by}")
        for one in known
        if span is not None and span[0] <= one.first_seen < span[1]
    ]


def changes(known: Sequence[PolicyText], uses: Sequence[PolicyUse]) -> None:
    """A card: the versions that decided in the period, who recorded each, who answers for it, and what it changed."""
    with cards.card(
        "Policies of the period, and who changed what",
        "Versions that decided requests of the period, the newest first",
        key="policy-record",
        help="By: the user of the system whose gateway loaded it first. What changed: against the version of the same "
        "policy before it, in words.",
    ):
        shown = in_use(known, uses)
        if not shown:
            cards.empty("No recorded policy decided in the period", "Choose a longer period.")
            return
        requests = {one.version: one.requests for one in uses}
        for one in reversed(shown):
            owner = policy_text.read(one.toml).owner or "nobody is named"
            simulated = ", simulated" if one.simulated else ""
            components.chips(
                {
                    "version": one.version,
                    "policy": one.name + simulated,
                    "owner": owner,
                    "first seen": f"{units.when(one.first_seen)} UTC",
                    "by": one.recorded_by,
                    "requests": f"{requests[one.version]:,}",
                }
            )
            components.untrusted("\n".join(told(one, known)), muted=True)
        navigation.link_to(
            navigation.POLICY, label=f"Version {plain.markdown(shown[-1].version, 12)}", **{SHOWN: shown[-1].version}
        )


def told(one: PolicyText, known: Sequence[PolicyText]) -> list[str]:
    """What a version changed, a sentence each, the first `SENTENCES` of them."""
    before = [
        other
        for other in known
        if (other.name, other.simulated) == (one.name, one.simulated) and other.first_seen < one.first_seen
    ]
    if not before:
        return ["The first version of this policy that the store knows."]
    found = policy_diff.changes(policy_text.read(before[-1].toml).data, policy_text.read(one.toml).data)
    listed = [change.sentence for change in found[:SENTENCES]]
    more = [f"and {units.plural(len(found) - SENTENCES, 'more change')}"] if len(found) > SENTENCES else []
    return [*listed, *more] or ["Nothing but comments or layout."]
