"""What rules oblige the router to do with a request before any model is asked: go on as another route, redact.

Pure functions of a `Ruling`; the router carries out what they give. The answer's way back is here too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from router_core.events import BranchEnded, Event, Token
from router_core.guard import Ruling
from router_core.redaction import Redaction, Restorer, redact_messages
from router_core.request import RouteRequest
from router_core.target import Target


def rerouted(asked: Target, ruling: Ruling, routes: Mapping[str, Target]) -> Target:
    """The target that the rules send the request to, with the models of both; itself when they send it nowhere.

    The ruling already excludes whatever one of the two does not use, so there is nothing to gain.
    """
    if ruling.route == asked.name:
        return asked
    return replace(routes[ruling.route], models=ruling.models)


def redacted(ruling: Ruling, request: RouteRequest) -> tuple[Ruling, Redaction | None]:
    """The redaction that the rules ask for, and the ruling with what became of it in its verdicts.

    Something that cannot be masked for sure denies the request: a prompt that is half redacted is not sent.
    """
    if not ruling.redacts or ruling.denied is not None:
        return ruling, None
    from router_core.signals.read import beside_messages

    redaction = redact_messages(request.messages, beside_messages(request))
    counts = dict(redaction.counts)
    verdicts = []
    denied = None
    for verdict in ruling.verdicts:
        if verdict.outcome == "redacted" and redaction.safe:
            held = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())) or "nothing that was found"
            verdict = replace(verdict, reason=f"{verdict.reason}: {held}", redacted=counts)
        elif verdict.outcome == "redacted":
            why = f"{', '.join(redaction.left)} cannot be masked for sure, so the prompt is not sent"
            verdict = replace(verdict, outcome="denied", reason=why)
            denied = denied or verdict
        verdicts.append(verdict)
    return replace(ruling, verdicts=tuple(verdicts), denied=denied), redaction


class Restoring:
    """Puts originals back into the tokens of an answer, branch by branch."""

    def __init__(self, redaction: Redaction) -> None:
        self._redaction = redaction
        self._open: dict[int, tuple[Restorer, Token]] = {}

    def events(self, event: Event) -> Iterator[Event]:
        """The event as the caller may see it; tokens may come late, none is lost."""
        if isinstance(event, Token):
            restorer, _ = self._open.get(event.index) or (Restorer(self._redaction), event)
            self._open[event.index] = restorer, event
            if text := restorer.feed(event.text):
                yield replace(event, text=text)
            return
        if isinstance(event, BranchEnded) and (begun := self._open.pop(event.branch.index, None)) is not None:
            restorer, last = begun
            if held := restorer.finish():
                yield replace(last, text=held)
        yield event
