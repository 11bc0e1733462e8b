"""What fires, what is pending and what is silenced: each with its value, since when, the decisions behind it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import streamlit as st

from app import plain, units
from app.dashboard import cache, cards, components, navigation
from app.dashboard.components import Tone
from app.dashboard.gateway_error import GatewayError
from app.dashboard.visitor import acting_gateway, visitor
from app.panels.alerts import said
from app.panels.alerts.attention import STALE
from telemetry.alerts.silences import LONGEST_WHY, Silence
from telemetry.query.alerts import AlertView, RuleView

MOST: Final = 20
"""Alerts of a card that are shown, the gravest."""
TOLD: Final = "alerts-told"
SHORTEST: Final = 60
LENGTHS: Final = {"1 hour": SHORTEST, "4 hours": 240, "1 day": 1_440, "1 week": 10_080}
_SEVERITY: Final[dict[str, tuple[str, Tone]]] = {
    "error": ("▲ error", "bad"),
    "warning": ("◆ warning", "warn"),
    "info": ("● info", "muted"),
}


def numbers(found: Sequence[AlertView], rules: Sequence[RuleView], now: datetime) -> None:
    """How many there are of each, and when somebody looked last."""
    firing = [one for one in found if one.state == "firing" and one.silence is None]
    dark = sum(one.evidence == "dark" for one in found)
    silenced = sum(one.silence is not None for one in found)
    last = max((rule.evaluated for rule in rules), default=None)
    with cards.grid("standing", narrowest="kpi"):
        made_up = sum(one.simulated for one in firing)
        of_these = f"{units.count(made_up)} of them about simulated traffic" if made_up else "told to channels once"
        cards.figure(
            "Firing",
            units.count(len(firing)),
            of_these,
            key="firing",
            help="Subjects of rules that are beyond their thresholds for long enough, and not silenced.",
        )
        pending = sum(one.state == "pending" for one in found)
        cards.figure(
            "Pending",
            units.count(pending),
            "beyond the threshold, not for long enough",
            key="pending",
            help="They fire when that lasts as long as their rule says.",
        )
        cards.figure(
            "Silenced",
            units.count(silenced),
            "evaluated, but nobody is told",
            key="silenced",
            help="Subjects, in whatever state, that a silence covers now.",
        )
        note = f"{units.plural(len(rules), 'rule')}; {units.count(dark)} have not enough data"
        cards.figure(
            "Watched",
            units.count(len(found)),
            note,
            key="watched",
            help="Subjects that the rules look at: a rule may watch each model or each tenant by itself.",
        )
    if last is None:
        components.notice(
            "The alert rules have not been evaluated yet. `routescope up` does it every minute, "
            "`routescope alerts run` now."
        )
    elif now - last > STALE:
        components.notice(
            f"The alert rules were evaluated last at {units.when(last)} UTC: nobody watches. Start `routescope up`, or "
            "run `routescope alerts run`."
        )


def told() -> None:
    """What came of the last click, once."""
    if (message := st.session_state.pop(TOLD, None)) is not None:
        tone, sentence = message
        components.notice(sentence, tone=tone)


def firing(found: Sequence[AlertView], now: datetime) -> None:
    """The card of what fires and is not silenced."""
    some = [one for one in found if one.state == "firing" and one.silence is None]
    with cards.card(
        "Firing",
        units.plural(len(some), "alert") if some else "Nothing now",
        key="alerts-firing",
        help="An alert fires when its threshold has been breached for as long as its rule says, with enough cases and, "
        "where there is an interval, with all of it. It resolves when the threshold has been met again for a while. "
        "Without enough data it does neither.",
    ):
        if not some:
            cards.empty("Nothing fires", "The rules below are evaluated every minute.")
        for one in some[:MOST]:
            _alert(one, now, "firing")
        _more(some)


def pending(found: Sequence[AlertView], now: datetime) -> None:
    """The card of what may fire soon; none when there is nothing."""
    some = [one for one in found if one.state == "pending" and one.silence is None]
    if not some:
        return
    with cards.card("Pending", "Breached, but not for as long as the rule wants", key="alerts-pending"):
        for one in some[:MOST]:
            _alert(one, now, "pending")
        _more(some)


def silences(found: Sequence[Silence], now: datetime) -> None:
    """The card of silences in force; none when there are none."""
    if not found:
        return
    with cards.card("Silenced", "Evaluated and shown, but told to nobody", key="alerts-silences"):
        for one in found:
            with st.container(
                horizontal=True,
                horizontal_alignment="distribute",
                vertical_alignment="center",
                key=f"silence-{one.silence_id}",
            ):
                about = "every subject" if one.subject is None else one.subject or "all at once"
                why = f" {plain.html(one.why, 300)}" if one.why else ""
                with st.container(width="stretch"):
                    st.html(
                        f"<div><b>{plain.html(one.rule, 100)}</b> &nbsp;"
                        f'<span class="rs-muted">{plain.html(about, 100)}</span></div>'
                        f'<div class="rs-sub">Until {units.when(one.until)} UTC, by {plain.html(one.author, 60)}.'
                        f"{why}</div>",
                    )
                if visitor().operates:
                    st.button(
                        "End",
                        key=f"unsilence-{one.silence_id}",
                        icon=":material/notifications_active:",
                        on_click=_unsilence,
                        args=(one.silence_id,),
                    )


def _more(some: Sequence[AlertView]) -> None:
    if len(some) > MOST:
        components.untrusted(f"and {units.count(len(some) - MOST)} more; the table below has them all", muted=True)


def _alert(one: AlertView, now: datetime, key: str) -> None:
    word, tone = _SEVERITY[one.rule.severity]
    about = f": {plain.html(one.subject, 100)}" if one.subject else ""
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key=f"{key}-{one.alert_id}"
    ):
        with st.container(width="stretch"):
            st.html(
                f'<div><span class="rs-{tone}">{word}</span> &nbsp;<b>{plain.html(one.rule.name, 100)}{about}</b></div>'
                f"<div>{plain.html(components.unbroken(said.of_alert(one)), 500)}.</div>"
                f'<div class="rs-sub">{plain.html(_since(one, now))} {plain.html(one.rule.description, 500)}</div>',
            )
        with st.container(horizontal=True, width="content", gap="small", vertical_alignment="center"):
            _links(one)
            if not one.simulated and visitor().operates:
                _silence_form(one)


def _since(one: AlertView, now: datetime) -> str:
    verb = "Fires" if one.state == "firing" else "Breached"
    text = f"{verb} since {units.when(one.since)} UTC ({ago(now - one.since)})."
    if one.state == "pending":
        text += f" {ago(one.breached)} of {said.length(one.rule.lasting)} so far."
    if one.evidence == "dark" and one.dark_since is not None:
        text += f" Not enough data since {units.when(one.dark_since)} UTC: whether it lasts is not known."
    elif one.evidence == "clear":
        text += " The threshold is met now; it resolves when that lasts."
    elif one.evidence == "unsure":
        text += " The interval reaches over the threshold now, so it is not sure."
    if one.flaps:
        text += f" It has fired {one.flaps + 1} times in a row lately, so it resolves more slowly."
    return text + (" Simulated." if one.simulated else "")


def ago(time: timedelta) -> str:
    """``12 min``, ``3 h``, ``2 d``."""
    minutes = max(int(time.total_seconds() // 60), 0)
    if minutes < 1:
        return "less than a minute"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"


def _links(one: AlertView) -> None:
    behind = said.decisions_behind(one)
    if behind is not None:
        navigation.decisions_link("Decisions", **behind)
    elif one.rule.metric == "drift":
        navigation.leads_to(navigation.DRIFT, "Its metrics", model=one.subject)
    elif one.rule.metric == "open_breakers":
        navigation.leads_to(navigation.LATENCY, "Its course", watched=one.subject)
    elif one.rule.metric.startswith("budget"):
        navigation.leads_to(navigation.COST, "Budgets")
    else:
        navigation.leads_to(navigation.PIPELINE, "The pipeline")


def _silence_form(one: AlertView) -> None:
    with st.popover("Silence", icon=":material/notifications_off:"):
        st.radio("For how long", list(LENGTHS), key=f"length-{one.alert_id}", horizontal=True)
        st.text_input("Why, in a few words (optional)", key=f"why-{one.alert_id}", max_chars=LONGEST_WHY)
        st.button(
            "Silence it",
            key=f"do-silence-{one.alert_id}",
            type="primary",
            on_click=_silence,
            args=(one.rule.name, one.subject, one.alert_id),
        )


def _silence(rule: str, subject: str, alert_id: str) -> None:
    """Through the gateway: the dashboard itself only reads."""
    # Read now: what was typed last comes with the click.
    why = str(st.session_state.get(f"why-{alert_id}", ""))
    minutes = LENGTHS.get(str(st.session_state.get(f"length-{alert_id}")), SHORTEST)
    try:
        acting_gateway().silence(rule, subject, minutes, why)
    except GatewayError as error:
        st.session_state[TOLD] = ("bad", f"Not silenced: {error}.")
        return
    cache.forget()


def _unsilence(silence_id: str) -> None:
    try:
        acting_gateway().unsilence(silence_id)
    except GatewayError as error:
        st.session_state[TOLD] = ("bad", f"The silence goes on: {error}.")
        return
    cache.forget()
