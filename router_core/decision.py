"""The decision made of a run at its end: everything closed, the bill added up, the record complete."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from router_core import semconv
from router_core.baseline import Baseline, baseline_of
from router_core.branch import Branch
from router_core.candidates import candidates_of
from router_core.conversation import attributes, outcome_of
from router_core.errors import BudgetExhausted, RequestDenied
from router_core.pricing import to_usd
from router_core.reason import story
from router_core.request import as_kept
from router_core.result import Decision, Status
from router_core.run import Run
from router_core.tracing import as_json


def settle(run: Run) -> Decision:
    """Close everything and make the decision; the root span ends with it. Once, whatever happened."""
    if run.decision is not None:
        return run.decision
    for branch in run.branches:
        _give_outcome(run, branch)
        run.close_branch(branch)
    run.decision = decision = build_decision(run)
    run.trace.end(run.trace.root, {**run.common, **_root_attributes(run, decision)}, decision.error_message)
    return decision


def _give_outcome(run: Run, branch: Branch) -> None:
    if branch.outcome is not None:
        return
    if branch is run.chosen:
        branch.outcome = "accepted"
    elif branch.completion is None and branch.kind not in ("tool", "cache"):
        branch.outcome = "cancelled"
    else:
        branch.outcome = "compared" if branch.kind in ("probe", "judge") else "rejected"


def _root_attributes(run: Run, decision: Decision) -> dict[str, Any]:
    first = run.branches[0] if run.branches else None
    deciding = None if run.chosen is None else run.chosen.deciding
    baseline = run.baseline
    told: dict[str, Any] = {
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
        semconv.FINAL_SCORE: None if deciding is None else deciding.score,
        semconv.COST_NANO: _sum(branch.cost for branch in run.branches),
        semconv.DISCARDED_COST_NANO: _sum(b.cost for b in run.branches if b.outcome != "accepted"),
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
    if run.place is not None:
        told |= attributes(outcome_of(run), run.session)
    if run.keeps_content:
        told[semconv.INPUT_MESSAGES] = as_json([as_kept(message) for message in run.request.messages])
    return told


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
        candidates=candidates_of(run) if run.candidates is None or run.passed_over else run.candidates,
        branches=records,
        chosen=None if chosen is None else chosen.model,
        chosen_kind=None if chosen is None else chosen.kind,
        reason=_reason(run, status),
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
        overhead_ms=None if planned else _overhead_ms(run, elapsed),
        error_type=None if run.error is None else run.error.code,
        error_message=None if run.error is None else str(run.error),
        parent_decision_id=request.parent_decision_id,
        tags=request.context.tags,
    )


def _reason(run: Run, status: Status) -> str:
    words = story(status, run.plan, run.branches, run.chosen, run.error, run.eligibility)
    left = None if run.place is None or status not in ("ok", "planned") else outcome_of(run)
    if left is not None and left.words:
        words = f"{words} {left.words}"
    return f"{words} {run.cache_words}" if status == "planned" and run.cache_words else words


def _baseline(run: Run) -> Baseline | None:
    """The baseline's tokens are those of the chosen answer; without one, there is nothing to compare."""
    if run.eligibility is None or run.signals is None or run.chosen is None:
        return None
    name = run.baseline_model
    if name is None:
        return None
    from router_core.signals.length import estimate_tokens

    chosen = run.chosen
    price = run.prices.get(name)
    if chosen.kind == "tool":
        return baseline_of(name, price, run.signals.input_tokens, estimate_tokens([chosen.text]), None)
    # What the cache gives again costs nothing; the baseline would have taken what it took when it was made.
    usage = chosen.completion.usage if chosen.kind == "cache" and chosen.completion is not None else chosen.usage
    own = chosen.cost if chosen.model == name and chosen.cost_source == "observed" else None
    incoming = run.signals.input_tokens if usage.input_tokens is None else usage.input_tokens
    outgoing = estimate_tokens([chosen.written]) if usage.output_tokens is None else usage.output_tokens
    return baseline_of(name, price, incoming, outgoing, own)


def _overhead_ms(run: Run, elapsed_ns: int) -> float | None:
    """A clock that is moved by hand stands still while the router works, which is no time of 0."""
    if not run.timeline.clock.goes_by_itself:
        return None
    return max(elapsed_ns - run.waited_ns - run.consumer_ns, 0) / 1e6


def _status(run: Run) -> Status:
    if run.cancelled:
        return "cancelled"
    if run.error is None:
        return "ok"
    return "denied" if isinstance(run.error, RequestDenied | BudgetExhausted) else "failed"


def _sum(amounts: Iterable[int | None]) -> int | None:
    """A sum that is unknown as soon as one part is."""
    total = 0
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total
