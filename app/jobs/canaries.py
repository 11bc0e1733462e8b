"""Once a week the canaries are sent, where somebody has put a file of them into the home folder."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from app.canary.prompts import file_of, read_set
from app.canary.sending import send
from app.dashboard.gateway_client import Gateway
from app.jobs.errand import Errands, GatewayAway
from app.settings import Settings

log = logging.getLogger("routescope.jobs")

EVERY = timedelta(hours=1)


def weekly_canaries(
    engine: sa.Engine, settings: Settings, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> None:
    """Send what is left of this week's canaries; nothing without the file. A gateway that is away is asked later.

    Raises:
        CanaryError: the file cannot be used.
        StorageError
    """
    path = file_of(settings)
    if not path.is_file():
        return
    try:
        told = send(engine, read_set(path), Errands.of(settings), Gateway(settings.gateway_url), now=now())
    except GatewayAway as error:
        log.info("no canaries for now: %s", error)
        return
    for one in told:
        if one.asked or not one.complete:
            log.info("%s: %d of %d canaries sent%s", one.model, one.before + one.asked, one.of, _why(one.why))


def _why(reason: str | None) -> str:
    return "" if reason is None else f"; {reason}"
