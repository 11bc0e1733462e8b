"""The rules of a policy: who answers for each, what it says, and how often it fired."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from app import units
from app.dashboard import cache, cards, components, navigation, plot
from app.dashboard.components import Cell
from app.dashboard.view import View
from app.panels.policy.rule_words import rule_in_words
from router_core.policy.schema import Policy
from telemetry.query import compliance, overview
from telemetry.query.compliance import RuleVerdicts
from telemetry.query.proportion import Proportion

NONE: Final = "—"
DID: Final[dict[str, str]] = {
    "required": "narrowed",
    "excluded": "narrowed",
    "denied": "refused",
    "raised": "raised",
    "redacted": "redacted",
    "rerouted": "sent on",
}
"""What a verdict did, in a word."""


@dataclass(frozen=True, slots=True)
class Fired:
    """How often a rule did anything in the period."""

    of_all: Proportion
    """Of the requests that the version decided."""
    models_removed: int
    did: tuple[str, ...]


def fired(rows: Sequence[RuleVerdicts], requests: int) -> dict[str, Fired]:
    """By rule; rules that did nothing are not in it. ``requests``: all that the version decided."""
    times: Counter[str] = Counter()
    removed: Counter[str] = Counter()
    did: dict[str, dict[str, None]] = {}
    for row in rows:
        times[row.rule] += row.requests
        removed[row.rule] += row.models_removed
        did.setdefault(row.rule, {})[DID.get(row.outcome, row.outcome)] = None
    return {
        rule: Fired(Proportion.of(number, max(requests, number)), removed[rule], tuple(did[rule]))
        for rule, number in times.items()
    }


def draw(view: View, version: str, policy: Policy) -> None:
    """A card with a row a rule: what it says, and how often it fired under this version in the period."""
    with cards.card(
        "Rules",
        "Each can only narrow what a request may use; how often each fired under this version in the period",
        key="policy-rules",
        help="Fired: requests of the period, decided under this version, to which the rule did anything; the share is "
        "of all requests that it decided, with Wilson's 95 % interval. The number leads to all decisions under this "
        "version, or to those denied where that is all that the rule did. Rules that never fired may be needless, or "
        "waiting for the one request that they are for.",
    ):
        if not policy.rules:
            cards.empty("This policy has no rules", "Every model of a route may answer every request.")
            return
        filters = replace(view.filters, policy_version=version)
        requests = cache.ask(overview.totals, filters).requests
        found = fired(cache.ask(compliance.rules, filters), requests)
        never = [rule.name for rule in policy.rules if rule.name not in found]
        if requests and never:
            told = f"{units.plural(len(never), 'rule')} never fired in {units.plural(requests, 'request')}: "
            components.untrusted(told + ", ".join(never), muted=True)
        headers = ("Rule", "Owner", "Fired", "Share", "What it did", "Models taken out")
        rows = [_row(rule.name, rule.owner, found.get(rule.name), requests, version) for rule in policy.rules]
        plot.save(lambda: plot.written([headers, *_texts(rows)]), key="policy-rules", what="this table")
        components.table(headers, rows, numbers=(2, 3, 5), notes=[rule_in_words(rule) for rule in policy.rules])
        navigation.decisions_link("Decisions under this version", policy=version)


def _row(name: str, owner: str | None, one: Fired | None, requests: int, version: str) -> tuple[Cell | object, ...]:
    if one is None:
        never = Cell("never" if requests else "no requests", "muted")
        return (name, owner or NONE, never, NONE, NONE, NONE)
    return (
        name,
        owner or NONE,
        Cell(units.count(one.of_all.part), leads_to=navigation.decisions_url(policy=version, **narrower(one.did))),
        share_in_words(one.of_all),
        ", ".join(one.did),
        units.count(one.models_removed) if one.models_removed else NONE,
    )


def narrower(did: Sequence[str]) -> dict[str, str]:
    """The filters that come nearest to the requests that a rule did this to: there is none by rule."""
    return {"status": "denied"} if set(did) == {DID["denied"]} else {}


def share_in_words(share: Proportion) -> str:
    """``12.0 % (11.2 to 12.9)``; unknown for no cases."""
    if share.share is None or share.low is None or share.high is None:
        return units.UNKNOWN
    return f"{units.share(share.share)} ({share.low * 100:.1f} to {share.high * 100:.1f})"


def _texts(rows: Sequence[Sequence[Cell | object]]) -> list[list[object]]:
    return [[cell.text if isinstance(cell, Cell) else cell for cell in row] for row in rows]


def owners(policies: Sequence[Policy]) -> Mapping[str, str]:
    """Who answers for each rule, by the newest of the policies that names an owner. ``policies``: oldest first."""
    return {rule.name: rule.owner for policy in policies for rule in policy.rules if rule.owner is not None}
