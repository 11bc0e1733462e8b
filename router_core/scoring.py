"""How a complete answer is scored: validators of the answer alone first, those that have others asked after them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from router_core import semconv
from router_core.branch import Branch
from router_core.branches import Branches, tokens_of
from router_core.events import BranchStarted, Event, Scored
from router_core.guard import Exclusion
from router_core.merge import merge
from router_core.policy.schema import AllCombination, CombinationEntry, IntentOverride, WeightedCombination
from router_core.result import ScoreRecord
from router_core.run import Run
from router_core.validators.base import Ask, Asked, CompleteAnswer, Validator
from router_core.validators.combination import combine, is_open
from router_core.validators.custom import Custom
from router_core.validators.functions import Functions
from router_core.validators.schema import Schema


@dataclass(frozen=True, slots=True)
class _Bar:
    """A validator, and what its score must reach in this request."""

    validator: Validator
    threshold: float
    weight: float | None

    @property
    def name(self) -> str:
        return self.validator.name


class Scoring:
    """Scores the answers of runs. Holds nothing of a run itself."""

    def __init__(self, branches: Branches, validators: Mapping[str, Validator]) -> None:
        self._branches = branches
        self._validators = validators

    async def judge(self, run: Run, branch: Branch, *, last: bool) -> AsyncGenerator[Event]:
        """Score a complete answer.

        Validators that have others asked speak last, and only while they could still change the verdict. On the
        ``last`` branch they are left out: its answer is given whatever it scores.
        """
        if branch.completion is None:
            return
        bars, combination = self._bars(run, branch)
        for bar in bars:
            if not bar.validator.asking:
                scored = await self._score(run, branch, bar, (), combination)
                if run.tells:
                    yield scored
        waiting = [] if last else [bar for bar in bars if bar.validator.asking]
        while waiting and is_open(combination, branch.scores, [bar.name for bar in waiting]):
            bar = waiting.pop(0)
            asked: list[Asked] = []
            async with aclosing(self._ask(run, branch, bar.validator, asked)) as events:
                async for event in events:
                    yield event
            yield await self._score(run, branch, bar, asked, combination)
        branch.judged = True

    def _bars(self, run: Run, branch: Branch) -> tuple[list[_Bar], CombinationEntry]:
        """The request's validators with their thresholds, and how their scores become a verdict.

        A schema that comes with the request is checked even where the policy names no such validator, and must hold
        whatever the weights say; so are functions that it offers. An answer that calls one is no text, so that nothing
        else is asked of it.
        """
        if branch.calls:
            return [_Bar(_FUNCTIONS, _FUNCTIONS.threshold, None)], _ALL
        route, override = run.target.route, _override(run)
        thresholds = {**route.thresholds, **override.thresholds}
        combination = route.combine if override.combine is None else override.combine
        weights = combination.weights if isinstance(combination, WeightedCombination) else None
        bars = []
        for name in run.validators:
            validator = self._validators[name]
            threshold = thresholds.get(name, validator.threshold)
            bars.append(_Bar(validator, threshold, None if weights is None else weights.get(name, 1.0)))
        asked = run.request.response_schema is not None
        if asked and route.stream != "immediate" and not any(isinstance(bar.validator, Schema) for bar in bars):
            bars.append(_Bar(Schema("schema", 1.0, None), 1.0, None if weights is None else 1.0))
            if isinstance(combination, WeightedCombination):
                combination = combination.model_copy(update={"required": (*combination.required, "schema")})
        if run.request.function_choice not in (None, "auto", "none"):
            # It had to call one, and says something instead.
            return [_Bar(_FUNCTIONS, _FUNCTIONS.threshold, None)], _ALL
        return bars, combination

    async def _ask(self, run: Run, branch: Branch, validator: Validator, asked: list[Asked]) -> AsyncGenerator[Event]:
        """Make the calls that a validator wants, side by side; what became of each goes into ``asked``, in order."""
        made: list[tuple[Ask, Branch | str]] = []
        for ask in validator.asks(_complete(branch), run.request):
            refusal = self._refusal(run, ask)
            if refusal is not None:
                made.append((ask, refusal))
                continue
            extra = await self._branches.start(run, ask.kind, ask.model, ask.reason, ask=ask)
            if isinstance(extra, Exclusion):
                made.append((ask, extra.reason))
                continue
            made.append((ask, extra))
            yield BranchStarted(extra.index, ask.kind, ask.model, ask.reason, False, extra.started_ns / 1e6)
        since = run.timeline.elapsed_ns()
        events = merge([self._branches.call(run, extra) for _, extra in made if isinstance(extra, Branch)])
        try:
            async for event in events:
                yield event
        finally:
            await events.aclose()
        run.waited_ns += run.timeline.elapsed_ns() - since
        asked += [_outcome(ask, extra) for ask, extra in made]

    def _refusal(self, run: Run, ask: Ask) -> str | None:
        """Why a call may not be made, beside what `Branches.start` says: what holds for answers holds for all calls."""
        assert run.eligibility is not None
        if ask.model not in run.eligibility.models:
            exclusion = run.eligibility.exclusions.get(ask.model)
            return "it may not be asked" if exclusion is None else exclusion.reason
        needed = sum(tokens_of(run, ask))
        if needed > run.target.models[ask.model].context_window:
            return f"about {needed:,} tokens do not fit its context window"
        return None if run.in_time else "the deadline passed"

    async def _score(
        self, run: Run, branch: Branch, bar: _Bar, asked: Sequence[Asked], combination: CombinationEntry
    ) -> Scored:
        span = run.trace.child(f"{semconv.SPAN_VALIDATE} {bar.name}")
        validator, answer = bar.validator, _complete(branch)
        if isinstance(validator, Custom):
            since = run.timeline.elapsed_ns()
            score = await validator.score_aside(answer, run.request, run.seconds_left())
            run.waited_ns += run.timeline.elapsed_ns() - since
        else:
            score = validator.score(answer, asked, run.request)
        passed = score.passes_unknown if score.value is None else score.value >= bar.threshold
        record = ScoreRecord(bar.name, score.value, bar.threshold, passed, score.reason, bar.weight)
        branch.scores = (*branch.scores, record)
        branch.verdict = combine(combination, branch.scores)
        run.trace.end(
            span,
            {
                semconv.VALIDATOR: record.validator,
                semconv.SCORE: record.score,
                semconv.THRESHOLD: record.threshold,
                semconv.PASSED: record.passed,
                semconv.WEIGHT: record.weight,
                semconv.VALIDATED_BRANCH: branch.index,
            },
        )
        return Scored(branch.index, record)


_FUNCTIONS = Functions()
_ALL = AllCombination.model_construct(kind="all")
# Not checked: building the types for that would cost 15 ms here, and they hold nothing.
_NO_OVERRIDE = IntentOverride.model_construct()


def _override(run: Run) -> IntentOverride:
    """What the route does otherwise for the request's intent."""
    assert run.signals is not None
    return run.target.route.intents.get(run.signals.intent, _NO_OVERRIDE)


def _outcome(ask: Ask, extra: Branch | str) -> Asked:
    if isinstance(extra, str):
        return Asked(ask.model, None, extra)
    if extra.completion is None:
        return Asked(ask.model, None, f"it failed ({extra.error_type or 'cancelled'})")
    return Asked(ask.model, _complete(extra))


def _complete(branch: Branch) -> CompleteAnswer:
    completion = branch.completion
    if completion is None:
        return CompleteAnswer(branch.text, None, branch.model)
    said = (branch.text, completion.finish_reason, branch.model, completion.mean_logprob)
    return CompleteAnswer(*said, calls=completion.calls)
