"""The policy that a replay stands on: the caller's, made fit for a log, or a cascade over the log's own models."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from app.replay.log import ReplayLog
from router_core.errors import ReplayError
from router_core.policy.loading import LoadedPolicy, parse_policy
from router_core.policy.schema import ComputePriceEntry, Model, ScriptedProvider, TokensPriceEntry
from router_core.target import Targets

_MOST_PROBES = 3
_ASKING_MORE = ("judge", "self_consistency")
_ENDLESS_TOKENS = 100_000_000


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """A policy whose calls a log can answer, the route to replay, and what had to be said about it."""

    loaded: LoadedPolicy
    route: str
    """As a request names it: a route of the policy, or a model asked directly."""
    models: tuple[str, ...]
    """All that the route may call, in the policy's order."""
    reads: bool
    """Whether validators read the answers, so that the log must hold them."""
    notes: tuple[str, ...] = ()


def plan_of_policy(loaded: LoadedPolicy, route: str | None, log: ReplayLog) -> ReplayPlan:
    """The caller's policy with every call answered by the log, and without tools.

    Raises:
        ReplayError: the log lacks a model of the route, or lacks the answers that its validators read.
        UnknownRoute: the policy has no such route.
    """
    target = Targets(loaded.policy).resolve(route)
    for name in target.models:
        if name not in log.models:
            near = difflib.get_close_matches(name, log.models, n=1, cutoff=0.4)
            remedy = f"did you mean {near[0]!r}?" if near else f"it has {_listed(list(log.models))}"
            raise ReplayError(
                f"{log.path}: route {target.name} may call {name!r}, which the log does not have; {remedy} "
                "The names of the policy and of the log must be the same"
            )
    validators = {*target.route.validators, *(v for o in target.route.intents.values() for v in o.validators or ())}
    _check_responses(log, sorted(validators), target.name)
    notes = []
    asking = [name for name in sorted(validators) if loaded.policy.validators[name].kind in _ASKING_MORE]
    if asking:
        notes.append(f"validators {', '.join(asking)} ask for what no log holds: these calls fail, and cost nothing")
    if target.route.tools:
        notes.append(f"tools ({', '.join(target.route.tools)}) are not tried: the log has no grades of their answers")
    unused = [name for name in log.models if name not in target.models]
    if unused:
        notes.append(f"not of route {target.name}, for comparison only: {_listed(unused)}")
    name = target.name if target.name in loaded.policy.routes else str(route)
    return ReplayPlan(_answered_by_log(loaded), name, tuple(target.models), bool(validators), tuple(notes))


def plan_of_log(log: ReplayLog, cheap: Sequence[str], strong: str | None, *, probes: int = 1) -> ReplayPlan:
    """A cascade of the log's own models: when the first and its probes agree, that is the answer; else the last's.

    Models that are not named are chosen by their mean cost alone, never by their grades: the cheapest ``1 + probes``,
    and the dearest.

    Raises:
        ReplayError: too few models, no costs to choose by, or names that the log does not have.
    """
    for name in (*cheap, *([] if strong is None else [strong])):
        if name not in log.models:
            near = difflib.get_close_matches(name, log.models, n=1, cutoff=0.4)
            remedy = f"did you mean {near[0]!r}?" if near else f"it has {_listed(list(log.models))}"
            raise ReplayError(f"{log.path}: the log has no model {name!r}; {remedy}")
    costs = {name: model.mean_cost for name, model in log.models.items() if model.mean_cost is not None}
    order = sorted(costs, key=lambda name: (costs[name], name))
    if strong is None:
        left = [name for name in order if name not in cheap]
        if not left:
            raise ReplayError(f"{log.path}: no cost_usd tells which model is the dearest; name it with --strong")
        strong = left[-1]
    first = list(cheap) or [name for name in order if name != strong][: 1 + min(probes, _MOST_PROBES)]
    if len(set(first)) < 2 or strong in first:
        raise ReplayError(
            f"{log.path}: an agreement cascade needs two cheap models and another one above them; the log has "
            f"{len(log.models)} models, {len(costs)} with costs: name them with --cheap, --cheap and --strong"
        )
    _check_responses(log, ["agreement"], "cascade")
    notes = () if cheap else (f"no --policy: {_listed(first)} are the cheapest by mean cost, {strong} the dearest",)
    loaded = parse_policy(_cascade_text(first, strong), Path("cascade.toml"))
    return ReplayPlan(loaded, "cascade", (*first, strong), True, notes)


def _check_responses(log: ReplayLog, validators: Sequence[str], route: str) -> None:
    if validators and not any(model.responses for model in log.models.values()):
        raise ReplayError(
            f"{log.path}: it has no column response, so the validators of route {route} ({', '.join(validators)}) "
            "have nothing to compare; log what the models answered, or replay a route without validators"
        )


def _cascade_text(first: Sequence[str], strong: str) -> str:
    """A policy in TOML. Windows and limits are wide open: the log's answers are as long as they are."""
    lines = [
        "format = 1",
        'name = "replay"',
        'default_route = "cascade"',
        'tiers = ["cheap", "strong"]',
    ]
    for name in (*first, strong):
        lines += [
            f"[models.{_quoted(name)}]",
            f'tier = "{"strong" if name == strong else "cheap"}"',
            'location = "cloud"',
            'max_data_class = "regulated"',
            f"context_window = {_ENDLESS_TOKENS}",
            'provider = { kind = "scripted", script = "replay" }',
        ]
    lines += [
        "[validators.agreement]",
        'kind = "agreement"',
        f"probes = [{', '.join(map(_quoted, first[1:]))}]",
        "[routes.cascade]",
        'validators = ["agreement"]',
        'strategy = { kind = "cascade", tiers = ["cheap", "strong"] }',
        "max_output_tokens = 32000",
        "caps = { branches = 12 }",
    ]
    return "\n".join(lines)


def _quoted(name: str) -> str:
    """A name as TOML writes it; the strings of JSON are strings of TOML too."""
    return json.dumps(name, ensure_ascii=False)


def _answered_by_log(loaded: LoadedPolicy) -> LoadedPolicy:
    policy = loaded.policy
    models = {name: _logged(model) for name, model in policy.models.items()}
    routes = {name: route.model_copy(update={"tools": ()}) for name, route in policy.routes.items()}
    return replace(loaded, policy=policy.model_copy(update={"models": models, "routes": routes}))


def _logged(model: Model) -> Model:
    """The model, called in one place that is the log; a price by the second becomes the same price by tokens."""
    price = model.price
    if isinstance(price, ComputePriceEntry):
        # A replayed call takes no time; its tokens are what the log knows of its work.
        per_million = price.usd_per_second * 1_000_000
        price = TokensPriceEntry(
            kind="tokens",
            input=min(per_million / Decimal(str(price.input_tokens_per_second)), Decimal(1_000_000)),
            output=min(per_million / Decimal(str(price.output_tokens_per_second)), Decimal(1_000_000)),
        )
    provider = ScriptedProvider(kind="scripted", script="replay")
    return model.model_copy(update={"provider": provider, "deployments": (), "price": price})


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:8])
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown
