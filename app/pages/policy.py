"""Policy: what decides, since when, by whose hand, and what changed."""

from __future__ import annotations

import streamlit as st

from app import plain, units
from app.dashboard import cache, cards, components, navigation, theme, toolbar
from app.dashboard.view import View
from app.panels.policy import lanes, models_health, refused, tables, text, versions, words
from app.panels.policy import rules as policy_rules
from app.panels.policy.text import ReadPolicy
from app.panels.policy.versions import AGAINST, SHOWN, Choice, InForce
from telemetry.query import policies, policy_use
from telemetry.query.filters import Filters
from telemetry.query.policies import PolicyText
from telemetry.query.policy_use import PolicyUse

TITLE = "Policy"


def show() -> None:
    """The page."""
    with cards.errors_shown("policy"):
        known = cache.ask(policies.versions)
        if not known:
            _nothing()
            return
        view = toolbar.draw(TITLE, "What decides, since when, and what changed")
        with cards.loading(600):
            _body(view, known)


def _nothing() -> None:
    components.page_header(TITLE, "Nothing has been decided yet")
    with cards.card("No policy recorded yet", "A gateway records its policy when it starts", key="nothing"):
        components.untrusted("Start a gateway, or route a prompt: routescope up, or routescope route 'What is 6 x 7?'")
        navigation.link_to(navigation.PLAYGROUND, label="Open the playground")


def _body(view: View, known: list[PolicyText]) -> None:
    said = models_health.asked().document
    uses = cache.ask(policy_use.uses, Filters(purposes=()))
    deciding = versions.in_force(known, uses, None if said is None else str(said.get("policy_version")))
    choice = versions.choose(known, deciding.version, st.query_params.get(SHOWN), st.query_params.get(AGAINST))
    for version in choice.unknown:
        components.notice(f"The store has no version {plain.visible(version, 40)} of the policy.")
    versions.selectors(known, choice, deciding)
    now = cache.ask(policy_use.uses, view.filters)
    read = text.read(choice.shown.toml)
    _head(choice, read, deciding, now)
    refused.draw()
    # Who chose what to compare with sees the answer at once, and not below all that the policy says.
    asked = AGAINST in st.query_params
    if asked:
        versions.difference(choice)
    if read.policy is None:
        components.notice(read.problem or "This version cannot be read.")
    else:
        live = models_health.ready(said) if deciding.version == choice.shown.version else {}
        rules = len(read.policy.rules)
        narrowed = (
            f"{units.plural(rules, 'rule')} may narrow what a request may use; the rest" if rules else "All of it"
        )
        with cards.card(
            "How it decides",
            f"{narrowed} is tried from left to right",
            key="policy-lanes",
            help="A lane a route, a row a case. Answers are checked as the row says; a score below its threshold leads "
            "to the next step, a failure to the model's fallback or the next model of the step.",
        ):
            lanes.draw(lanes.lanes(read.policy), cache.colours(theme.mode()), ready=live)
        policy_rules.draw(view, choice.shown.version, read.policy)
    models_health.draw()
    if read.policy is not None:
        tables.models(read.policy)
        with cards.grid("policy-parts", narrowest="half"):
            tables.checks(read.policy)
            tables.tools_and_budgets(read.policy)
    versions.table(known, uses, now, deciding)
    if not asked:
        versions.difference(choice)
    kept = f"Version {plain.visible(choice.shown.version, 12)}, as it was kept"
    with cards.card("The file", kept, key="policy-file"), st.expander("Show the text"):
        versions.whole_text(choice.shown.toml)


def _head(choice: Choice, read: ReadPolicy, deciding: InForce, now: list[PolicyUse]) -> None:
    shown = choice.shown
    description = read.data.get("description")
    requests = sum(one.requests for one in now)
    own = next((one.requests for one in now if one.version == shown.version), 0)
    share = units.share(own / requests) if requests else units.UNKNOWN
    other = "not in force" if deciding.said_by_gateway else "not the one that decided last"
    standing = deciding.words if shown.version == deciding.version else other
    with cards.card(
        f"{plain.visible(shown.name, 60)}, version {plain.visible(shown.version, 12)}",
        description if isinstance(description, str) else "",
        key="policy-head",
    ):
        facts: list[tuple[str, object]] = [
            ("Standing", components.Cell(standing, "ok" if standing == "in force" else "muted")),
            ("Owner", read.owner or "nobody is named"),
            ("First seen (UTC)", units.when(shown.first_seen)),
            ("Recorded by", shown.recorded_by),
            ("Requests in the period", f"{own:,} of {requests:,} ({share})"),
        ]
        if read.policy is not None:
            facts.append(("Kept", words.kept_in_words(read.policy.telemetry)))
        components.definition_list(facts)


if __name__ == "__main__":
    show()
