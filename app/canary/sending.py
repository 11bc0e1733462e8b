"""Sends a week's canaries through the gateway, once each: what has been sent is read from the store."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

import sqlalchemy as sa

from app.canary.prompts import CanaryPrompt, CanarySet
from app.dashboard.gateway_client import Gateway
from app.dashboard.gateway_error import GatewayError
from app.jobs.errand import Errand, ErrandFailed, ErrandRefused, Errands, GatewayAway
from router_core.request import Message
from telemetry.drift.weeks import label_of, monday_of, start_of
from telemetry.levels import REQUESTS
from telemetry.storage.engine import reading
from telemetry.storage.rollups import REQUEST_DAY

log = logging.getLogger("routescope.jobs")

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a model's canaries."""

    model: str
    asked: int
    """Calls that this run made."""
    refused: int
    """Those of them that the gateway or the model refused; they count as sent."""
    before: int
    """Calls of this week that were made earlier."""
    of: int
    why: str | None = None
    """Why the rest was not sent; None when nothing is left."""

    @property
    def complete(self) -> bool:
        """Whether the week has all of its calls."""
        return self.before + self.asked >= self.of


def send(
    engine: sa.Engine, canaries: CanarySet, errands: Errands, gateway: Gateway, *, now: datetime | None = None
) -> list[Sent]:
    """Send what of this week's canaries has not been sent, one after the other; by model.

    Args:
        engine: where the gateway keeps its decisions.
        canaries: what to send.
        errands: the gateway.
        gateway: the same, to ask which models it has.
        now: tells the week.

    Raises:
        GatewayAway: nobody answers.
        StorageError
    """
    week = monday_of(now or datetime.now(UTC))
    try:
        ready = {one["model"]: (one["ready"], one["reason"]) for one in gateway.models_health()["models"]}
    except GatewayError as error:
        raise GatewayAway(str(error)) from None
    calls = canaries.calls()
    done = sent_of_week(engine, week, canaries.models or ready)
    told = []
    for model in canaries.models or ready:
        before = min(done.get(model, 0), len(calls))
        able, reason = ready.get(model, (False, "the gateway has no such model"))
        if not able and before < len(calls):
            told.append(Sent(model, 0, 0, before, len(calls), str(reason)))
            continue
        told.append(_send_to(model, canaries, calls[before:], before, errands))
    log.info("canaries of %s: %d calls", label_of(week), sum(one.asked for one in told))
    return told


def sent_of_week(engine: sa.Engine, week: date, models: Iterable[str]) -> dict[str, int]:
    """How many canaries each model was asked in a week, from the rollups; models without any are left out."""
    columns = REQUEST_DAY.c
    first = int(start_of(week).timestamp()) // _DAY_S
    routes = {f"model/{model}": model for model in models}
    statement = (
        sa.select(columns.route, sa.func.sum(columns.requests))
        .where(
            columns.level == REQUESTS.covering(("route",)),
            columns.day >= first,
            columns.day < first + 7,
            columns.purpose == "canary",
            columns.simulated.is_(False),
            columns.route.in_(sorted(routes)),
        )
        .group_by(columns.route)
    )
    with reading(engine) as connection:
        return {routes[route]: int(number) for route, number in connection.execute(statement)}


def _send_to(model: str, canaries: CanarySet, calls: list[CanaryPrompt], before: int, errands: Errands) -> Sent:
    asked = refused = 0
    for prompt in calls:
        system = () if prompt.system is None else (Message("system", prompt.system),)
        errand = Errand(
            "canary",
            model,
            (*system, Message("user", prompt.text)),
            max_output_tokens=canaries.max_output_tokens,
            temperature=canaries.temperature,
        )
        try:
            errands.ask(errand)
        except (ErrandRefused, ErrandFailed):
            refused += 1
        except GatewayAway as error:
            # Its decision is kept, if it came that far; the next run goes on behind it.
            return Sent(model, asked, refused, before, before + len(calls), str(error))
        asked += 1
    return Sent(model, asked, refused, before, before + len(calls))
