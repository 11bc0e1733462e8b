"""Why a request has no answer, as the error that says so in one sentence."""

from __future__ import annotations

from router_core.errors import (
    AllBranchesFailed,
    BudgetExhausted,
    CapExceeded,
    DeadlineExceeded,
    ModelsUnavailable,
    NoEligibleModel,
    RoutingError,
)
from router_core.run import Run


def nobody_eligible(run: Run) -> RoutingError:
    """The guard, or the plan, left no model; a breaker lets one back in time."""
    assert run.eligibility is not None
    reasons = {name: exclusion.reason for name, exclusion in run.eligibility.exclusions.items()}
    reasons |= {} if run.plan is None else dict(run.plan.left_out)
    words = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
    if any(exclusion.excluded_by == "breaker" for exclusion in run.eligibility.exclusions.values()):
        return ModelsUnavailable(f"no model can be called now ({words})")
    return NoEligibleModel(f"no model may answer ({words})", exclusions=reasons)


def nobody_answered(run: Run) -> RoutingError:
    """Models were eligible, but no branch came to a complete answer."""
    failed = [branch for branch in run.branches if branch.outcome == "failed" and branch.kind == "model"]
    if not run.in_time:
        return DeadlineExceeded(f"no model answered within {run.timeline.elapsed_ms() / 1e3:.3g} s")
    if failed:
        tries = "; ".join(f"{branch.model}: {branch.error}" for branch in failed)
        return AllBranchesFailed(f"every model that was asked failed ({tries})")
    reasons = "; ".join(f"{model}: {out.reason}" for model, out in run.passed_over.items())
    if any(out.excluded_by == "breaker" for out in run.passed_over.values()):
        return ModelsUnavailable(f"no model can be called now ({reasons})")
    if any(out.excluded_by.startswith("budget:") for out in run.passed_over.values()):
        return BudgetExhausted(f"no model may be called within the budgets ({reasons})")
    return CapExceeded(f"no model may be called within the request's caps ({reasons})")
