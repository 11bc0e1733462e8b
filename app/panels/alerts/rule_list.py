"""Every rule with what it looks at, its value now, and the value's course against the threshold."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import streamlit as st

from app import plain, units
from app.dashboard import cards, components, plot, theme
from app.panels.alerts import said
from telemetry.query.alerts import AlertView, ReadingPoint, RuleView

WIDTH, HEIGHT, PAD = 150, 34, 4
GAP: Final = timedelta(minutes=40)
"""Readings further apart than this, and than their own pace, are not joined: nobody looked between them."""
DOT: Final = 4
"""Pixels of a reading that stands alone; as thin as the line it would not be seen."""
_DOUBTS: Final = {"unsure": "beyond, not surely", "dark": "not enough data now"}
_TONES: Final = {"firing": "bad", "pending": "warn", "resolved": "muted", "ok": "ok"}


def draw(rules: Sequence[RuleView], found: Sequence[AlertView], readings: Mapping[str, Sequence[ReadingPoint]]) -> None:
    """The card: a row a rule, told of its gravest subject."""
    with cards.card(
        "Rules",
        "The gravest subject of each, and its course over the last day; the line across is the threshold",
        key="alerts-rules",
        help="A rule compares a metric over a window with a threshold. It fires when that lasts, on enough cases. Own "
        "rules stand in the policy under [[alerts]]; built-in ones are there without a word, and [alerting] off "
        "switches them off.",
    ):
        if not rules:
            cards.empty("No rule has been evaluated yet", "Start `routescope up`, or run `routescope alerts run`.")
            return
        by_rule: dict[str, list[AlertView]] = {}
        for one in found:
            by_rule.setdefault(one.rule.name, []).append(one)
        plot.save(lambda: plot.written(_rows(found)), key="alerts-rules", what="all rules and subjects")
        heads = {"Rule": "", "Now": "", "Value": "n", "Threshold": "", "Last day": "", "Told": "rs-spare"}
        head = "".join(f'<th class="{kind}">{name}</th>' for name, kind in heads.items())
        body = "".join(_row(rule, by_rule.get(rule.name, []), readings) for rule in rules)
        st.html(
            f'<div class="rs-scroll rs-room"><table class="rs-table"><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>"
        )


def _row(rule: RuleView, of_rule: Sequence[AlertView], readings: Mapping[str, Sequence[ReadingPoint]]) -> str:
    # The list comes with the gravest first; among equals real traffic says more than simulated.
    first = of_rule[0] if of_rule else None
    own = "" if rule.builtin else ' <span class="rs-muted">own</span>'
    name = f'<b title="{plain.html(rule.description)}">{plain.html(rule.name, 80)}</b>{own}'
    what = f'<div class="rs-sub">{plain.html(_what(rule))}</div>'
    return (
        f"<tr><td>{name}{what}</td><td>{_state(rule, of_rule)}</td>"
        f'<td class="n">{_value(rule, first)}</td><td>{plain.html(components.unbroken(said.threshold(rule)))}'
        f'<div class="rs-sub">{plain.html(components.unbroken(_counted(rule)))}</div></td>'
        f"<td>{_course(rule, readings.get(first.alert_id, ()) if first else ())}</td>"
        f'<td class="rs-spare">{_channels(rule)}</td></tr>'
    )


def _what(rule: RuleView) -> str:
    scope = [f"{name} {', '.join(names)}" for name, names in rule.scope.items() if names]
    each = f", each {rule.per}" if rule.per else ""
    return f"{said.title(rule.metric)}{each}" + (f"; {'; '.join(scope)}" if scope else "")


def _state(rule: RuleView, of_rule: Sequence[AlertView]) -> str:
    if rule.fault is not None:
        return f'<span class="rs-muted">not measured</span><div class="rs-sub">{plain.html(rule.fault, 160)}</div>'
    if not of_rule:
        return '<span class="rs-muted">nothing to watch</span>'
    first = of_rule[0]
    tone = "muted" if first.evidence == "dark" and first.state == "ok" else _TONES[first.state]
    word = "not enough data" if tone == "muted" and first.state == "ok" else first.state
    alike = sum(one.state == first.state for one in of_rule)
    of_all = f'<div class="rs-sub">{alike} of {len(of_rule)} {plain.html(_many(rule))}</div>' if rule.per else ""
    notes = [_DOUBTS.get(first.evidence, "")] if word == first.state else []
    notes += ["silenced"] if first.silence is not None else []
    below = "".join(f'<div class="rs-sub">{note}</div>' for note in notes if note)
    return f'<span class="rs-{tone}">{word}</span>{of_all}{below}'


def _many(rule: RuleView) -> str:
    return f"{rule.per}s" if rule.per else ""


def _value(rule: RuleView, one: AlertView | None) -> str:
    if one is None or one.value is None:
        return '<span class="rs-muted">unknown</span>'
    lines = [f"<div>{plain.html(components.unbroken(said.value(one.value, rule.unit)))}</div>"]
    between = said.interval(one.low, one.high, rule.unit)
    cases = "" if one.n is None else f"n = {units.count(one.n)}"
    below = [
        ", ".join(filter(None, (between, cases))),
        ", ".join(filter(None, (one.subject, one.simulated * "simulated"))),
    ]
    lines += [f'<div class="rs-sub">{plain.html(components.unbroken(text), 60)}</div>' for text in below if text]
    return "".join(lines)


def _counted(rule: RuleView) -> str:
    window = f"over {said.length(rule.window)}" if rule.window else "as it stands"
    short = f" and {said.length(rule.short_window)}" if rule.short_window else ""
    lasts = f", for {said.length(rule.lasting)}" if rule.lasting else ""
    fewest = f", n\u00a0≥\u00a0{units.count(rule.min_n)}" if rule.window and rule.min_n > 1 else ""
    return f"{window}{short}{lasts}{fewest}"


def _channels(rule: RuleView) -> str:
    if not rule.channels:
        return '<span class="rs-muted">page, log</span>'
    return plain.html(f"page, log, {', '.join(rule.channels)}", 80)


def _course(rule: RuleView, points: Sequence[ReadingPoint]) -> str:
    known = [(one.ts, one.value) for one in points if one.value is not None]
    if len(known) < 2:
        return ""
    picture = course(known, rule.threshold, theme.palette(theme.mode()).accent, theme.palette(theme.mode()).bad)
    told = (
        f"From {said.value(min(v for _, v in known), rule.unit)} to {said.value(max(v for _, v in known), rule.unit)}"
    )
    return (
        f'<img alt="{plain.html(told)}" title="{plain.html(told)}" width="{WIDTH}" height="{HEIGHT}" src="{picture}">'
    )


def course(points: Sequence[tuple[datetime, float]], threshold: float, line: str, limit: str) -> str:
    """A value's course as a small picture, a data URL: broken where nobody looked, with the threshold across."""
    values = [value for _, value in points]
    low, high = min(*values, threshold), max(*values, threshold)
    begin, spread = points[0][0], max((points[-1][0] - points[0][0]).total_seconds(), 1.0)

    def y(value: float) -> float:
        return HEIGHT - PAD - (HEIGHT - 2 * PAD) * (value - low) / ((high - low) or 1.0)

    def at(moment: datetime, value: float) -> str:
        return f"{PAD + (WIDTH - 2 * PAD) * (moment - begin).total_seconds() / spread:.1f} {y(value):.1f}"

    runs = _runs(points)
    lines = "".join(f"M{'L'.join(at(*point) for point in run)}" for run in runs if len(run) > 1)
    dots = "".join(f"M{at(*run[0])}l0 0" for run in runs if len(run) == 1)
    limit_at = y(threshold)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" fill="none">'
        f'<path d="M0 {limit_at:.1f}H{WIDTH}" stroke="{limit}" stroke-width="1" stroke-dasharray="3 3"/>'
        f'<g stroke="{line}" stroke-linejoin="round" stroke-linecap="round">'
        f'<path d="{lines}" stroke-width="1.8"/><path d="{dots}" stroke-width="{DOT}"/></g></svg>'
    )
    return "data:image/svg+xml;base64," + b64encode(svg.encode()).decode()


def _runs(points: Sequence[tuple[datetime, float]]) -> list[list[tuple[datetime, float]]]:
    """The readings, parted where somebody stopped looking: by more than half their usual distance again."""
    apart = sorted(later - earlier for (earlier, _), (later, _) in pairwise(points))
    # Two or three readings have no usual distance.
    gap = max(GAP, apart[len(apart) // 2] * 1.5) if len(apart) > 2 else GAP
    runs: list[list[tuple[datetime, float]]] = []
    for point in points:
        if runs and point[0] - runs[-1][-1][0] <= gap:
            runs[-1].append(point)
        else:
            runs.append([point])
    return runs


def _rows(found: Sequence[AlertView]) -> list[tuple[object, ...]]:
    heads = (
        "rule",
        "subject",
        "simulated",
        "state",
        "since",
        "metric",
        "value",
        "low",
        "high",
        "n",
        "threshold",
        "note",
    )
    rows = [
        (
            *(one.rule.name, one.subject, one.simulated, one.state, one.since, one.rule.metric),
            *(one.value, one.low, one.high, one.n, said.threshold(one.rule), one.note),
        )
        for one in found
    ]
    return [heads, *rows]
