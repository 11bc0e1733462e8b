"""Every minute the alert rules are evaluated, as the policy file says them now, and what is due is sent."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from app.jobs.alert_rules import channels_of, rules_of, senders_of
from app.shared_state import FILE, on_server, open_state
from router_core.clock import SystemClock
from router_core.errors import PolicyError, StateUnavailable
from router_core.policy.loading import LoadedPolicy, load_policy
from router_core.policy.schema import Policy
from router_core.state.standings import BudgetStanding, standings
from telemetry.alerts.measure import BudgetUse, Outside
from telemetry.alerts.metrics import Narrower
from telemetry.alerts.round import Round, evaluate
from telemetry.alerts.sending import Courier

log = logging.getLogger("routescope.jobs")

EVERY = timedelta(minutes=1)
_PATIENCE_S = 5.0
_HOLDERS: Mapping[str, Narrower] = {"tenant": "tenant", "route": "route"}


class Alerting:
    """Evaluates and sends. One object a process: it knows which channels are still being sent to."""

    def __init__(
        self,
        engine: sa.Engine,
        policy: Path,
        home: Path,
        *,
        environ: Mapping[str, str] = os.environ,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        wait_s: float = 0.0,
    ) -> None:
        """``wait_s``: how long `run` waits for each channel; a worker waits for none."""
        self._engine = engine
        self._policy = policy
        self._home = home
        self._environ = environ
        self._now = now
        self._wait_s = wait_s
        self._courier = Courier(engine, now=now)
        self._loaded: tuple[tuple[int, int], LoadedPolicy] | None = None

    def job(self, engine: sa.Engine) -> None:
        """For the jobs worker: `run`, over the engine that this was made with.

        Raises:
            PolicyError, StorageError
        """
        self.run()

    def run(self) -> Round:
        """Evaluate once, and begin to send what is due; sending goes on in threads of its own.

        Raises:
            PolicyError: the policy cannot be read, and never could since this was made.
            StorageError
        """
        policy = self._read()
        done = evaluate(
            self._engine,
            rules_of(policy),
            now=self._now(),
            channels=channels_of(policy.alerting),
            outside=outside(policy, self._engine.url.render_as_string(hide_password=False), self._home),
        )
        self.send()
        return done

    def send(self) -> None:
        """Begin to send what is due.

        Raises:
            PolicyError, StorageError
        """
        for thread in self._courier.send_due(senders_of(self._read().alerting, self._environ)):
            thread.join(self._wait_s)

    def _read(self) -> Policy:
        """The policy as its file says it now; a file that did not change is not read again."""
        try:
            state = self._policy.stat()
            stamp = (state.st_mtime_ns, state.st_size)
        except OSError:
            stamp = (0, 0)
        if self._loaded is None:
            self._loaded = (stamp, load_policy(self._policy))
        elif self._loaded[0] != stamp:
            try:
                self._loaded = (stamp, load_policy(self._policy))
            except PolicyError as error:
                # As the gateway goes on under the version before: a slip in the file must not end the watch.
                log.warning("the alert rules of before go on, since the policy file is refused: %s", error.faults[0])
                self._loaded = (stamp, self._loaded[1])
        return self._loaded[1].policy


def outside(policy: Policy, database_url: str, home: Path) -> Outside:
    """How the policy's budgets stand: their accounts are not in the store of decisions."""
    if not policy.budgets:
        return Outside(())
    if not on_server(database_url) and not (home / FILE).exists():
        return Outside(why="no gateway has opened the accounts of budgets yet")
    try:
        store = open_state(database_url, home, patience_s=_PATIENCE_S)
    except StateUnavailable as error:
        return Outside(why=str(error))
    try:
        found = asyncio.run(standings(policy.budgets, store, SystemClock()))
        return Outside(tuple(use for one in found for use in _uses(one)))
    except StateUnavailable as error:
        return Outside(why=str(error))
    finally:
        store.close()


def _uses(standing: BudgetStanding) -> list[BudgetUse]:
    budget = standing.budget
    return [
        BudgetUse(
            name=budget.name,
            holder=one.holder,
            per=_HOLDERS.get(budget.per),
            used_nano=one.spent + one.held,
            limit_nano=standing.limit,
            start=standing.start,
            end=standing.end,
            tenants=tuple(sorted(budget.tenants or ())),
            routes=tuple(sorted(budget.routes or ())),
        )
        for one in standing.holders
    ]
