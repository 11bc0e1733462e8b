"""One request while it is being routed: what is known so far, and the decision made of it at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from router_core import semconv
from router_core.baseline import Baseline, baseline_of, strongest
from router_core.branch import Branch
from router_core.clock import Timeline
from router_core.errors import RouteScopeError, RoutingError
from router_core.guard import Eligibility, Exclusion
from router_core.policy.loading import LoadedPolicy
from router_core.pricing import Nano, Price, to_usd
from router_core.reason import story
from router_core.request import RouteRequest
from router_core.result import CandidateRecord, Decision, Signals, Status
from router_core.signals.length import estimate_tokens
from router_core.state.ledger import RequestLedger
from router_core.strategies.base import Plan
from router_core.target import Target
from router_core.tracing import Trace, as_json


@dataclass(slots=True)
class Run:
    """The state of one request. Written by the router alone."""

    request: RouteRequest
    target: Target
    loaded: LoadedPolicy
    prices: Mapping[str, Price | None]
    timeline: Timeline
    decision_id: str
    trace: Trace
    ledger: RequestLedger
    simulated: bool
    signals: Signals | None = None
    eligibility: Eligibility | None = None
    plan: Plan | None = None
    candidates: tuple[CandidateRecord, ...] | None = None
    """As they stood when the plan was made; a cap may exclude some of them later."""
    baseline: Baseline | None = None
    capped: dict[str, str] = field(default_factory=dict)
    branches: list[Branch] = field(default_factory=list)
    chosen: Branch | None = None
    escalated: bool = False
    fell_back: bool = False
    error: RouteScopeError | None = None
    cancelled: bool = False
    first_visible_ns: int | None = None
    consumer_ns: int = 0
    """Time the consumer of our events kept us waiting: not our overhead."""
    waited_ns: int = 0
    """Time spent waiting for models and tools; branches side by side count once."""
    decision: Decision | None = None

    @property
    def max_output_tokens(self) -> int:
        """Tokens that an answer may take: the caller's number, never above the route's or the intent's."""
        limit = self.target.route.max_output_tokens
        override = None if self.signals is None else self.target.route.intents.get(self.signals.intent)  # type: ignore[call-overload]
        if override is not None and override.max_output_tokens is not None:
            limit = override.max_output_tokens
        asked = self.request.max_output_tokens
        return int(limit if asked is None else min(asked, limit))

    @property
    def validators(self) -> tuple[str, ...]:
        """Names of the validators that this request's answers must pass."""
        override = None if self.signals is None else self.target.route.intents.get(self.signals.intent)  # type: ignore[call-overload]
        if override is not None and override.validators is not None:
            return tuple(override.validators)
        return self.target.route.validators

    @property
    def baseline_model(self) -> str | None:
        """The strongest model that the guard left: rules and facts count, the plan's thrift does not."""
        left = () if self.eligibility is None else self.eligibility.models
        return strongest(left, self.target.models, self.loaded.policy.tiers)

    @property
    def common(self) -> dict[str, Any]:
        """Attributes of the root span and of every branch, so that a branch row stands alone."""
        return {
            semconv.DECISION_ID: self.decision_id,
            semconv.ROUTE: self.target.name,
            semconv.TENANT: self.request.context.tenant,
            semconv.PURPOSE: self.request.purpose,
            semconv.SIMULATED: self.simulated,
            semconv.INTENT: None if self.signals is None else self.signals.intent,
            semconv.POLICY_VERSION: self.loaded.version,
        }

    @property
    def keeps_content(self) -> bool:
        """Whether spans carry what people wrote; the sink decides how much of it stays."""
        return self.loaded.policy.telemetry.content != "off"

    def seconds_left(self) -> float:
        """Until the request's total deadline; the caller may shorten the route's, never lengthen it."""
        limit_ms = self.target.route.deadline_s * 1e3
        if self.request.context.deadline_ms is not None:
            limit_ms = min(limit_ms, self.request.context.deadline_ms)
        return (limit_ms - self.timeline.elapsed_ms()) / 1e3

    def close_branch(self, branch: Branch) -> None:
        """End a branch's span with all that is known of it. Once."""
        if branch.closed:
            return
        branch.closed = True
        if branch.ended_ns is None:
            branch.outcome = branch.outcome or "cancelled"
            branch.stop(self.timeline)
        if branch.reservation is not None and branch.reservation.open:
            self.ledger.settle(branch.reservation, branch.cost, branch.usage.total)
        attributes = {**self.common, **branch.attributes(content=self.keeps_content)}
        self.trace.end(branch.span, attributes, None if branch.error is None else str(branch.error))

    def settle(self) -> Decision:
        """Close everything and make the decision; the root span ends with it. Once, whatever happened."""
        if self.decision is not None:
            return self.decision
        for branch in self.branches:
            self._give_outcome(branch)
            self.close_branch(branch)
        self.decision = decision = build_decision(self)
        self.trace.end(self.trace.root, {**self.common, **self._root_attributes(decision)}, decision.error_message)
        return decision

    def _give_outcome(self, branch: Branch) -> None:
        if branch.outcome is not None:
            return
        if branch is self.chosen:
            branch.outcome = "accepted"
        elif branch.completion is None and branch.kind not in ("tool", "cache"):
            branch.outcome = "cancelled"
        else:
            branch.outcome = "compared" if branch.kind in ("probe", "judge") else "rejected"

    def _root_attributes(self, decision: Decision) -> dict[str, Any]:
        first = self.branches[0] if self.branches else None
        weakest = None if self.chosen is None else self.chosen.weakest
        baseline = self.baseline
        attributes: dict[str, Any] = {
            semconv.SCHEMA: semconv.SCHEMA_VERSION,
            semconv.SOURCE: "router",
            semconv.PARENT_DECISION_ID: decision.parent_decision_id,
            semconv.POLICY_NAME: decision.policy_name,
            semconv.STRATEGY: decision.strategy,
            semconv.RISK: decision.risk,
            semconv.DATA_CLASS: decision.data_class,
            semconv.STATUS: decision.status,
            semconv.CHOSEN: decision.chosen,
            semconv.CHOSEN_KIND: decision.chosen_kind,
            semconv.FIRST_MODEL: None if first is None else first.model,
            semconv.REASON: decision.reason,
            semconv.BRANCHES: len(decision.branches),
            semconv.ESCALATED: decision.escalated,
            semconv.FELL_BACK: decision.fell_back,
            semconv.FINAL_SCORE: None if weakest is None else weakest.score,
            semconv.COST_NANO: _sum(branch.cost for branch in self.branches),
            semconv.DISCARDED_COST_NANO: _sum(b.cost for b in self.branches if b.outcome != "accepted"),
            semconv.BASELINE_MODEL: decision.baseline_model,
            semconv.BASELINE_COST_NANO: None if baseline is None else baseline.cost,
            semconv.BASELINE_SOURCE: decision.baseline_source,
            semconv.INPUT_TOKENS: decision.input_tokens,
            semconv.OUTPUT_TOKENS: decision.output_tokens,
            semconv.TTFT_MS: decision.ttft_ms,
            semconv.OVERHEAD_MS: decision.overhead_ms,
            semconv.TAGS: list(decision.tags) or None,
            semconv.VERDICTS: as_json(decision.verdicts),
            semconv.CANDIDATES: as_json(decision.candidates),
            semconv.SIGNALS: as_json(decision.signals),
            semconv.LANGUAGE: decision.signals.language,
            semconv.INTENT_CONFIDENCE: decision.signals.intent_confidence,
            semconv.PROMPT_WORDS: decision.signals.words,
            semconv.PROMPT_CHARACTERS: decision.signals.characters,
            semconv.ERROR_TYPE: decision.error_type,
            semconv.ERROR_MESSAGE: decision.error_message,
        }
        if self.keeps_content:
            attributes[semconv.INPUT_MESSAGES] = as_json(self.request.messages)
        return attributes


