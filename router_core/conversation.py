"""A request as a turn of a conversation: whom its session and its tool loop put first, and what became of that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from router_core import semconv
from router_core.escalation import after_rejection
from router_core.pricing import Nano, to_usd
from router_core.sessions import OWN_PURPOSES, Session, Sessions, cold_cost, place_of
from router_core.strategies.base import Plan
from router_core.strategies.precedence import put_first

if TYPE_CHECKING:
    from router_core.branch import Branch
    from router_core.run import Run

Stay: TypeAlias = Literal["begun", "stayed", "left"]
"""begun: nobody is known to have answered the conversation before. stayed: who did, answered again."""

_MOST_WORDS: Final = 300


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a turn stands to the one before it."""

    stay: Stay
    cold_nano: Nano | None = None
    """Of a conversation that was left: what reading it anew costs over a warm cache; None where unknown."""
    words: str = ""
    """A sentence about a conversation that was left."""


async def recall(run: Run, sessions: Sessions) -> None:
    """Look up the session of a request, when its route is sticky."""
    sticky = run.target.route.sticky
    if sticky is None or run.request.purpose not in OWN_PURPOSES:
        return
    run.place = place_of(run.request, run.target.name, sticky.ttl_s, sticky.max_conversations)
    run.session = await sessions.recall(run.place)


async def remember(run: Run, sessions: Sessions) -> None:
    """Leave to the next turn which model answered. What tools and the cache answer changes nothing."""
    chosen = run.chosen
    if run.place is None or chosen is None or chosen.kind != "model":
        return
    session = Session(chosen.model, chosen.usage.total)
    await sessions.remember(run.place, session, run.request.context.tenant, run.decision_id)


def ordered(run: Run, plan: Plan) -> Plan:
    """The strategy's plan, with the model in front that the conversation asks for.

    Among what guard, budgets and strategy left, and nobody else: first the one that answered before; when the last tool
    calls went badly, the next one above that.
    """
    least, session, signals = run.target.route.escalate_on_tool_trouble, run.session, run.signals
    if least is None and session is None:
        return plan
    assert signals is not None
    rank = {tier: place for place, tier in enumerate(run.loaded.policy.tiers)}
    if session is not None and any(place.model == session.model for place in plan.models):
        reason = f"stayed with {session.model} since it answered this conversation before"
        plan = put_first(plan, session.model, rank, reason)
    if least is None or not plan.models or signals.tool_trouble < least or not signals.tool_rounds:
        return plan
    first = plan.models[0]
    higher = after_rejection(plan, first, {first.model})
    if higher is None:
        return plan
    reason = (
        f"the last tool calls went badly ({_trouble(run)}: {signals.tool_trouble:.2f} of {least:.2f}), so that a "
        f"stronger model than {first.model} goes on"
    )
    return put_first(plan, higher.model, rank, reason)


def outcome_of(run: Run) -> Outcome | None:
    """What became of staying; None for a route that is not sticky, and while nobody answers or would."""
    if run.place is None:
        return None
    session = run.session
    if session is None:
        return Outcome("begun")
    chosen = run.chosen
    if chosen is None:  # an explanation, or a request that failed
        first = None if run.error is not None or run.plan is None or not run.plan.models else run.plan.models[0].model
        if first is None or first == session.model:
            return None if first is None else Outcome("stayed")
        return _left(run, session, first, None)
    if chosen.kind != "model":
        return None
    return Outcome("stayed") if chosen.model == session.model else _left(run, session, chosen.model, chosen)


def cold_usd(run: Run, model: str) -> float | None:
    """USD that a model would take for reading the conversation anew; None where unknown, or where it need not."""
    if run.session is None or run.session.model == model or run.signals is None:
        return None
    return to_usd(cold_cost(run.prices.get(model), run.session.cold_tokens(run.signals.input_tokens, None)))


def attributes(outcome: Outcome | None, session: Session | None) -> Mapping[str, Any]:
    """What the root span says of it."""
    if outcome is None:
        return {}
    return {
        semconv.SESSION_OUTCOME: outcome.stay,
        semconv.SESSION_MODEL: None if session is None else session.model,
        semconv.SESSION_COLD_CACHE_NANO: outcome.cold_nano,
    }


def _left(run: Run, session: Session, model: str, chosen: Branch | None) -> Outcome:
    assert run.signals is not None
    usage = None if chosen is None else chosen.usage
    incoming = run.signals.input_tokens if usage is None or usage.input_tokens is None else usage.input_tokens
    tokens = session.cold_tokens(incoming, None if usage is None else usage.cache_read_tokens)
    nano = cold_cost(run.prices.get(model), tokens)
    if nano is None:
        cost = "what reading the conversation anew costs is not known"
    else:
        cost = f"reading about {tokens:,} tokens of it anew costs ${nano / 1e9:.6f} more than from a warm cache"
    words = f"It left {session.model}, which answered this conversation before ({_why(run, session.model)}); {cost}."
    return Outcome("left", nano, words)


def _why(run: Run, model: str) -> str:
    """Why a model did not answer again."""
    asked = next(
        (branch for branch in reversed(run.branches) if branch.model == model and branch.kind == "model"), None
    )
    if asked is not None and asked.outcome == "failed":
        return f"it failed: {asked.error}"[:_MOST_WORDS]
    if asked is not None:
        deciding = asked.deciding
        low = deciding is not None and not deciding.passed
        return f"it scored low on {deciding.validator}" if deciding is not None and low else "another answer was chosen"
    for out in (run.passed_over.get(model), None if run.eligibility is None else run.eligibility.exclusions.get(model)):
        if out is not None:
            return f"{out.excluded_by}: {out.reason}"[:_MOST_WORDS]
    if run.plan is not None and (why := run.plan.left_out.get(model)) is not None:
        return why[:_MOST_WORDS]
    if run.plan is not None and any(place.model == model for place in run.plan.models):
        return run.plan.reason[:_MOST_WORDS]
    return "the route does not use it any more"


def _trouble(run: Run) -> str:
    signals = run.signals
    assert signals is not None
    parts = (
        (signals.tool_errors, "said an error"),
        (signals.tool_repeats, "repeated an earlier one"),
        (signals.tool_rounds, "rounds"),
    )
    return ", ".join(f"{count} {words}" for count, words in parts if count)
