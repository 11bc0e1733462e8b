"""Which models are asked, in which order, and how often: retries, fallbacks, escalations, several side by side.

A round asks one model, or at first as many as the route's fan-out says. After each round there is an answer that
settles the request, or another model is asked: upwards after a low score, to a fallback after a failure.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal, TypeAlias

from router_core import aggregate, escalation
from router_core.branch import Branch
from router_core.branches import Branches
from router_core.clock import Clock
from router_core.errors import AllBranchesFailed, ProviderError
from router_core.events import BranchStarted, Escalated, Event
from router_core.fleet import Fleet
from router_core.guard import Exclusion
from router_core.merge import merge
from router_core.run import Run
from router_core.scoring import Scoring
from router_core.strategies.base import PlannedModel

Cause: TypeAlias = Literal["escalation", "fallback"]


@dataclass(frozen=True, slots=True)
class Round:
    """Models to be asked side by side, and why."""

    places: tuple[PlannedModel, ...]
    reason: str
    tried: frozenset[str]
    """All models asked or passed over so far, these included."""


class Attempts:
    """Asks the models of a plan until an answer settles the request or nobody is left. Holds nothing of a run."""

    def __init__(self, branches: Branches, scoring: Scoring, fleet: Fleet, clock: Clock) -> None:
        self._branches = branches
        self._scoring = scoring
        self._fleet = fleet
        self._clock = clock

    async def ask(self, run: Run) -> AsyncGenerator[Event]:
        """Every event from the first branch to the last.

        Raises:
            AllBranchesFailed: an answer broke off after its first token had gone out.
        """
        assert run.plan is not None
        tried: set[str] = set()
        places = self._first(run, tried)
        reason = run.plan.reason
        heard: tuple[Round, list[Branch]] | None = None
        while places and run.in_time:
            ended: list[Branch] = []
            this = Round(places, reason, frozenset(tried))
            asked = self._model(run, this, places[0], ended) if len(places) == 1 else self._race(run, this, ended)
            async with aclosing(asked) as events:
                async for event in events:
                    yield event
            if aggregate.settles(run.target.route.aggregator, finished_of(run)):
                return
            if ended:
                heard = this, ended
            if heard is None:  # all were refused at the last moment, so it begins with those after them
                places = self._first(run, tried)
                continue
            this, ended = heard
            last = ended[-1]
            failed = all(branch.outcome == "failed" for branch in ended)
            cause: Cause = "fallback" if failed else "escalation"
            following = (
                self._after_failure(run, this, last, tried) if failed else self._higher(run, this.places[-1], tried)
            )
            if following is None:
                return
            reason = _why(ended)
            run.fell_back = run.fell_back or failed
            run.escalated = run.escalated or not failed
            yield Escalated(cause, last.model, following.model, reason)
            places = (following,)

    # --- one round ---------------------------------------------------------------------------------------------

    async def _race(self, run: Run, this: Round, ended: list[Branch]) -> AsyncGenerator[Event]:
        """Ask several models side by side. ``ended`` gets the last branch of each that came to an end."""
        since = run.timeline.elapsed_ns()
        waited = run.waited_ns
        first_wins = run.target.route.aggregator == "first_accepted"
        async with aclosing(merge([self._model(run, this, place, ended) for place in this.places])) as events:
            async for event in events:
                yield event
                if first_wins and any(branch.passed for branch in ended):
                    break
        for branch in run.branches:
            if branch.outcome is None and branch.completion is None:
                branch.outcome = "cancelled"  # overtaken: what it has cost so far is estimated
                run.close_branch(branch)
        # Side by side, waiting counts once; what the router did in between cannot be told apart from it.
        run.waited_ns = waited + run.timeline.elapsed_ns() - since

    async def _model(self, run: Run, this: Round, place: PlannedModel, ended: list[Branch]) -> AsyncGenerator[Event]:
        """One model, asked again while a second attempt may help, then its score. ``ended``: see `_race`."""
        assert run.plan is not None
        higher = escalation.after_rejection(run.plan, place, this.tried)
        final = len(this.places) == 1 and self._is_final(run, higher)
        reason, attempt = this.reason, 1
        branch = await self._branches.start(run, "model", place.model, reason, final=final)
        if isinstance(branch, Exclusion):
            run.passed_over[place.model] = branch  # what is asked side by side may have taken the rest of the caps
            return
        while True:
            if run.tells:
                yield BranchStarted(branch.index, "model", place.model, reason, final, branch.started_ns / 1e6)
            async with aclosing(self._branches.call(run, branch)) as events:
                async for event in events:
                    yield event
            delay = self._delay(run, branch, attempt)
            if delay is None:
                break
            reason = f"attempt {attempt + 1} after {delay:.2f} s: {branch.error}"
            attempt += 1
            since = run.timeline.elapsed_ns()
            await self._clock.sleep(delay)
            run.waited_ns += run.timeline.elapsed_ns() - since
            again = await self._branches.start(run, "model", place.model, reason, final=final)
            if isinstance(again, Exclusion):
                break  # it may not be called any more, so the failure stands and the next model is due
            branch = again
        if branch.outcome == "failed" and run.watched and final and branch.first_chunk_ns is not None:
            raise AllBranchesFailed(f"{branch.model} failed after its answer had begun: {branch.error}")
        async with aclosing(self._scoring.judge(run, branch, last=higher is None)) as events:
            async for event in events:
                yield event
        ended.append(branch)

    def _delay(self, run: Run, branch: Branch, attempt: int) -> float | None:
        """Seconds until the same model is asked again; None when it is not."""
        error = branch.error
        if not isinstance(error, ProviderError) or (run.watched and branch.final and branch.first_chunk_ns is not None):
            return None
        if self._branches.refusal(run, branch.model) is not None:
            return None
        return self._fleet.health.retry_delay(branch.model, error, attempt, run.seconds_left())

    @staticmethod
    def _is_final(run: Run, higher: PlannedModel | None) -> bool:
        """Whether a branch's tokens may go out as they come: nothing can replace it once it has begun."""
        route = run.target.route
        if route.stream == "immediate":
            return True
        return higher is None and route.aggregator == "first_accepted"

    # --- who is next -------------------------------------------------------------------------------------------

    def _first(self, run: Run, tried: set[str]) -> tuple[PlannedModel, ...]:
        """The first models of the plan that may be called, as many as the route asks side by side."""
        assert run.plan is not None
        plan, places = run.plan, list[PlannedModel]()
        while len(places) < run.target.route.fan_out:
            place = self._allowed(run, tried, lambda: next((m for m in plan.models if m.model not in tried), None))
            if place is None:
                break
            places.append(place)
        return tuple(places)

    def _higher(self, run: Run, last: PlannedModel, tried: set[str]) -> PlannedModel | None:
        assert run.plan is not None
        plan = run.plan
        return self._allowed(run, tried, lambda: escalation.after_rejection(plan, last, tried))

    def _after_failure(self, run: Run, this: Round, failed: Branch, tried: set[str]) -> PlannedModel | None:
        assert run.plan is not None
        assert run.eligibility is not None
        plan, models = run.plan, run.target.models
        eligible = [name for name in run.eligibility.models if name not in run.target.only_asked]
        route = run.target.route
        last = next(place for place in this.places if place.model == failed.model)
        return self._allowed(
            run, tried, lambda: escalation.after_failure(plan, last, tried, models, eligible, failed.error, route)
        )

    def _allowed(self, run: Run, tried: set[str], propose: Callable[[], PlannedModel | None]) -> PlannedModel | None:
        """The first proposal that the caps allow; the others are noted with the reason. All of them count as tried."""
        while (place := propose()) is not None:
            tried.add(place.model)
            refusal = self._branches.refusal(run, place.model)
            if refusal is None:
                return place
            run.passed_over[place.model] = refusal
            if run.ledger.full:
                return None
        return None


def finished_of(run: Run) -> list[aggregate.Finished]:
    """The complete answers of a run's models, in the order of completion; none that a race left half judged."""
    complete = [branch for branch in run.branches if branch.kind == "model" and branch.judged]
    complete.sort(key=lambda branch: (branch.ended_ns or 0, branch.index))
    scores = [None if branch.deciding is None else branch.deciding.score for branch in complete]
    return [aggregate.Finished(b.index, score, b.passed, b.written) for b, score in zip(complete, scores, strict=True)]


def _why(ended: Sequence[Branch]) -> str:
    """Why another model is asked, in words."""
    reasons = []
    for branch in ended:
        deciding = branch.deciding
        if branch.outcome == "failed":
            reasons.append(f"{branch.model} failed: {branch.error}")
        elif not branch.passed and deciding is not None:
            reasons.append(f"{branch.model} scored low on {deciding.validator}: {deciding.reason}")
    return "; ".join(reasons) or "the answers do not agree"
