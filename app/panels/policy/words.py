"""What the entries of a policy say, in words: prices, strategies, validators, tools, budgets, providers.

Pure functions of the policy's types; the words are plain text and hold names that others chose. Rules have a module of
their own, `app.panels.policy.rule_words`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from app import units
from app.panels.policy.rule_words import names
from router_core.policy.schema import (
    AllCombination,
    Budget,
    CascadeStrategy,
    CatalogPriceEntry,
    CombinationEntry,
    ComputePriceEntry,
    CostStrategy,
    CustomStrategy,
    IntentStrategy,
    LatencyStrategy,
    LiteLLMProvider,
    LocalProvider,
    Model,
    OpenAIProvider,
    Policy,
    PriceEntry,
    ProviderEntry,
    Route,
    ScriptedProvider,
    StrategyEntry,
    TelemetryEntry,
    TokensPriceEntry,
    ToolEntry,
    ValidatorEntry,
    WeightedStrategy,
)

_SECONDS_AN_HOUR: Final = 3600
_ON_EXHAUSTED: Final = {
    "refuse": "then refuse (402)",
    "cheapest": "then the cheapest model alone",
    "local": "then local models alone",
}
_COUNTED_FOR: Final = {"policy": "all together", "tenant": "each tenant", "key": "each API key", "route": "each route"}
_STRATEGIES: Final = {
    "cascade": "cascade: the weakest tier first, the next one when an answer does not pass",
    "intent": "intent: each kind of prompt to the models that are good at it",
    "cost": "cost: the cheapest model first",
    "latency": "latency: the fastest healthy model first",
    "weighted": "weighted: each model first for its share of the requests",
}


def price_in_words(price: PriceEntry | None) -> str:
    """``$2.50 in, $10.00 out per M tokens``."""
    match price:
        case TokensPriceEntry():
            cached = "" if price.cache_read is None else f", {_dollars(price.cache_read)} cached"
            return f"{_dollars(price.input)} in{cached}, {_dollars(price.output)} out per M tokens"
        case ComputePriceEntry():
            return f"{_hourly(price)} an hour of work"
        case CatalogPriceEntry():
            return "as litellm's price list says"
        case None:
            return units.UNKNOWN


def short_price(price: PriceEntry | None) -> str:
    """The same for a box: ``$2.50 / $10.00``."""
    match price:
        case TokensPriceEntry():
            return f"{_dollars(price.input)} / {_dollars(price.output)} per M"
        case ComputePriceEntry():
            return f"{_hourly(price)} / h"
        case CatalogPriceEntry():
            return "catalogue price"
        case None:
            return "price unknown"


def place_in_words(model: Model) -> str:
    """``cloud, eu``; every region when its deployments are in several."""
    regions = list(dict.fromkeys(place.region or model.region for place in model.places))
    known = [region for region in regions if region]
    return f"{model.location}, {' and '.join(known)}" if known else model.location


def strategy_in_words(strategy: StrategyEntry) -> str:
    """What a strategy does, with its own settings, in one line."""
    match strategy:
        case CustomStrategy():
            return f"custom: {strategy.name} of an installed package orders the models"
        case CostStrategy() | LatencyStrategy():
            floor = "" if strategy.min_quality is None else f", of quality {units.score(strategy.min_quality)} or more"
            told = _STRATEGIES[strategy.kind] + floor
            if isinstance(strategy, LatencyStrategy) and strategy.explore:
                told += f"; {units.share(strategy.explore, 0)} of the requests try one whose latency is not known"
            return told
        case WeightedStrategy():
            kept = {
                "none": "",
                "tenant": "; a tenant stays with its model",
                "key": "; a sticky key stays with its model",
            }
            return _STRATEGIES["weighted"] + kept[strategy.sticky]
        case CascadeStrategy() | IntentStrategy():
            return _STRATEGIES[strategy.kind]


def combination_in_words(combine: CombinationEntry) -> str:
    """How the scores of several validators become one verdict."""
    if isinstance(combine, AllCombination):
        return "all must pass"
    required = f", {names(combine.required, 'and')} by itself too" if combine.required else ""
    return f"the weighted mean must reach {units.score(combine.threshold)}{required}"


def validator_in_words(entry: ValidatorEntry) -> str:
    """A validator's kind and the settings that it does not share with all others."""
    return _kind_and_settings(entry.kind, entry.model_dump(exclude_defaults=True), {"kind", "threshold"})


def tool_in_words(entry: ToolEntry) -> str:
    """A tool's kind and settings; what it answers or asks is counted, not listed."""
    settings = entry.model_dump(exclude_defaults=True)
    for name, one in (("answers", "answer"), ("queries", "query")):
        if name in settings:
            settings[name] = units.plural(len(settings[name]), one, "queries" if one == "query" else None)
    return _kind_and_settings(entry.kind, settings, {"kind", "threshold", "timeout_s"})


def provider_in_words(entry: ProviderEntry) -> str:
    """How a model is called. Never a key: a policy names only the variable that holds it."""
    match entry:
        case LocalProvider():
            return f"local file {entry.file}"
        case OpenAIProvider():
            return f"{entry.model} at {entry.base_url}"
        case LiteLLMProvider():
            return f"{entry.model} by litellm" + ("" if entry.base_url is None else f" at {entry.base_url}")
        case ScriptedProvider():
            return f"made-up answers by the script {entry.script}"


