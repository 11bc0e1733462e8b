"""The versions of the policy: which there were, which one is in force, and what changed from one to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st

from app import plain, units
from app.dashboard import cards, components, plot
from app.dashboard.components import Cell, Tone
from app.panels.policy import diff
from app.panels.policy import text as policy_text
from app.panels.policy.diff import Change
from telemetry.query.policies import PolicyText
from telemetry.query.policy_use import PolicyUse

SHOWN: Final = "version"
AGAINST: Final = "against"
"""Parameters of the page's address."""
NONE: Final = "—"
_TONES: Final[dict[str, Tone]] = {"added": "ok", "removed": "bad", "changed": "warn"}


@dataclass(frozen=True, slots=True)
class InForce:
    """The version that decides now, as far as it is known."""

    version: str | None
    said_by_gateway: bool

    @property
    def words(self) -> str:
        """How sure this is."""
        return "in force" if self.said_by_gateway else "decided last; the gateway does not say what is in force"


@dataclass(frozen=True, slots=True)
class Choice:
    """What the address asks for."""

    shown: PolicyText
    against: PolicyText | None
    """What it is compared with; by default the version that came before it."""
    unknown: tuple[str, ...] = ()
    """Versions that the address names and the store does not have."""


def in_force(known: Sequence[PolicyText], uses: Sequence[PolicyUse], said: str | None) -> InForce:
    """The gateway's word, if the store knows that version; else the version of the last request, else the newest."""
    versions = {one.version for one in known}
    if said in versions:
        return InForce(said, True)
    used = [one for one in uses if one.version in versions]
    if used:
        last_day = max(one.last_day for one in used)
        latest = {one.version for one in used if one.last_day == last_day}
        return InForce(next(one.version for one in reversed(known) if one.version in latest), False)
    return InForce(known[-1].version if known else None, False)


def choose(known: Sequence[PolicyText], deciding: str | None, shown: str | None, against: str | None) -> Choice:
    """What to show. ``known``: oldest first, never empty. ``shown`` and ``against``: as the address says them."""
    by_version = {one.version: one for one in known}
    chosen = by_version.get(shown or "") or by_version.get(deciding or "") or known[-1]
    place = known.index(chosen)
    other = by_version.get(against or "")
    if other is None and place:
        # Versions of another policy, or of a demo, are no predecessors.
        alike = [one for one in known[:place] if (one.name, one.simulated) == (chosen.name, chosen.simulated)]
        other = alike[-1] if alike else None
    unknown = tuple(one for one in (shown, against) if one and one not in by_version)
    return Choice(chosen, other, unknown)


def selectors(known: Sequence[PolicyText], choice: Choice, deciding: InForce) -> None:
    """Two lists of versions; what is chosen goes into the address."""
    names = {one.version: _label(one, deciding) for one in reversed(known)}
    others = [version for version in names if version != choice.shown.version]
    with st.container(horizontal=True, vertical_alignment="bottom", key="policy-selectors"):
        _select("Version", SHOWN, list(names), names, choice.shown.version)
        if others:
            against = None if choice.against is None else choice.against.version
            _select("Compared with", AGAINST, others, names, against if against in others else None)


def _select(label: str, name: str, versions: list[str], names: Mapping[str, str], chosen: str | None) -> None:
    key = f"policy-{name}"
    # The address is the state; what a list held before is not.
    st.session_state[key] = chosen

    def put() -> None:
        st.query_params[name] = st.session_state[key]

    st.selectbox(
        label,
        versions,
        key=key,
        index=None if chosen is None else 0,
        format_func=lambda version: names[version],
        placeholder="nothing",
        on_change=put,
        width=360,
    )


def _label(one: PolicyText, deciding: InForce) -> str:
    mark = ", in force" if one.version == deciding.version and deciding.said_by_gateway else ""
    simulated = ", simulated" if one.simulated else ""
    return (
        f"{plain.visible(one.version, 12)}  {plain.visible(one.name, 24)}, {units.day(one.first_seen)}{mark}{simulated}"
    )


