"""One round of evaluation: pick what is new, send shadow calls, have answers judged, each within the day's budget."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final, TypeAlias

import sqlalchemy as sa

from app.evaluating.build import build_evaluators, sample_plans
from app.evaluating.evaluator import Evaluator
from app.evaluating.shadow import LeftOut, ShadowCalls
from app.jobs.errand import ErrandFailed, ErrandRefused, Errands, GatewayAway
from router_core.policy.loading import LoadedPolicy
from router_core.redaction import redact_text
from telemetry import evaluation_tasks as tasks
from telemetry.content import ContentPolicy
from telemetry.evaluation import record
from telemetry.evaluation_sample import Kind, SamplePlan
from telemetry.evaluation_tasks import Task
from telemetry.query.cases import Case, Which, case

log = logging.getLogger("routescope.jobs")

Work: TypeAlias = Callable[[Task, Case], int]
"""Does what a task asks for, and says what it cost in nano-USD."""

AT_ONCE: Final = 500
"""Most tasks of one route and kind in one round: the next round goes on."""
BUDGET: Final = "the day's budget for this is spent"


@dataclass(slots=True)
class Report:
    """What a round did."""

    picked: int = 0
    """New tasks."""
    judged: int = 0
    """Verdicts that were kept, those without a score among them."""
    no_verdict: int = 0
    shadowed: int = 0
    left_out: int = 0
    """Tasks that are over without a verdict: nothing to look at, or forbidden."""
    failed: int = 0
    waiting: int = 0
    """Tasks that go on waiting: put off after a failure, or for want of money."""
    cost_nano: int = 0
    """Nano-USD, as far as costs are known."""
    why: Counter[str] = field(default_factory=Counter)
    """Why tasks were left out, failed or wait."""
    notes: list[str] = field(default_factory=list)
    """What a person should know, a sentence each."""


@dataclass(frozen=True, slots=True)
class _Budget:
    """What may still be done today; no amount: what it costs does not count."""

    number: int
    nano: int | None

    @property
    def empty(self) -> bool:
        return self.number <= 0 or (self.nano is not None and self.nano <= 0)

    def less(self, number: int, nano: int) -> _Budget:
        return _Budget(self.number - number, None if self.nano is None else self.nano - nano)


@dataclass(slots=True)
class Round:
    """One round, over one policy."""

    engine: sa.Engine
    loaded: LoadedPolicy
    errands: Errands
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    stopping: Callable[[], bool] = lambda: False
    report: Report = field(default_factory=Report)
    _evaluators: dict[str, Evaluator] = field(default_factory=dict)
    _away: bool = False
    """The gateway does not answer; expected answers and rules need none."""

    def run(self, *, since: datetime | None = None, limit: int = AT_ONCE, routes: Collection[str] = ()) -> Report:
        """Do it. What a stopped round leaves undone the next one does; done twice, nothing is done twice.

        Args:
            since: look at all decisions from then on again; None: at those since the last round.
            limit: most tasks of one route and kind.
            routes: the only ones that are judged now; none means all of the policy's.

        Raises:
            PolicyError: an evaluator cannot be made; nothing is done.
            StorageError: the database cannot be used.
        """
        plans = sample_plans(self.loaded)
        if not plans:
            self.report.notes.append("the policy has no [evaluation.routes.NAME]: nothing is judged")
            return self.report
        mode = self.loaded.policy.telemetry.content
        if mode in ("off", "hash"):
            self.report.notes.append(
                f'nothing can be judged: [telemetry] content is "{mode}", so no answers are kept; '
                'set it to "redacted" or "full"'
            )
            return self.report
        self._evaluators = build_evaluators(self.loaded, self.errands)
        tasks.give_up(self.engine, self.now())
        self.report.picked = tasks.pick_tasks(self.engine, plans, now=self.now(), since=since)
        for plan in plans.values():
            if routes and plan.route not in routes:
                continue
            self._shadow(plan, limit)
            for name in plan.evaluators:
                self._judge(plan, name, limit)
        if self._away:
            self.report.waiting = tasks.number_waiting(self.engine)
        return self.report

    def _shadow(self, plan: SamplePlan, limit: int) -> None:
        if plan.shadow is None:
            return
        calls = ShadowCalls(self.engine, self.loaded, self.errands, plan.evaluators)

        def send(task: Task, found: Case) -> int:
            nano = calls.send(task, found, self.now())
            self.report.shadowed += 1
            return nano

        budget = _Budget(plan.shadow.per_day, plan.shadow.nano_per_day)
        if not self._away:
            some = tasks.waiting(self.engine, "shadow", plan.route, None, limit)
            self._work(some, "shadow", plan.route, None, budget, send)

    def _judge(self, plan: SamplePlan, name: str, limit: int) -> None:
        evaluator = self._evaluators[name]
        if self._away and evaluator.method == "judge":
            return
        # What costs nothing needs no money.
        budget = _Budget(plan.per_day, plan.nano_per_day if evaluator.method == "judge" else None)
        some = tasks.waiting(self.engine, "judge", plan.route, name, limit)
        self._work(some, "judge", plan.route, name, budget, self._verdict)

    def _work(self, some: list[Task], kind: Kind, route: str, name: str | None, budget: _Budget, work: Work) -> None:
        """Work on tasks as long as there is money, and nobody says stop; of the rest it is noted why they wait."""
        spent = tasks.spent_today(self.engine, kind, route, name, self.now())
        left = budget.less(spent.done, spent.nano)
        for place, task in enumerate(some):
            if self.stopping():
                return
            if left.empty:
                tasks.let_wait(self.engine, some[place:], BUDGET)
                self.report.waiting += len(some) - place
                self.report.why[BUDGET] += len(some) - place
                return
            try:
                nano = self._one(task, work)
            except GatewayAway as error:
                self._away = True
                self.report.notes.append(f"{error}; what has to be asked there waits for the next round")
                return
            if nano is not None:
                left = left.less(1, nano)

    def _one(self, task: Task, work: Work) -> int | None:
        """Work on one task, and note what became of it; its cost in nano-USD when it is done."""
        which: Which = "rejected" if task.answer == "rejected" else "given"
        found = case(self.engine, task.decision_id, which)
        try:
            if isinstance(found, str):
                raise LeftOut(found)
            nano = work(task, found)
        except (LeftOut, ErrandRefused) as error:
            self._over(task, "left out", str(error))
            self.report.left_out += 1
        except ErrandFailed as error:
            why = redact_text(str(error))
            tasks.put_off(self.engine, task, now=self.now(), why=why)
            self.report.why[why] += 1
            if task.attempts + 1 >= tasks.ATTEMPTS:
                self.report.failed += 1
            else:
                self.report.waiting += 1
        else:
            tasks.end(self.engine, task, "done", now=self.now(), nano=nano)
            self.report.cost_nano += nano
            return nano
        return None

    def _verdict(self, task: Task, found: Case) -> int:
        evaluator = self._evaluators.get(task.name)
        if evaluator is None:
            raise LeftOut(f"the policy has no evaluator {task.name!r} any more")
        said = evaluator.judge(found)
        if said is None:
            raise LeftOut(f"{task.name} has no expected answer for this prompt")
        whole = replace(
            said,
            answer=found.which,
            model=found.model,
            sampled=task.sampled,
            stronger=found.stronger,
            scores=found.scores,
        )
        if not record(self.engine, self._content, whole, now=self.now()):
            raise LeftOut("the decision is no longer in the store")
        self.report.judged += 1
        self.report.no_verdict += said.score is None
        return said.cost_nano or 0

    def _over(self, task: Task, state: str, why: str) -> None:
        tasks.end(self.engine, task, state, now=self.now(), why=redact_text(why))
        self.report.why[redact_text(why)] += 1

    @property
    def _content(self) -> ContentPolicy:
        return ContentPolicy(self.loaded.policy.telemetry.content, redact_text)


def counts(report: Report) -> Mapping[str, object]:
    """The report, ready for JSON."""
    return {
        **{
            name: getattr(report, name) for name in ("picked", "judged", "no_verdict", "shadowed", "left_out", "failed")
        },
        "waiting": report.waiting,
        "cost_usd": report.cost_nano / 1e9,
        "why": dict(report.why.most_common()),
        "notes": report.notes,
    }
