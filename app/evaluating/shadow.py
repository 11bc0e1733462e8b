"""Shadow calls: a request that was answered is sent to another model as well, and only judged.

They tell what quality a saving had: without them nobody knows what the baseline would have said.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from app.evaluating.evaluator import conversation
from app.jobs.errand import Errand, Errands
from router_core.policy.loading import LoadedPolicy
from router_core.request import Message
from telemetry.evaluation_tasks import Task, note_shadow
from telemetry.query.cases import Case

LOOK_S: Final = 0.25
LOOKS: Final = 80
"""Where decisions are kept asynchronously, an answer may come before its row."""


class LeftOut(Exception):
    """Nothing can be done about a task; the sentence says why."""


@dataclass(frozen=True, slots=True)
class ShadowCalls:
    """Sends what was asked of a route to a model by its name."""

    engine: sa.Engine
    loaded: LoadedPolicy
    errands: Errands
    evaluators: tuple[str, ...]
    """Who is to judge the answers."""

    def send(self, task: Task, found: Case, now: datetime) -> int:
        """Ask the task's model, and note that its answer is to be judged; the cost in nano-USD, 0 where it is unknown.

        The gateway knows what the decision's rules forbid, and refuses it.

        Raises:
            LeftOut: the model would not be asked the same as the one that answered.
            ErrandRefused, ErrandFailed, GatewayAway
        """
        if not found.whole:
            raise LeftOut("of its prompt only a redacted form was kept: another model would be asked something else")
        route = self.loaded.policy.routes.get(task.route)
        if route is None or task.name not in self.loaded.policy.models:
            raise LeftOut(f"the policy has no route {task.route!r}, or no model {task.name!r}, any more")
        messages = conversation(found)
        if route.system is not None and not any(one.role in ("system", "developer") for one in messages):
            messages = (Message("system", route.system), *messages)
        reply = self.errands.ask(
            Errand(
                "shadow",
                task.name,
                messages,
                parent=task.decision_id,
                max_output_tokens=route.max_output_tokens,
            )
        )
        for _ in range(LOOKS):
            if note_shadow(self.engine, task, reply.decision_id, self.evaluators, now):
                return reply.cost_nano or 0
            time.sleep(LOOK_S)
        raise LeftOut("the shadow call's own decision did not come into the store, so nobody can judge its answer")
