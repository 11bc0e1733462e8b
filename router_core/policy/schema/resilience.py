"""How the router keeps faults away from requests: breakers, retries, outliers. All of it is on by default."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from router_core.policy.schema.values import Count, Seconds, Share, Strict

RetryableCode: TypeAlias = Literal[
    "rate_limited", "unreachable", "upstream_failure", "first_token_timeout", "timeout", "bad_response"
]
PositiveShare: TypeAlias = Annotated[float, Field(gt=0, le=1)]


class BreakerEntry(Strict):
    """A circuit breaker for each deployment: a deployment that keeps failing is not called for a while."""

    enabled: bool = True
    """Whether breakers open at all."""
    failures_in_row: Count = 5
    """Opens after so many failures without a success between them."""
    error_rate: PositiveShare = 0.5
    """Opens when this share of the calls in the window failed."""
    min_calls: Count = 20
    """Calls in the window below which their error rate says nothing."""
    window_s: Seconds = 60.0
    """Length of the window, in seconds."""
    open_s: Seconds = 5.0
    """Seconds that it stays open the first time; doubled each further time, until it was closed for a whole window."""
    max_open_s: Seconds = 300.0
    """Longest time that it stays open, a `Retry-After` of the upstream included."""


class RetryEntry(Strict):
    """Second attempts at the same model. Whatever is not retried goes on to the next model at once."""

    enabled: bool = True
    """Whether anything is retried."""
    attempts: Annotated[int, Field(ge=1, le=10)] = 2
    """Calls of one model for one answer, the first included."""
    on: tuple[RetryableCode, ...] = ("rate_limited", "unreachable", "upstream_failure", "first_token_timeout")
    """Failures that a second attempt may cure."""
    base_s: Seconds = 0.25
    """Upper end of the first random wait, in seconds; it doubles with each attempt."""
    max_s: Seconds = 5.0
    """Longest random wait, in seconds."""
    max_retry_after_s: Seconds = 10.0
    """Longest `Retry-After` that a request waits for; when the upstream asks for more, the next model is asked."""
    min_left_s: Annotated[float, Field(ge=0, le=3600)] = 0.5
    """Seconds of the deadline that a second attempt must have left after its wait."""
    budget: Share = 0.2
    """Most retries of a model, as a share of the requests that called it in the budget's window."""
    budget_min: Annotated[int, Field(ge=0)] = 1
    """Retries in a window that are always allowed, so that a lone request may have one."""
    budget_window_s: Seconds = 30.0
    """Length of the budget's window, in seconds."""


class OutlierEntry(Strict):
    """Deployments of one model are compared with each other; one that is far worse is left out for a while."""

    enabled: bool = True
    """Whether outliers are looked for. A model with one deployment has none."""
    min_calls: Count = 20
    """Recent calls of a deployment below which it is not compared."""
    window_s: Seconds = 60.0
    """What counts as recent, in seconds: errors within this window; latencies fade with this half-life."""
    baseline_s: Annotated[float, Field(gt=0, le=86_400)] = 3600.0
    """Half-life of a deployment's own baseline, in seconds."""
    error_margin: PositiveShare = 0.1
    """Ejected when its error rate is surely higher than that of its peers by more than this."""
    latency_factor: Annotated[float, Field(gt=1)] = 3.0
    """Ejected when its p95 exceeds both its own baseline and its peers' by this factor."""
    min_latency_ms: Annotated[float, Field(ge=0)] = 100.0
    """A p95 below this is never too slow."""
    eject_s: Seconds = 30.0
    """Seconds of the first ejection; the second takes twice as long, the third three times."""
    max_eject_s: Seconds = 300.0
    """Longest ejection, in seconds."""
    max_ejected: Share = 0.5
    """Most deployments of a model that are ejected at a time, as a share. The last one never is."""


class ResilienceEntry(Strict):
    """What the router does about faults of upstreams."""

    breaker: BreakerEntry = Field(default_factory=BreakerEntry)
    """When a deployment is not called for a while."""
    retry: RetryEntry = Field(default_factory=RetryEntry)
    """When a failed call is made again."""
    outlier: OutlierEntry = Field(default_factory=OutlierEntry)
    """When a deployment is worse than its peers."""
