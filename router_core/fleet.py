"""Every deployment of a policy's models: how it is called, how it stands, and which one takes the next call."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from router_core.errors import ProviderError
from router_core.policy.schema import Model, ProviderEntry
from router_core.providers.base import READY, Provider, Readiness
from router_core.providers.build import place_name
from router_core.resilience.health import CallTicket, DeploymentHealth, Health, outcome_of
from router_core.resilience.measures import LatencyEstimate


@dataclass(frozen=True, slots=True)
class Berth:
    """The deployment that takes a call. Whoever has one leaves it, whatever became of the call."""

    provider: Provider
    deployment: str | None
    """None for a model that runs in one place only."""
    place: str
    _ticket: CallTicket
    _health: Health
    _timeout_s: float

    def leave(
        self,
        error: BaseException | None,
        *,
        complete: bool,
        allowed_s: float,
        latency_ms: float | None,
        ttft_ms: float | None,
    ) -> None:
        """The call ended; later words change nothing.

        ``complete``: with an answer. ``allowed_s``: the time that it had. A timeout is the deployment's fault only
        when it had as long as such calls take.
        """
        ticket, timeout_s = self._ticket, self._timeout_s
        cut_short = error is not None and allowed_s < self._health.fair_s(ticket.model, self.place, timeout_s)
        outcome = outcome_of(error, cut_short=cut_short) if complete or error is not None else "cancelled"
        blamed = error if isinstance(error, ProviderError) else None
        self._health.end(ticket, outcome, latency_ms=latency_ms, ttft_ms=ttft_ms, error=blamed)


class Fleet:
    """Providers and their health, for one event loop.

    ``providers`` are named as `place_name` says; a provider under a model's own name serves all its deployments.
    """

    def __init__(self, models: Mapping[str, Model], providers: Mapping[str, Provider], health: Health) -> None:
        self.health = health
        self._models = models
        self._providers = {
            (name, place.name): providers.get(place_name(name, model, place.name)) or providers[name]
            for name, model in models.items()
            for place in model.places
        }
        self._only = {
            name: self._providers[name, model.places[0].name]
            for name, model in models.items()
            if len(model.places) == 1
        }
        """The provider of each model that runs in one place."""

    def readiness(self, model: str) -> Readiness:
        """Whether a model may be called now: one of its deployments is there, and its breaker lets it be called."""
        absent: Collection[str] = ()
        if (only := self._only.get(model)) is not None:
            if not (state := only.readiness()).ready:
                return state
        else:
            places = self._models[model].places
            states = {place.name: self._providers[model, place.name].readiness() for place in places}
            absent = [name for name, state in states.items() if not state.ready]
            if len(absent) == len(states):
                return next((state for state in states.values() if state.passing), next(iter(states.values())))
        permission = self.health.readiness(model, absent=absent)
        return READY if permission.allowed else Readiness(False, permission.reason, excluded_by="breaker", passing=True)

    async def ask_to_probe(self, model: str) -> None:
        """Ask other processes before a call of a model whose breaker is half open; see `Health.ask_to_probe`."""
        if self.health.shares:
            await self.health.ask_to_probe(model)

    def enter(self, model: str, failed: Collection[str], *, retry: bool) -> Berth | None:
        """A deployment for one call, rather none of ``failed``; None when none may be called.

        ``retry``: the request has called this model before.
        """
        entry = self._models[model]
        absent = [place.name for place in entry.places if not self._providers[model, place.name].readiness().ready]
        name = self.health.choose(model, failed, absent=absent).deployment
        ticket = None if name is None else self.health.begin(model, name, retry=retry)
        if name is None or ticket is None:
            return None
        several = name if len(entry.places) > 1 else None
        return Berth(self._providers[model, name], several, name, ticket, self.health, entry.timeout_s)

    def latency(self, model: str) -> LatencyEstimate | None:
        """How long calls of a model take; None while nothing is known."""
        return self.health.latency(model)

    def snapshot(self) -> tuple[DeploymentHealth, ...]:
        """How every deployment stands, in the policy's order."""
        return self.health.snapshot()

    def by_entry(self) -> Mapping[ProviderEntry, Provider]:
        """The providers by what the policy says of them: the same words call the same model."""
        return {
            place.provider: self._providers[name, place.name]
            for name, model in self._models.items()
            for place in model.places
        }

    async def aclose(self, *, spare: Collection[Fleet] = ()) -> None:
        """Close every provider that no fleet of ``spare`` uses; one that fails keeps none of the others open.

        Raises:
            ExceptionGroup: what went wrong, after all were told to close.
        """
        spared = {id(provider) for fleet in spare for provider in fleet._providers.values()}
        own = {id(provider): provider for provider in self._providers.values() if id(provider) not in spared}
        ends = await asyncio.gather(*(provider.aclose() for provider in own.values()), return_exceptions=True)
        if failed := [end for end in ends if isinstance(end, Exception)]:
            raise ExceptionGroup("providers could not be closed", failed)
