"""Who may answer: rules and plain facts remove models, each removal with its rule and reason. It can only narrow.

Pure functions. Fails closed: a rule that cannot be satisfied leaves no model, an expression that cannot be evaluated
makes its rule apply, and a model that does not say which data it accepts is taken to accept little. What rules say is
in `router_core.rulebook`; here is what is left of the models when plain facts have been looked at too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from router_core.conditions import reaches
from router_core.policy.schema import Model
from router_core.providers.base import Readiness
from router_core.request import DATA_CLASSES, Context, DataClass, RouteRequest
from router_core.result import Signals, Verdict


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why a model is out."""

    excluded_by: str
    """``rule:NAME``, ``route``, ``data_class``, ``capability``, ``context_window``, ``ready``; others add theirs."""
    reason: str
    passing: bool = False
    """Whether it will be over by itself, so that the same request may be answered a little later."""


@dataclass(frozen=True, slots=True)
class Eligibility:
    """What the guard left."""

    models: tuple[str, ...]
    """In the policy's order."""
    exclusions: Mapping[str, Exclusion]
    verdicts: tuple[Verdict, ...]
    denied: Verdict | None


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the rules say of a request, before plain facts about the models count."""

    route: str
    """Where the request goes on: the route asked for, or the one that a rule sent it to."""
    context: Context
    """The caller's, with risk and data class as rules raised them."""
    models: Mapping[str, Model]
    """Those of the route asked for, then those that only routes on the way use; the latter are all excluded."""
    exclusions: Mapping[str, Exclusion]
    verdicts: tuple[Verdict, ...]
    denied: Verdict | None
    redacts: bool
    """Whether models get the messages without personal data and secrets."""
    restores: bool
    """Whether the answer gets the originals back; only when every rule that redacts says so."""


def fit(
    ruling: Ruling,
    request: RouteRequest,
    signals: Signals,
    readiness: Mapping[str, Readiness],
    max_output_tokens: int,
) -> Eligibility:
    """The models that the rules left and that can take the request: data class, context window, schema, readiness."""
    exclusions = dict(ruling.exclusions)
    for name, model in ruling.models.items():
        if name not in exclusions and (
            reason := _unfit(request, signals, model, max_output_tokens, ruling.context.data_class)
        ):
            exclusions[name] = reason
        state = readiness.get(name)
        if name not in exclusions and state is not None and not state.ready:
            exclusions[name] = Exclusion(state.excluded_by, state.reason, state.passing)
    left = () if ruling.denied else tuple(name for name in ruling.models if name not in exclusions)
    return Eligibility(left, exclusions, ruling.verdicts, ruling.denied)


def _unfit(
    request: RouteRequest, signals: Signals, model: Model, max_output_tokens: int, data_class: DataClass
) -> Exclusion | None:
    if not reaches(model.accepts, data_class, DATA_CLASSES):
        return Exclusion("data_class", f"it accepts data up to {model.accepts}, these are {data_class}")
    needed = signals.input_tokens + max_output_tokens
    if needed > model.context_window:
        return Exclusion(
            "context_window",
            f"about {signals.input_tokens:,} tokens of prompt and {max_output_tokens:,} of answer "
            f"do not fit its {model.context_window:,}",
        )
    if request.response_schema is not None and "json" not in model.capabilities:
        return Exclusion("capability", "the request asks for JSON by a schema, which it cannot promise")
    if signals.images and "images" not in model.capabilities:
        return Exclusion("capability", "the request holds images, which it is not said to see")
    if request.functions and "tools" not in model.capabilities:
        return Exclusion("capability", "the request offers functions, which it is not said to call")
    return None