def build_decision(run: Run, *, planned: bool = False) -> Decision:
    """The record of a run as it stands. ``planned``: an explanation, nothing was called."""
    assert run.signals is not None, "signals are read first, and reading them never fails"
    run.baseline = _baseline(run)
    request, chosen, baseline = run.request, run.chosen, run.baseline
    records = tuple(branch.record() for branch in run.branches)
    cost = None if planned else _sum(branch.cost for branch in run.branches)
    saved = baseline.cost - cost if baseline is not None and baseline.cost is not None and cost is not None else None
    elapsed = run.timeline.elapsed_ns()
    status: Status = "planned" if planned else _status(run)
    return Decision(
        decision_id=run.decision_id,
        trace_id=f"{run.trace.trace_id:032x}",
        created_at=run.timeline.started_at().isoformat(timespec="milliseconds"),
        policy_name=run.loaded.policy.name,
        policy_version=run.loaded.version,
        purpose=request.purpose,
        simulated=run.simulated,
        route=run.target.name,
        strategy=run.target.strategy_name,
        tenant=request.context.tenant,
        risk=request.context.risk,
        data_class=request.context.data_class,
        status=status,
        signals=run.signals,
        verdicts=() if run.eligibility is None else run.eligibility.verdicts,
        candidates=candidates_of(run) if run.candidates is None or run.capped else run.candidates,
        branches=records,
        chosen=None if chosen is None else chosen.model,
        chosen_kind=None if chosen is None else chosen.kind,
        reason=story(status, run.plan, run.branches, chosen, run.error, run.eligibility),
        cost_usd=to_usd(cost),
        baseline_model=None if baseline is None else baseline.model,
        baseline_cost_usd=None if baseline is None else to_usd(baseline.cost),
        baseline_source=None if baseline is None or baseline.cost is None else baseline.source,
        savings_usd=to_usd(saved),
        escalated=run.escalated,
        fell_back=run.fell_back,
        input_tokens=None if planned else _sum(record.input_tokens for record in records),
        output_tokens=None if planned else _sum(record.output_tokens for record in records),
        latency_ms=None if planned else elapsed / 1e6,
        ttft_ms=None if run.first_visible_ns is None else run.first_visible_ns / 1e6,
        overhead_ms=None if planned else max(elapsed - run.waited_ns - run.consumer_ns, 0) / 1e6,
        error_type=None if run.error is None else run.error.code,
        error_message=None if run.error is None else str(run.error),
        parent_decision_id=request.parent_decision_id,
        tags=request.context.tags,
    )