def calls_in_words(model: Model) -> str:
    """How a model is called, or how many deployments take its calls."""
    if not model.deployments:
        return provider_in_words(model.provider)
    places = [f"{place.name} ({place.region})" if place.region else place.name for place in model.deployments]
    return f"{units.plural(len(places), 'deployment')}: {names(places, 'and')}"


def budget_in_words(budget: Budget) -> str:
    """``$50.00 a day for each tenant, of the routes chat or draft; then refuse (402)``."""
    only = [f"of the tenants {names(budget.tenants)}"] if budget.tenants is not None else []
    only += [f"of the routes {names(budget.routes)}"] if budget.routes is not None else []
    limits = "".join(f", {one}" for one in only)
    return (
        f"{units.usd(float(budget.usd))} a {budget.period} for {_COUNTED_FOR[budget.per]}{limits}; "
        f"{_ON_EXHAUSTED[budget.on_exhausted]}"
    )


def limits_in_words(route: Route) -> list[str]:
    """What one request to a route may take, a phrase each."""
    caps = route.caps
    told = [f"at most {_dollars(caps.usd)}"] if caps.usd is not None else []
    told += [f"at most {caps.tokens:,} tokens"] if caps.tokens is not None else []
    told += [f"at most {units.plural(caps.branches, 'branch', 'branches')}"]
    told += [f"within {route.deadline_s:g} s", f"answers up to {route.max_output_tokens:,} tokens"]
    told += [f"{route.fan_out} models at once"] if route.fan_out > 1 else []
    told += ["streamed as it comes"] if route.stream == "immediate" else []
    told += [route.aggregator.replace("_", " ")] if route.aggregator != "first_accepted" else []
    told += _remembered(route)
    return told


def _remembered(route: Route) -> list[str]:
    """What a route takes over from requests before."""
    told = []
    if route.sticky is not None:
        told.append(f"conversations stay with their model for {ago(route.sticky.ttl_s)}")
    if (least := route.escalate_on_tool_trouble) is not None:
        told.append(f"a stronger model from tool trouble {units.score(least)} on")
    if route.cache is not None:
        told.append(f"accepted answers are given again for {ago(route.cache.ttl_s)}")
    return told


def kept_in_words(kept: TelemetryEntry) -> str:
    """What is kept of a request, and for how long."""
    content = {
        "off": "no prompts or answers",
        "hash": "hashes of prompts and answers",
        "redacted": "redacted prompts and answers",
        "full": "prompts and answers in full",
    }[kept.content]
    days = "for ever" if kept.keep_days is None else f"for {units.plural(kept.keep_days, 'day')}"
    strict = "; an answer whose decision cannot be kept is refused" if kept.audit == "strict" else ""
    shorter = "" if kept.keep_content_days is None else f" for {units.plural(kept.keep_content_days, 'day')}"
    return f"decisions {days}, with {content}{shorter}{strict}"


def scored_in(policy: Policy) -> dict[str, list[str]]:
    """Validators by the routes that ask for them, an override of a single intent included."""
    used: dict[str, list[str]] = {name: [] for name in policy.validators}
    for name, route in policy.routes.items():
        asked = [route.validators, *(override.validators or () for override in route.intents.values())]
        for validator in dict.fromkeys(one for several in asked for one in several):
            used.setdefault(validator, []).append(name)
    return used


def thresholds_of(policy: Policy, validator: str) -> list[str]:
    """Where a route sets another threshold than the validator's own: ``0.80 in chat``."""
    own = policy.validators[validator].threshold
    told: list[str] = []
    for name, route in policy.routes.items():
        if (other := route.thresholds.get(validator)) is not None and other != own:
            told.append(f"{units.score(other)} in {name}")
        told += [
            f"{units.score(override.thresholds[validator])} in {name} for {intent}"
            for intent, override in route.intents.items()
            if validator in override.thresholds
        ]
    return told


def ago(seconds: float) -> str:
    """A stretch of time at one digit's precision: ``12 s``, ``5 min``, ``3 h``, ``8 days``."""
    for size, unit in ((86_400, "day"), (3600, "h"), (60, "min")):
        if seconds >= size:
            number = int(seconds // size)
            return units.plural(number, "day") if unit == "day" else f"{number} {unit}"
    return f"{max(int(seconds), 0)} s"


def _kind_and_settings(kind: str, settings: Mapping[str, Any], without: set[str]) -> str:
    told = [f"{name.replace('_', ' ')} {_value(value)}" for name, value in settings.items() if name not in without]
    return f"{kind.replace('_', ' ')}: {', '.join(told)}" if told else kind.replace("_", " ")


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return units.plural(len(value), "entry", "entries")
    if isinstance(value, Iterable) and not isinstance(value, str):
        return names([str(one) for one in value], "and")
    return str(value)


def _hourly(price: ComputePriceEntry) -> str:
    hourly = float(price.usd_per_second) * _SECONDS_AN_HOUR
    return f"${hourly:,.2f}" if hourly >= 0.01 else units.usd(hourly)


def _dollars(amount: Any) -> str:
    """A price as a price list writes it: at least two digits behind the point, and as many as it has."""
    written = f"{amount:f}"
    whole, _, cents = written.partition(".")
    return f"${int(whole):,}.{cents.rstrip('0').ljust(2, '0')}"
