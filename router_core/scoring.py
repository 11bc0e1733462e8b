"""How a complete answer is scored: validators of the answer alone first, those that ask other models after them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing

from router_core import semconv
from router_core.branch import Branch
from router_core.branches import Branches
from router_core.events import BranchStarted, Event, Scored
from router_core.merge import merge
from router_core.result import ScoreRecord
from router_core.run import Run
from router_core.validators.base import CompleteAnswer, Validator
from router_core.validators.schema import Schema


class Scoring:
    """Scores the answers of runs. Holds nothing of a run itself."""

    def __init__(self, branches: Branches, validators: Mapping[str, Validator]) -> None:
        self._branches = branches
        self._validators = validators

    async def judge(self, run: Run, branch: Branch, *, last: bool) -> AsyncGenerator[Event]:
        """Score a complete answer: validators of the answer alone first, those that need probes only if these pass."""
        if branch.completion is None:
            return
        validators = self._validators_of(run)
        for validator in [v for v in validators if not v.probes]:
            yield self._score(run, branch, validator, ())
        for validator in [v for v in validators if v.probes]:
            # The last branch is given whatever it scores: probes would be money for nothing.
            if last or not branch.passed:
                break
            siblings: list[Branch] = []
            async with aclosing(self._probe(run, branch, validator, siblings)) as events:
                async for event in events:
                    yield event
            yield self._score(run, branch, validator, siblings)

    def _validators_of(self, run: Run) -> list[Validator]:
        validators = [self._validators[name] for name in run.validators]
        asked = run.request.response_schema is not None
        if asked and run.target.route.stream != "immediate" and not any(isinstance(v, Schema) for v in validators):
            validators.append(Schema("schema", 1.0, None))
        return validators

    async def _probe(
        self, run: Run, branch: Branch, validator: Validator, siblings: list[Branch]
    ) -> AsyncGenerator[Event]:
        assert run.eligibility is not None
        started = []
        for model in validator.probes:
            allowed = model in run.eligibility.models and model != branch.model
            if allowed and self._branches.refusal(run, model) is None:
                reason = f"{validator.name} compares its answer with {branch.model}'s"
                probe = self._branches.start(run, "probe", model, reason)
                started.append(probe)
                yield BranchStarted(probe.index, "probe", model, reason, False, probe.started_ns / 1e6)
        since = run.timeline.elapsed_ns()
        events = merge([self._branches.call(run, probe) for probe in started])
        try:
            async for event in events:
                yield event
        finally:
            await events.aclose()
        run.waited_ns += run.timeline.elapsed_ns() - since
        siblings += [probe for probe in started if probe.completion is not None]

    def _score(self, run: Run, branch: Branch, validator: Validator, siblings: Sequence[Branch]) -> Scored:
        span = run.trace.child(f"{semconv.SPAN_VALIDATE} {validator.name}")
        score = validator.score(_complete(branch), [_complete(sibling) for sibling in siblings], run.request)
        passed = score.value >= validator.threshold
        record = ScoreRecord(validator.name, score.value, validator.threshold, passed, score.reason)
        branch.scores = (*branch.scores, record)
        run.trace.end(
            span,
            {
                semconv.VALIDATOR: validator.name,
                semconv.SCORE: score.value,
                semconv.THRESHOLD: validator.threshold,
                semconv.PASSED: passed,
                semconv.VALIDATED_BRANCH: branch.index,
            },
        )
        return Scored(branch.index, record)


def _complete(branch: Branch) -> CompleteAnswer:
    return CompleteAnswer(
        branch.text, None if branch.completion is None else branch.completion.finish_reason, branch.model
    )
