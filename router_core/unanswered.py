"""Why a request has no answer, as the error that says so in one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from router_core.branch import Branch
from router_core.errors import (
    AllBranchesFailed,
    AllRateLimited,
    BudgetExhausted,
    CapExceeded,
    DeadlineExceeded,
    ModelsUnavailable,
    NoEligibleModel,
    ProviderError,
    RateLimited,
    RoutingError,
)
from router_core.run import Run

_PASSING: Final = ("rate_limited", "not_ready")
"""Failures that say of a model only that it cannot answer yet."""


def nobody_eligible(run: Run) -> RoutingError:
    """The guard, or the plan, left no model; one that is loading, or that a breaker keeps out, comes back in time."""
    assert run.eligibility is not None
    reasons = {name: exclusion.reason for name, exclusion in run.eligibility.exclusions.items()}
    reasons |= {} if run.plan is None else dict(run.plan.left_out)
    words = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
    if any(exclusion.passing for exclusion in run.eligibility.exclusions.values()):
        return ModelsUnavailable(f"no model can be called now ({words})")
    return NoEligibleModel(f"no model may answer ({words})", exclusions=reasons)


def nobody_answered(run: Run) -> RoutingError:
    """Models were eligible, but no branch came to a complete answer."""
    failed = [branch for branch in run.branches if branch.outcome == "failed" and branch.kind == "model"]
    if not run.in_time:
        return DeadlineExceeded(f"no model answered within {run.timeline.elapsed_ms() / 1e3:.3g} s")
    later = any(out.passing for out in run.passed_over.values())
    if failed:
        return _all_failed(failed, others_later=later)
    reasons = "; ".join(f"{model}: {out.reason}" for model, out in run.passed_over.items())
    if later:
        return ModelsUnavailable(f"no model can be called now ({reasons})")
    if any(out.excluded_by.startswith("budget:") for out in run.passed_over.values()):
        return BudgetExhausted(f"no model may be called within the budgets ({reasons})")
    return CapExceeded(f"no model may be called within the request's caps ({reasons})")


def _all_failed(failed: Sequence[Branch], *, others_later: bool) -> RoutingError:
    """The error of failed attempts, by what each model said last. One that may answer later makes it worth waiting."""
    told = Counter((branch.model, str(branch.error)) for branch in failed)
    tries = "; ".join(
        f"{model}{f', {times} times' if times > 1 else ''}: {why}" for (model, why), times in told.items()
    )
    last = {branch.model: branch.error for branch in failed}.values()
    words = f"every model that was asked failed ({tries})"
    waits = [error.retry_after_s for error in last if isinstance(error, RateLimited) and error.retry_after_s]
    soonest = min(waits, default=None)
    if not others_later and all(isinstance(error, RateLimited) for error in last):
        return AllRateLimited(f"every model that was asked is rate-limited ({tries})", retry_after_s=soonest)
    if any(isinstance(error, ProviderError) and error.code in _PASSING for error in last):
        return ModelsUnavailable(words, retry_after_s=soonest)
    return AllBranchesFailed(words)
