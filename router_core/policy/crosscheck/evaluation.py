"""Evaluation against the rest of the policy: routes, models and validators that it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from router_core.policy.crosscheck.lookup import Finding, Key, check_names, names_in, table, unknown

_ASKING: Final = ("agreement", "self_consistency", "judge")


def evaluation_faults(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Names that there are not, validators that would ask models, rubrics given twice or not at all."""
    entry = data.get("evaluation")
    evaluators = table(entry, "evaluators")
    for name, evaluator in evaluators.items():
        here: Key = ("evaluation", "evaluators", name)
        match evaluator.get("kind"):
            case "judge":
                yield from _judge(here, evaluator, data)
            case "rules":
                yield from _rules(here, evaluator, table(data, "validators"))
    for name, route in table(entry, "routes").items():
        here = ("evaluation", "routes", name)
        if name not in table(data, "routes"):
            yield unknown(here, "route", name, table(data, "routes"))
        yield from check_names((*here, "evaluators"), "evaluator", names_in(route, "evaluators"), evaluators)
        shadow = route.get("shadow")
        model = shadow.get("model") if isinstance(shadow, Mapping) else None
        if isinstance(model, str):
            yield from check_names((*here, "shadow", "model"), "model", [model], table(data, "models"))


def _judge(here: Key, entry: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[Finding]:
    route = entry.get("route")
    known = [*table(data, "routes"), *table(data, "models")]
    if isinstance(route, str) and route.removeprefix("route/") not in table(data, "routes") and route not in known:
        yield unknown((*here, "route"), "route or model", route, known)
    given = [key for key in ("rubric", "rubric_file") if entry.get(key) is not None]
    if len(given) != 1:
        problem = "it has both a rubric and a rubric_file" if given else "it has no rubric"
        yield (*here, "rubric"), problem, "say what makes an answer good, in rubric or in the file of rubric_file"


def _rules(here: Key, entry: Mapping[str, Any], validators: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    names = names_in(entry, "validators")
    yield from check_names((*here, "validators"), "validator", names, validators)
    for name in names:
        kind = validators.get(name, {}).get("kind")
        if kind in _ASKING:
            problem = f"the validator {name!r} asks models ({kind}), and rules ask nobody"
            yield (*here, "validators"), problem, 'name validators that look at the answer alone, or use kind = "judge"'
