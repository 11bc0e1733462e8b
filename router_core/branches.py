"""How a branch is made: started under the caps, called, and its answer scored.

The router decides which branch comes next; here is what happens in one.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing

from opentelemetry.trace import SpanKind

from router_core import semconv
from router_core.branch import Branch
from router_core.errors import ProviderError, ProviderFault
from router_core.events import BranchEnded, BranchStarted, Event, Scored, Token
from router_core.merge import merge
from router_core.providers.base import Call, Provider
from router_core.result import BranchKind, ScoreRecord
from router_core.run import Run
from router_core.validators.base import CompleteAnswer, Validator
from router_core.validators.schema import Schema

log = logging.getLogger("routescope.router")


class Branches:
    """Starts, calls and scores the branches of runs. Holds nothing of a run itself."""

    def __init__(self, providers: Mapping[str, Provider], validators: Mapping[str, Validator]) -> None:
        self._providers = providers
        self._validators = validators

    @staticmethod
    def refusal(run: Run, model: str) -> str | None:
        """Why the request's caps do not allow one more call of this model; None when they do."""
        assert run.signals is not None
        price = run.prices.get(model)
        incoming, outgoing = run.signals.input_tokens, run.max_output_tokens
        return run.ledger.refusal(None if price is None else price.expected(incoming, outgoing), incoming + outgoing)

    def start(self, run: Run, kind: BranchKind, model: str, reason: str, *, final: bool = False) -> Branch:
        """Begin a branch: its span, its reservation, its place in the run. Ask `refusal` first."""
        assert run.signals is not None
        price = run.prices.get(model)
        incoming, outgoing = run.signals.input_tokens, run.max_output_tokens
        most = None if price is None else price.expected(incoming, outgoing)
        branch = Branch(
            index=len(run.branches),
            kind=kind,
            model=model,
            tier=run.target.models[model].tier,
            reason=reason,
            span=run.trace.child(f"{semconv.SPAN_BRANCH} {model}", SpanKind.CLIENT),
            started_ns=run.timeline.elapsed_ns(),
            final=final,
            reservation=run.ledger.reserve(most, incoming + outgoing),
            price=price,
            provider_name=self._providers[model].name,
            input_estimate=incoming,
        )
        run.branches.append(branch)
        return branch

    async def call(self, run: Run, branch: Branch) -> AsyncGenerator[Event]:
        """Stream one branch to its end; a failure of the provider becomes its outcome."""
        assert run.signals is not None
        request = run.request
        call = Call(
            model=branch.model,
            messages=request.messages,
            timeout_s=min(run.target.models[branch.model].timeout_s, max(run.seconds_left(), 0.001)),
            max_output_tokens=run.max_output_tokens,
            temperature=request.temperature,
            seed=request.seed,
            stop=request.stop,
            response_schema=request.response_schema,
            intent=run.signals.intent,
        )
        texts = branch.run(self._providers[branch.model], call, run.timeline)
        try:
            async for text in texts:
                if branch.final and run.first_visible_ns is None:
                    run.first_visible_ns = run.timeline.elapsed_ns()
                yield Token(branch.index, text, branch.final)
        except ProviderError as error:
            branch.fail(error)
        except Exception as error:  # noqa: BLE001 (a provider is foreign code: another model can still answer)
            branch.fail(ProviderFault(f"the provider of {branch.model} is at fault ({type(error).__name__})"))
            # Without the error's own words: they may hold a key or a prompt.
            frames = "".join(traceback.format_tb(error.__traceback__))
            log.error("provider of %s raised %s\n%s", branch.model, type(error).__name__, frames)
        finally:
            await texts.aclose()
        branch.stop(run.timeline)
        if branch.kind == "model":
            run.waited_ns += branch.waited_ns
        yield BranchEnded(branch.record(), run.timeline.elapsed_ms())
        if branch.outcome == "failed":
            run.close_branch(branch)

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
            if allowed and self.refusal(run, model) is None:
                reason = f"{validator.name} compares its answer with {branch.model}'s"
                probe = self.start(run, "probe", model, reason)
                started.append(probe)
                yield BranchStarted(probe.index, "probe", model, reason, False, probe.started_ns / 1e6)
        since = run.timeline.elapsed_ns()
        events = merge([self.call(run, probe) for probe in started])
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
