"""The health of all deployments of a policy, as this process sees it: breakers, outliers, latencies, retry budgets.

One object for one event loop; nothing here is safe for threads, waits or does I/O. Deterministic for a given clock and
rng. It never raises into a request for what an upstream does.

A call goes: `choose` a deployment, `begin` it (None: the breaker let somebody else go first), make it, and `end` it,
whatever became of it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias
from weakref import WeakSet

from router_core.clock import Clock
from router_core.errors import FirstTokenTimeout, ProviderError, ProviderTimeout
from router_core.policy.schema import Deployment, ResilienceEntry
from router_core.resilience.breaker import ALLOWED, Breaker, Permission, Ticket
from router_core.resilience.deployments import Candidate, Choice, choose, refusal
from router_core.resilience.measures import LatencyEstimate, Measures
from router_core.resilience.outlier import Outliers
from router_core.resilience.peers import BreakerPeers, shared_name
from router_core.resilience.retry import next_delay
from router_core.resilience.retry_budget import RetryBudget

Outcome: TypeAlias = Literal["success", "failure", "cancelled"]
HealthState: TypeAlias = Literal["closed", "open", "half_open", "ejected"]

_FAIR_UNKNOWN_S: Final = 10.0
"""Seconds after which silence is a fault of a model of which nothing is known yet."""
_ABSENT: Final = Permission(False, "its provider is not ready")


@dataclass(frozen=True, slots=True)
class CallTicket:
    """One call that began. Given back to `Health.end`."""

    model: str
    deployment: str
    breaker: Ticket

    @property
    def probe(self) -> bool:
        """Whether this call decides if the deployment's breaker closes."""
        return self.breaker.probe


@dataclass(frozen=True, slots=True)
class DeploymentHealth:
    """How one deployment stands, for a page."""

    model: str
    deployment: str
    state: HealthState
    since: datetime
    """When it came to this state; aware, UTC."""
    why: str
    """Empty while it is closed."""
    retry_in_s: float | None
    """Seconds until it is called again; None when it is called now, or when that depends on a probe on its way."""
    calls: int
    """Within the outlier window; calls without a verdict do not count."""
    failed: int
    latency: LatencyEstimate | None
    in_flight: int = 0
    """Calls that have begun and not ended."""
    heard: bool = False
    """Whether this process has not seen it itself but learnt it from another one, which has told of it."""

    @property
    def error_rate(self) -> float | None:
        """Share of the calls that failed, 0..1; None without calls."""
        return self.failed / self.calls if self.calls else None


@dataclass(slots=True)
class _ModelHealth:
    places: Mapping[str, Deployment]
    breakers: Mapping[str, Breaker]
    outliers: Outliers
    budget: RetryBudget
    whole: Measures
    """All deployments together: what a strategy asks. Of an only deployment, its own."""
    shared: Mapping[str, str]
    """What other processes call each breaker; empty without them."""
    in_flight: Mapping[str, WeakSet[Ticket]]
    """Calls that have begun and not ended, by deployment. Weak: a ticket that is dropped counts as ended."""


def outcome_of(error: BaseException | None, *, cut_short: bool) -> Outcome:
    """What a call's end says of its deployment.

    ``cut_short``: the request's deadline left the call less time than `Health.fair_s`. A timeout is then the caller's,
    not the model's; a missing first token never is, since its time is the policy's own. Anything that is no
    `ProviderError` is a cancellation or a fault of ours: no verdict.
    """
    if error is None:
        return "success"
    if not isinstance(error, ProviderError) or not error.counts_against_model:
        return "cancelled"
    hurried = cut_short and isinstance(error, ProviderTimeout) and not isinstance(error, FirstTokenTimeout)
    return "cancelled" if hurried else "failure"


def _called_alike(old: Mapping[str, Deployment], new: Mapping[str, Deployment]) -> bool:
    return {name: place.provider for name, place in old.items()} == {n: place.provider for n, place in new.items()}


