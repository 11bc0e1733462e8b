"""Validators: the models they ask, the patterns they hold, and the routes that combine them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from router_core.patterns import InvalidPattern, compile_pattern
from router_core.policy.crosscheck.lookup import Finding, Key, check_installed, check_names, names_in, table, unknown
from router_core.policy.entry_points import VALIDATORS
from router_core.signals.language import LANGUAGES


def validator_faults(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Models that there are not, patterns that cannot be matched, checks that check nothing, names out of place."""
    models = table(data, "models")
    for name, entry in table(data, "validators").items():
        here: Key = ("validators", name)
        yield from check_names((*here, "probes"), "model", names_in(entry, "probes"), models)
        match entry.get("kind"):
            case "judge":
                yield from _judge(here, entry, models)
            case "regex":
                yield from _patterns(here, entry)
                yield from _checks_something(here, entry, "must_match", "must_not_match")
            case "contains":
                yield from _checks_something(here, entry, "must_contain", "must_not_contain")
            case "language":
                language = entry.get("language")
                if isinstance(language, str) and language not in LANGUAGES:
                    yield unknown((*here, "language"), "language", language, LANGUAGES)
            case "custom":
                yield from check_installed((*here, "name"), "validator", VALIDATORS, entry.get("name"))
    for name, route in table(data, "routes").items():
        yield from _combination(("routes", name), route, set(names_in(route, "validators")))
        for intent, override in table(route, "intents").items():
            own = override.get("validators")
            spoken = names_in(route if own is None else override, "validators")
            yield from _combination(("routes", name, "intents", intent), override, set(spoken))


def _judge(here: Key, entry: Mapping[str, Any], models: Mapping[str, Any]) -> Iterator[Finding]:
    model = entry.get("model")
    yield from check_names((*here, "model"), "model", [model] if isinstance(model, str) else [], models)
    given = [key for key in ("rubric", "rubric_file") if entry.get(key) is not None]
    if len(given) != 1:
        problem = "it has both a rubric and a rubric_file" if given else "it has no rubric"
        yield (*here, "rubric"), problem, "say what makes an answer good, in rubric or in the file of rubric_file"


def _patterns(here: Key, entry: Mapping[str, Any]) -> Iterator[Finding]:
    for key in ("must_match", "must_not_match"):
        for pattern in names_in(entry, key):
            try:
                compile_pattern(pattern)
            except InvalidPattern as error:
                shown = pattern if len(pattern) <= 60 else f"{pattern[:57]}..."
                remedy = "write it in RE2's syntax, without look-around and back-references"
                yield (*here, key), f"{shown!r} is no pattern: {error}", remedy


def _checks_something(here: Key, entry: Mapping[str, Any], *keys: str) -> Iterator[Finding]:
    if not any(entry.get(key) for key in keys):
        yield here, "it checks nothing", f"give it {' or '.join(keys)}"


def _combination(here: Key, entry: Mapping[str, Any], validators: set[str]) -> Iterator[Finding]:
    """Thresholds, weights and requirements of validators that do not speak there would never hold."""
    combine = entry.get("combine")
    places = [((*here, "thresholds"), entry.get("thresholds"))]
    if isinstance(combine, Mapping):
        places += [((*here, "combine", key), combine.get(key)) for key in ("weights", "required")]
    for key, names in places:
        for name in names if isinstance(names, Mapping | list) else ():
            if isinstance(name, str) and name not in validators:
                known = ", ".join(sorted(validators)) or "none"
                yield key, f"{name!r} is not a validator of this route", f"use one of its own: {known}"