def candidates_of(run: Run) -> tuple[CandidateRecord, ...]:
    """Every model of the target: the planned ones in order, then the excluded ones, each with its reason."""
    planned = [] if run.plan is None else list(run.plan.models)
    left_out = {} if run.plan is None else run.plan.left_out
    exclusions = {} if run.eligibility is None else run.eligibility.exclusions
    records = []
    for place in planned:
        capped = run.capped.get(place.model)
        records.append(
            CandidateRecord(
                place.model,
                place.tier,
                place.score,
                place.propensity,
                None if capped is None else "cap",
                capped,
                to_usd(_expected(run, place.model)),
            )
        )
    names = {place.model for place in planned}
    for name, model in run.target.models.items():
        if name in names:
            continue
        why = exclusions.get(name)
        if why is None and name in left_out:
            why = Exclusion("plan", left_out[name])
        by, reason = (None, None) if why is None else (why.excluded_by, why.reason)
        records.append(CandidateRecord(name, model.tier, None, None, by, reason, to_usd(_expected(run, name))))
    return tuple(records)


def _expected(run: Run, model: str) -> Nano | None:
    price = run.prices.get(model)
    assert run.signals is not None
    return None if price is None else price.expected(run.signals.input_tokens, run.max_output_tokens)


def _baseline(run: Run) -> Baseline | None:
    """The baseline's tokens are those of the chosen answer; without one, there is nothing to compare."""
    if run.eligibility is None or run.signals is None or run.chosen is None:
        return None
    name = run.baseline_model
    if name is None:
        return None
    chosen = run.chosen
    price = run.prices.get(name)
    if chosen.kind == "tool":
        return baseline_of(name, price, run.signals.input_tokens, estimate_tokens([chosen.text]), None)
    usage = chosen.usage
    own = chosen.cost if chosen.model == name and chosen.cost_source == "observed" else None
    incoming = run.signals.input_tokens if usage.input_tokens is None else usage.input_tokens
    outgoing = estimate_tokens([chosen.text]) if usage.output_tokens is None else usage.output_tokens
    return baseline_of(name, price, incoming, outgoing, own)


def _status(run: Run) -> Status:
    if run.cancelled:
        return "cancelled"
    if run.error is None:
        return "ok"
    return "denied" if isinstance(run.error, RoutingError) and run.error.code == "denied" else "failed"


def _sum(amounts: Iterable[int | None]) -> int | None:
    """A sum that is unknown as soon as one part is."""
    total = 0
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total
