"""What became of alerts, the newest first, and what came of telling the channels."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from app import units
from app.dashboard import cache, cards, components
from app.dashboard.components import Cell, Tone
from app.dashboard.trail import trail
from app.panels.alerts import said
from telemetry.query import alerts
from telemetry.query.alerts import DeliveryView, EventView

ROWS: Final = 15
MESSAGES: Final = 20
_KINDS: Final[dict[str, tuple[str, Tone]]] = {
    "fired": ("▲ fired", "bad"),
    "resolved": ("resolved", "ok"),
    "withdrawn": ("withdrawn", "muted"),
    "silenced": ("silenced", "warn"),
    "unsilenced": ("told again", "muted"),
}
_STATUS: Final[dict[str, tuple[str, Tone]]] = {
    "sent": ("sent", "ok"),
    "waiting": ("waiting", "warn"),
    "given_up": ("given up", "bad"),
}


def history() -> None:
    """The card of what fired, resolved, was withdrawn or silenced."""
    with cards.card("History", "The newest first; the value is that of its moment", key="alerts-history"):
        place = trail("alerts-history", "all", parameter="after")
        try:
            page = cache.ask(alerts.history, cursor=place.cursor, limit=ROWS)
        except ValueError as error:
            cards.empty("The list cannot go on from there", str(error))
            return
        if not page.rows:
            cards.empty("Nothing has fired yet", "What fires, resolves or is silenced will be listed here.")
            return
        components.table(("When (UTC)", "What", "Rule", "Subject", "Value then"), [_event(one) for one in page.rows])
        if not place.at_first or page.next_cursor is not None:
            place.buttons(page.next_cursor)


def _event(one: EventView) -> tuple[Cell | object, ...]:
    word, tone = _KINDS.get(one.kind, (one.kind, "muted"))
    by = f" by {one.author}" if one.author else ""
    lasted = "" if one.started is None else f", after {said.length(_whole(one))}"
    made_up = " (simulated)" if one.simulated else ""
    return (
        _moment(one.ts),
        Cell(f"{word}{by}{lasted}", tone),
        f"{one.rule}{made_up}",
        one.subject,
        components.unbroken(said.of_event(one)),
    )


def _whole(one: EventView) -> timedelta:
    assert one.started is not None
    return timedelta(minutes=max(round((one.ts - one.started).total_seconds() / 60), 1))


def _moment(moment: datetime) -> str:
    """On one line."""
    return f"{units.day(moment)} {moment:%H:%M}".replace(" ", "\u00a0")


def messages() -> None:
    """The card of messages to channels; none before the first one."""
    found = cache.ask(alerts.deliveries, limit=MESSAGES)
    if not found:
        return
    with cards.card(
        "Messages",
        f"To channels, the newest {MESSAGES}",
        key="alerts-messages",
        help="A message is tried eight times over some hours, then given up. It may arrive twice when a worker dies "
        "while it sends; the event's id in it tells.",
    ):
        components.table(
            ("When (UTC)", "To", "About", "Came", "Attempts", "Last error"),
            [_delivery(one) for one in found],
            numbers=(4,),
        )


def _delivery(one: DeliveryView) -> tuple[Cell | object, ...]:
    word, tone = _STATUS.get(one.status, (one.status, "muted"))
    about = f"{one.rule}{f': {one.subject}' if one.subject else ''} {one.kind}"
    when = f", again {units.when(one.due)}" if one.status == "waiting" and one.attempts else ""
    return _moment(one.created), one.channel, about, Cell(word + when, tone), one.attempts, one.last_error or ""
