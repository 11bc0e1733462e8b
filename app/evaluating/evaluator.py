"""Who can judge an answer: another model by a rubric, an expected answer, or the policy's own validators."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol

from app.evaluating.reference import References
from app.jobs.errand import Errand, Errands
from router_core.request import Message, Role, RouteRequest
from router_core.validators.agreement import nothing_to_compare
from router_core.validators.base import CompleteAnswer, Score, Validator
from router_core.validators.extract import Wanted, agree
from router_core.validators.judge import judging_messages
from router_core.validators.rubric import Rubric
from telemetry.evaluation import Judgement, Method
from telemetry.query.cases import Case

_ROLES: Final[Mapping[str, Role]] = {role: role for role in ("system", "developer", "user", "assistant", "tool")}


class Evaluator(Protocol):
    """One evaluator of a policy."""

    method: ClassVar[Method]

    @property
    def name(self) -> str:
        """As the policy calls it."""
        ...

    def judge(self, case: Case) -> Judgement | None:
        """What it finds of an answer; None when it has nothing to say of such a case.

        Raises:
            ErrandRefused, ErrandFailed, GatewayAway: a judge could not be asked.
        """
        ...


@dataclass(frozen=True, slots=True)
class JudgeByRubric:
    """Another model, asked through the gateway."""

    name: str
    route: str
    rubric: Rubric
    threshold: float
    max_output_tokens: int
    errands: Errands
    model: str | None = None
    """The only one that its route asks first, where that is known: it need not be asked about its own answers."""
    method: ClassVar[Method] = "judge"

    def judge(self, case: Case) -> Judgement | None:
        """See `Evaluator.judge`. A reply that is no verdict, and a model that judges itself, leave none."""
        if self.model is not None and self.model == case.model:
            return self._none(case, f"no verdict: {self.model} would judge its own answer")
        reply = self.errands.ask(
            Errand(
                "judge",
                self.route,
                judging_messages(self.rubric.words, case.text, conversation(case), example=self.rubric.example),
                parent=case.decision_id,
                response_schema=self.rubric.schema,
                max_output_tokens=self.max_output_tokens,
                temperature=0.0,
            )
        )
        verdict = self.rubric.read(reply.text)
        note = (
            "" if verdict is not None else "no verdict: what the judge replied is not the JSON that the rubric asks for"
        )
        if reply.model == case.model:
            verdict, note = None, f"no verdict: {reply.model} was asked to judge its own answer"
        return Judgement(
            decision_id=case.decision_id,
            name=self.name,
            author=self.route,
            method=self.method,
            score=None if verdict is None else verdict.score,
            good=None if verdict is None else verdict.score >= self.threshold,
            words="" if verdict is None else verdict.reason,
            note=note,
            criteria=self.rubric.version,
            judge_model=reply.model,
            judge_decision_id=reply.decision_id,
            cost_nano=reply.cost_nano,
        )

    def _none(self, case: Case, note: str) -> Judgement:
        return Judgement(
            decision_id=case.decision_id,
            name=self.name,
            author=self.route,
            method=self.method,
            score=None,
            good=None,
            note=note,
            criteria=self.rubric.version,
            judge_model=self.model,
            cost_nano=0,
        )


@dataclass(frozen=True, slots=True)
class CompareWithReference:
    """Expected answers, found by the prompt."""

    name: str
    file: str
    references: References
    wanted: Wanted
    method: ClassVar[Method] = "reference"

    def judge(self, case: Case) -> Judgement | None:
        """See `Evaluator.judge`. Nothing to say of a prompt that it does not know."""
        expected = self.references.expected(case.prompt_sha256)
        if expected is None:
            return None
        answer = CompleteAnswer(case.text, case.finish_reason, case.model)
        nothing = nothing_to_compare(answer, self.wanted)
        same = nothing is None and any(agree(case.text, one, self.wanted) for one in expected)
        note = "it says the same as the expected answer" if same else "it says something else than the expected answer"
        return Judgement(
            decision_id=case.decision_id,
            name=self.name,
            author=self.file,
            method=self.method,
            score=float(same),
            good=same,
            note=note if nothing is None else nothing.reason,
            criteria=self.references.version,
            cost_nano=0,
        )


@dataclass(frozen=True, slots=True)
class AskValidators:
    """Validators that look at the answer alone; the one furthest below its threshold speaks."""

    name: str
    validators: Sequence[Validator]
    method: ClassVar[Method] = "rules"

    def judge(self, case: Case) -> Judgement | None:
        """See `Evaluator.judge`."""
        answer = CompleteAnswer(case.text, case.finish_reason, case.model)
        request = RouteRequest(conversation(case), route=case.route)
        said = [(one, one.score(answer, (), request)) for one in self.validators]
        known = [(one, score, score.value) for one, score in said if score.value is not None]
        names = ",".join(one.name for one in self.validators)
        good = all(_passes(one, score) for one, score in said)
        worst = min(known, key=lambda each: each[2] - each[0].threshold, default=None)
        return Judgement(
            decision_id=case.decision_id,
            name=self.name,
            author=names,
            method=self.method,
            score=None if worst is None else worst[2],
            good=None if worst is None else good,
            note="no verdict: no validator could tell" if worst is None else f"{worst[0].name}: {worst[1].reason}",
            criteria=hashlib.sha256(names.encode("utf-8", "replace")).hexdigest()[:12],
            cost_nano=0,
        )


def conversation(case: Case) -> tuple[Message, ...]:
    """What was asked, as the router takes it; roles that it does not know count as the user's."""
    return tuple(Message(_ROLES.get(role, "user"), text) for role, text in case.messages)


def _passes(validator: Validator, score: Score) -> bool:
    return score.passes_unknown if score.value is None else score.value >= validator.threshold
