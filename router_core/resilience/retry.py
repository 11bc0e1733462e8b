"""Whether a failed call is made again on the same model, and after which wait.

Waits are exponential with full jitter: uniform between 0 and ``base * 2**(attempt - 1)``, at most ``max``; Brooker's
"Exponential Backoff And Jitter" (AWS Architecture Blog, 2015) compares it with other jitters. A ``Retry-After`` is the
least wait in its place: an earlier call would be refused again, and some jitter on top keeps requests that were refused
together from returning together.
"""

from __future__ import annotations

import random
from typing import Final

from router_core.errors import ProviderError
from router_core.policy.schema import RetryEntry

_MOST_DOUBLINGS: Final = 32


def is_retryable(error: ProviderError, policy: RetryEntry) -> bool:
    """Whether a second attempt at the same model may cure this failure.

    Faults of the caller, refused keys and safety stops are the same the second time, whatever the policy lists.
    """
    return policy.enabled and error.code in policy.on


def next_delay(
    error: ProviderError, attempt: int, seconds_left: float, policy: RetryEntry, rng: random.Random
) -> float | None:
    """Seconds to wait before the next attempt at the same model; None when there is none and the next model is due.

    ``attempt`` is the number of calls of this model so far, from 1. ``seconds_left`` is what remains of the request's
    deadline: a wait that does not leave ``policy.min_left_s`` of it is not begun. Pure but for ``rng``.
    """
    if attempt >= policy.attempts or not is_retryable(error, policy):
        return None
    if error.retry_after_s is None:
        delay = rng.uniform(0.0, _ceiling(attempt, policy))
    elif error.retry_after_s > policy.max_retry_after_s:
        return None
    else:
        delay = error.retry_after_s + rng.uniform(0.0, policy.base_s)
    return delay if delay + policy.min_left_s < seconds_left else None


def _ceiling(attempt: int, policy: RetryEntry) -> float:
    doublings = min(max(attempt - 1, 0), _MOST_DOUBLINGS)
    return min(policy.max_s, policy.base_s * float(2**doublings))