class Health:
    """See the module."""

    def __init__(
        self,
        clock: Clock,
        settings: ResilienceEntry,
        rng: random.Random,
        models: Mapping[str, Sequence[Deployment]],
        peers: BreakerPeers | None = None,
    ) -> None:
        """A health of which nothing is known yet.

        Args:
            clock: what times are taken from.
            settings: the policy's.
            rng: for jitter, and for choosing between deployments.
            models: the places of each model (`Model.places`), by the model's name.
            peers: other processes whose breakers are to open and close with these.
        """
        self._peers = peers
        self._clock = clock
        self._settings = settings
        self._rng = rng
        self._models = {name: self._new(name, places) for name, places in models.items()}

    def adopt(self, previous: Health) -> None:
        """Take over what another one knows, for a policy that was reloaded: a breaker must not close by that.

        Models are taken over whose deployments are called as before (weights may differ), if the settings of resilience
        are the same. Both then share what they know, so calls that began under the old policy still count.
        """
        if previous._settings != self._settings:
            return
        for name, health in self._models.items():
            old = previous._models.get(name)
            if old is not None and _called_alike(old.places, health.places):
                self._models[name] = replace(old, places=health.places)

    @property
    def shares(self) -> bool:
        """Whether other processes' breakers open and close with these."""
        return self._peers is not None

    def breakers(self) -> dict[str, Breaker]:
        """All breakers, by the names that other processes know."""
        models = self._models.values()
        return {name: health.breakers[place] for health in models for place, name in health.shared.items()}

    async def ask_to_probe(self, model: str) -> None:
        """Before a call of a model: have other processes agree to the probe of a breaker that is half open.

        Of many processes one gets to send it; the breakers of the others then admit nobody until there is a verdict.
        """
        health = self._models[model]
        if self._peers is None or all(breaker.state != "half_open" for breaker in health.breakers.values()):
            return
        await self._peers.ask_to_probe((name, health.breakers[place]) for place, name in health.shared.items())

    async def follow(self, current: Callable[[], Health]) -> None:
        """Hear of other processes' breakers for ever; ``current``: whose they are now. Cancel it to end it."""
        if self._peers is not None:
            await self._peers.follow(lambda: current().breakers())

    def _new(self, model: str, places: Sequence[Deployment]) -> _ModelHealth:
        settings, names = self._settings, [place.name for place in places]
        outliers = Outliers(self._clock, settings.outlier, names)
        shared = {} if self._peers is None else {place.name: shared_name(model, place) for place in places}
        return _ModelHealth(
            places={place.name: place for place in places},
            shared=shared,
            breakers={name: self._breaker(shared.get(name)) for name in names},
            outliers=outliers,
            budget=RetryBudget(self._clock, settings.retry),
            whole=outliers.measures(names[0]) if len(names) == 1 else Measures(settings.outlier),
            in_flight={name: WeakSet() for name in names},
        )

    def _breaker(self, shared: str | None) -> Breaker:
        told = None if self._peers is None or shared is None else self._peers.of(shared)
        return Breaker(self._clock, self._settings.breaker, self._rng, told)

    # --- before a call ---------------------------------------------------------------------------------------------

    def readiness(self, model: str, deployment: str | None = None, *, absent: Collection[str] = ()) -> Permission:
        """Whether a model (any of its deployments) or one deployment may be called now, and if not, why. Pure.

        ``absent``: deployments whose providers are not ready.

        Raises:
            KeyError: no such model or deployment. So do all methods here.
        """
        health = self._models[model]
        if deployment is not None:
            return health.breakers[deployment].permission()
        for name, breaker in health.breakers.items():
            if breaker.state == "closed" and name not in absent:
                return ALLOWED
        candidates = self._candidates(health, absent)
        if any(candidate.permission.allowed for candidate in candidates):
            return ALLOWED
        waits = [one.permission.retry_in_s for one in candidates if one.permission.retry_in_s is not None]
        return Permission(False, refusal(candidates), min(waits, default=None))

    def choose(self, model: str, failed: Collection[str] = (), *, absent: Collection[str] = ()) -> Choice:
        """The deployment to call next, or why there is none.

        ``failed``: those that failed in this request already, asked again only when they are all that is left.
        ``absent``: those whose providers are not ready, never asked.
        """
        return choose(self._candidates(self._models[model], absent), failed, self._rng)

    def fair_s(self, model: str, deployment: str, limit_s: float) -> float:
        """Seconds that a call must have had before its timeout is the deployment's fault.

        As long as 95 of 100 of its calls take, or 10 s while that is unknown; never more than ``limit_s``, the
        model's own timeout. A caller in a hurry thus opens no breaker, and a deployment that hangs is found out even
        where every deadline is shorter than its timeout.
        """
        known = self.latency(model, deployment)
        return min(limit_s, _FAIR_UNKNOWN_S if known is None else known.p95_ms / 1e3)

    def begin(self, model: str, deployment: str, *, retry: bool = False) -> CallTicket | None:
        """Begin a call; None when the breaker does not admit it (a probe is on its way, say).

        ``retry``: this request has called this model before. Only first calls feed the retry budget.
        """
        health = self._models[model]
        ticket = health.breakers[deployment].admit()
        if ticket is None:
            return None
        if not retry:
            health.budget.request()
        health.in_flight[deployment].add(ticket)
        return CallTicket(model, deployment, ticket)

    # --- after a call ----------------------------------------------------------------------------------------------

    def end(
        self,
        ticket: CallTicket,
        outcome: Outcome,
        *,
        latency_ms: float | None = None,
        ttft_ms: float | None = None,
        error: ProviderError | None = None,
    ) -> None:
        """Say what became of a call. Only the first word about a ticket counts.

        ``latency_ms`` and ``ttft_ms`` count for successes alone: a fast error is no fast answer. An ``outcome`` of
        failure needs its ``error``; without one, or with one that does not count against the model, it is no verdict.
        """
        if ticket.breaker.closed:
            return
        health, now = self._models[ticket.model], self._clock.monotonic_ns()
        measures = health.outliers.measures(ticket.deployment)
        health.in_flight[ticket.deployment].discard(ticket.breaker)
        if outcome == "success":
            measures.succeeded(now, latency_ms, ttft_ms)
            if health.whole is not measures:
                health.whole.succeeded(now, latency_ms, ttft_ms)
            ticket.breaker.succeeded()
        elif outcome == "failure" and error is not None and error.counts_against_model:
            measures.failed(now)
            if health.whole is not measures:
                health.whole.failed(now)
            ticket.breaker.failed(error)
        else:
            ticket.breaker.cancelled()
            return
        if len(health.breakers) > 1:
            usable = [name for name, breaker in health.breakers.items() if breaker.permission().allowed]
            health.outliers.judge(ticket.deployment, usable)

    def retry_delay(self, model: str, error: ProviderError, attempt: int, seconds_left: float) -> float | None:
        """Seconds to wait before the next attempt at this model; None when the next model is due.

        A delay is taken from the model's retry budget. See `retry.next_delay` for the arguments.
        """
        health = self._models[model]
        delay = next_delay(error, attempt, seconds_left, self._settings.retry, self._rng)
        if delay is None or not any(breaker.permission().allowed for breaker in health.breakers.values()):
            return None
        return delay if health.budget.take() else None

    # --- for strategies and pages ----------------------------------------------------------------------------------

    def latency(self, model: str, deployment: str | None = None) -> LatencyEstimate | None:
        """How long calls of a model, or of one deployment, take; None when none was answered yet."""
        health = self._models[model]
        measures = health.whole if deployment is None else health.outliers.measures(deployment)
        return measures.estimate(self._clock.monotonic_ns())

    def snapshot(self) -> tuple[DeploymentHealth, ...]:
        """How every deployment stands, in the policy's order."""
        return tuple(
            self._stands(name, deployment, health)
            for name, health in self._models.items()
            for deployment in health.breakers
        )

    def _stands(self, model: str, deployment: str, health: _ModelHealth) -> DeploymentHealth:
        now, breaker = self._clock.monotonic_ns(), health.breakers[deployment]
        measures = health.outliers.measures(deployment)
        state: HealthState = breaker.state
        since, why, retry_in_s = breaker.since_ns, breaker.why, breaker.permission().retry_in_s
        ejection = health.outliers.ejection(deployment)
        if state == "closed" and ejection is not None:
            state, since, why = "ejected", ejection.since_ns, ejection.why
            retry_in_s = (ejection.until_ns - now) / 1e9
        calls, failed = measures.calls(now)
        moment = datetime.fromtimestamp((self._clock.time_ns() - (now - since)) / 1e9, tz=UTC)
        estimate, in_flight = measures.estimate(now), len(health.in_flight[deployment])
        return DeploymentHealth(
            model, deployment, state, moment, why, retry_in_s, calls, failed, estimate, in_flight, breaker.heard
        )

    @staticmethod
    def _candidates(health: _ModelHealth, absent: Collection[str] = ()) -> list[Candidate]:
        return [
            Candidate(
                name,
                health.places[name].weight,
                _ABSENT if name in absent else breaker.permission(),
                None if (ejection := health.outliers.ejection(name)) is None else f"it is ejected: {ejection.why}",
            )
            for name, breaker in health.breakers.items()
        ]