def table(known: Sequence[PolicyText], uses: Sequence[PolicyUse], now: Sequence[PolicyUse], deciding: InForce) -> None:
    """A card with a row a version, the newest first.

    Args:
        known: from the store, oldest first.
        uses: what each decided since the beginning.
        now: what each decided in the period.
        deciding: the one in force.
    """
    with cards.card(
        "Versions",
        "The newest first; a version is the hash of what the policy says, without comments and layout",
        key="policy-versions",
        help="First seen: when a gateway first loaded it. Last request: the UTC day of the last decision that names "
        "it. Recorded by: the user of the system that ran that gateway. Owner: by the policy's own words.",
    ):
        headers = ("Version", "Policy", "Owner", "First seen (UTC)", "Last request", "In the period", "In all", "By")
        ever, period = ({one.version: one for one in several} for several in (uses, now))
        rows = [
            (
                one.version,
                one.name + (", simulated" if one.simulated else ""),
                policy_text.read(one.toml).owner or NONE,
                units.when(one.first_seen),
                str(ever[one.version].last_day) if one.version in ever else "none",
                units.count(period[one.version].requests if one.version in period else 0),
                units.count(ever[one.version].requests if one.version in ever else 0),
                one.recorded_by,
            )
            for one in reversed(known)
        ]
        plot.save(lambda: plot.written([headers, *rows]), key="policy-versions", what="this table")
        marks = [deciding.words if row[0] == deciding.version else "" for row in rows]
        components.table(
            headers,
            [(Cell(row[0], "ok" if mark else None), *row[1:]) for row, mark in zip(rows, marks, strict=True)],
            numbers=(5, 6),
            notes=marks,
        )


def difference(choice: Choice) -> None:
    """A card of what changed from one version to the other: in words, then line by line."""
    after, before = choice.shown, choice.against
    if before is None:
        return
    with cards.card(
        "What changed",
        f"From {plain.visible(before.version, 12)} of {units.day(before.first_seen)}, recorded by "
        f"{plain.visible(before.recorded_by, 40)}, to {plain.visible(after.version, 12)} of "
        f"{units.day(after.first_seen)}, recorded by {plain.visible(after.recorded_by, 40)}",
        key="policy-difference",
        help="In words: what the later version says otherwise, whatever the order and the layout of the file. Below: "
        "the two files line by line.",
    ):
        found = diff.changes(policy_text.read(before.toml).data, policy_text.read(after.toml).data)
        if found:
            rows = [("change", "what", "key", "before", "after")]
            rows += [(one.kind, one.subject, one.key, one.before or "", one.after or "") for one in found]
            plot.save(lambda: plot.written(rows), key="policy-difference", what="these changes")
            sentences(found)
        else:
            components.untrusted("Both say the same; only comments or layout may differ.", muted=True)
        with st.expander("Line by line"):
            line_by_line(before.toml, after.toml)


def sentences(found: Sequence[Change]) -> None:
    """A sentence a change, in its tone."""
    body = "".join(
        f'<div class="rs-said-so"><span class="rs-{_TONES[one.kind]}">{one.kind}</span> '
        f"{plain.html(one.sentence, 700)}</div>"
        for one in found
    )
    st.html(body)


def line_by_line(before: str, after: str) -> None:
    """Two texts as a unified diff; lines that came and went are told apart by mark and colour."""
    told = diff.lines(before, after)
    if told is None:
        components.untrusted(f"The files have more than {diff.MOST_LINES:,} lines, too many to compare.")
        return
    classes = {"+": ' class="rs-ok"', "-": ' class="rs-bad"', "@": ' class="rs-muted"'}
    body = "".join(f"<span{classes.get(line[:1], '')}>{plain.html(line, 400)}</span>" for line in told)
    st.html(f'<pre class="rs-code">{body or "<span>No line differs.</span>"}</pre>')


def whole_text(text: str) -> None:
    """The file, as it was kept."""
    body = "".join(f"<span>{plain.html(line, 2000)}</span>" for line in text.splitlines()[: diff.MOST_LINES])
    st.html(f'<pre class="rs-code">{body}</pre>')
