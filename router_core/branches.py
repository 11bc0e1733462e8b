"""How a branch is made: started under the caps, and called.

The router decides which branch comes next; here is what happens in one.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import AsyncGenerator
from dataclasses import replace

from opentelemetry.trace import SpanKind

from router_core import semconv
from router_core.affordable import unchecked
from router_core.branch import Branch
from router_core.errors import ProviderError, ProviderFault
from router_core.events import BranchEnded, Event, Token
from router_core.fleet import Fleet
from router_core.guard import Exclusion
from router_core.policy.schema import LogprobValidator, Model
from router_core.pricing import Nano
from router_core.providers.base import Call
from router_core.result import BranchKind
from router_core.run import Run
from router_core.state.ledger import Reservation
from router_core.state.purse import Refusal
from router_core.validators.base import Ask

log = logging.getLogger("routescope.router")


class Branches:
    """Starts and calls the branches of runs. Holds nothing of a run itself."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def refusal(self, run: Run, model: str, ask: Ask | None = None) -> Exclusion | None:
        """Why a model may not be called now: its breaker has opened, or the caps do not allow it. None when it may."""
        readiness = self._fleet.readiness(model)
        if not readiness.ready:
            return Exclusion(readiness.excluded_by, readiness.reason, readiness.passing)
        tokens = tokens_of(run, ask)
        refusal = run.ledger.refusal(run.most(model, *tokens), sum(tokens))
        return None if refusal is None else Exclusion(refusal.by, refusal.reason)

    async def start(
        self, run: Run, kind: BranchKind, model: str, reason: str, *, final: bool = False, ask: Ask | None = None
    ) -> Branch | Exclusion:
        """Begin a branch: its deployment, its span, its reservation, its place in the run; or say why it may not.

        Writing to a budget that several processes share takes time: it may be used up then, or the model gone.
        """
        if (refusal := self.refusal(run, model, ask)) is not None:
            return refusal
        await self._fleet.ask_to_probe(model)
        incoming, outgoing = tokens_of(run, ask)
        reservation = await _reserved(run, run.most(model, incoming, outgoing), incoming + outgoing)
        if isinstance(reservation, Refusal):
            return Exclusion(reservation.by, reservation.reason)
        before = [branch for branch in run.branches if branch.model == model]
        failed = {branch.berth.place for branch in before if branch.berth and branch.outcome == "failed"}
        berth = self._fleet.enter(model, failed, retry=bool(before))
        if berth is None:
            run.ledger.settle(reservation, 0, 0)
            gone = self._fleet.readiness(model)
            return Exclusion(gone.excluded_by, gone.reason or "it could not be called just then", gone.passing)
        branch = Branch(
            index=len(run.branches),
            kind=kind,
            model=model,
            tier=run.target.models[model].tier,
            reason=reason,
            span=run.trace.child(f"{semconv.SPAN_BRANCH} {model}", SpanKind.CLIENT),
            started_ns=run.timeline.elapsed_ns(),
            final=final,
            reservation=reservation,
            price=run.prices.get(model),
            provider_name=berth.provider.name,
            berth=berth,
            location=run.target.models[model].location,
            input_estimate=incoming,
            ask=ask,
        )
        run.branches.append(branch)
        return branch

    async def call(self, run: Run, branch: Branch) -> AsyncGenerator[Event]:
        """Stream one branch to its end; a failure of the provider becomes its outcome."""
        assert branch.berth is not None
        call = _call(run, branch)
        texts = branch.run(branch.berth.provider, call, run.timeline)
        try:
            async for text in texts:
                if branch.final and run.first_visible_ns is None:
                    run.first_visible_ns = run.timeline.elapsed_ns()
                if run.tells:
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
            branch.leave(call.timeout_s)
        if branch.kind == "model":
            run.waited_ns += branch.waited_ns
        if branch.outcome == "failed" and branch.final and not run.watched:
            run.first_visible_ns = None  # nobody saw the tokens, and others take their place
        if run.tells:
            yield BranchEnded(branch.record(), run.timeline.elapsed_ms())
        if branch.outcome == "failed":
            run.close_branch(branch)


async def _reserved(run: Run, nano: Nano | None, tokens: int) -> Reservation | Refusal:
    """Set aside what a call may take. Where the budgets turn out to be away and fail open, the decision says so.

    Raises:
        StateUnavailable: they are away and fail closed.
    """
    purse = run.ledger.purse
    before = None if purse is None else purse.unchecked
    reservation = await run.ledger.reserve(nano, tokens)
    if purse is not None and purse.unchecked != before:
        assert run.eligibility is not None
        run.eligibility = unchecked(purse, run.eligibility)
    return reservation


def tokens_of(run: Run, ask: Ask | None) -> tuple[int, int]:
    """Tokens that a call is expected to take in, and the most that it may give out."""
    assert run.signals is not None
    incoming = run.signals.input_tokens
    if ask is not None and ask.messages is not None:
        from router_core.signals.length import estimate_tokens

        incoming = estimate_tokens(message.content for message in ask.messages)
    limit = None if ask is None else ask.max_output_tokens
    return incoming, run.max_output_tokens if limit is None else limit


def _call(run: Run, branch: Branch) -> Call:
    """What the provider is asked: the request's own conversation, or what a validator wants asked."""
    assert run.signals is not None
    request, ask, model = run.request, branch.ask, run.target.models[branch.model]
    call = Call(
        model=branch.model,
        messages=request.messages,
        timeout_s=min(model.timeout_s, max(run.seconds_left(), 0.001)),
        first_token_timeout_s=model.first_token_timeout_s,
        max_output_tokens=run.max_output_tokens,
        temperature=request.temperature,
        seed=request.seed,
        stop=request.stop,
        response_schema=request.response_schema,
        functions=request.functions,
        function_choice=request.function_choice,
        parallel_calls=request.parallel_calls,
        top_p=request.top_p,
        presence_penalty=request.presence_penalty,
        frequency_penalty=request.frequency_penalty,
        intent=run.signals.intent,
        logprobs=ask is None and _wants_logprobs(run),
        whole=_is_wanted_whole(run, model),
    )
    if ask is None:
        return call
    call = replace(
        call,
        temperature=call.temperature if ask.temperature is None else ask.temperature,
        seed=None if call.seed is None else call.seed + ask.sample,
        # What is compared with an answer in words has to be one.
        function_choice="none" if call.functions else None,
    )
    if ask.messages is None:
        return call
    _, limit = tokens_of(run, ask)
    schema = ask.response_schema if "json" in model.capabilities else None
    own = replace(call, messages=ask.messages, max_output_tokens=limit, stop=(), response_schema=schema)
    return replace(own, functions=(), function_choice=None, parallel_calls=None) if own.functions else own


def _is_wanted_whole(run: Run, model: Model) -> bool:
    """Whether nobody looks at an answer's beginning: neither the caller nor a timeout, nor a race, which bills what an
    overtaken model had written by then."""
    return not run.watched and model.first_token_timeout_s is None and run.target.route.fan_out == 1


def _wants_logprobs(run: Run) -> bool:
    validators = run.loaded.policy.validators
    return any(isinstance(validators.get(name), LogprobValidator) for name in run.validators)
