"""From a policy to those who judge by it, and to what is picked of each route."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from app.evaluating.evaluator import AskValidators, CompareWithReference, Evaluator, JudgeByRubric
from app.evaluating.reference import read_references
from app.jobs.errand import Errands
from router_core.errors import Fault, PolicyError
from router_core.policy.loading import LoadedPolicy
from router_core.policy.schema import (
    CascadeStrategy,
    EvaluatorEntry,
    JudgeEvaluator,
    Policy,
    ReferenceEvaluator,
    RouteEvaluation,
    RulesEvaluator,
    ShadowEntry,
)
from router_core.validators.build import build_validators
from router_core.validators.rubric import Rubric, make_rubric, read_rubric
from telemetry.evaluation_sample import SamplePlan, ShadowPlan

_NANO: Final = Decimal(10**9)


def build_evaluators(loaded: LoadedPolicy, errands: Errands) -> dict[str, Evaluator]:
    """The policy's evaluators by name.

    Raises:
        PolicyError: with the faults of all that cannot be made, as a rubric or a reference that cannot be read.
    """
    built: dict[str, Evaluator] = {}
    faults: list[Fault] = []
    for name, entry in loaded.policy.evaluation.evaluators.items():
        try:
            built[name] = _build(name, entry, loaded, errands)
        except PolicyError as error:
            faults.extend(error.faults)
    if faults:
        raise PolicyError(faults)
    return built


def _build(name: str, entry: EvaluatorEntry, loaded: LoadedPolicy, errands: Errands) -> Evaluator:
    key = f"evaluation.evaluators.{name}"
    match entry:
        case JudgeEvaluator():
            rubric = _rubric(entry, loaded, key)
            judge = sole_model(loaded.policy, entry.route)
            return JudgeByRubric(name, entry.route, rubric, entry.threshold, entry.max_output_tokens, errands, judge)
        case ReferenceEvaluator():
            references = read_references(loaded.folder / entry.file, f"{key}.file", entry.extract)
            return CompareWithReference(name, entry.file, references, entry.extract)
        case RulesEvaluator():
            entries = {one: loaded.policy.validators[one] for one in entry.validators}
            return AskValidators(name, list(build_validators(entries, loaded.folder).values()))


def sole_model(policy: Policy, route: str) -> str | None:
    """The model that is asked first whatever a route, or a model, is asked; None where it may be several."""
    if route in policy.models:
        return route
    entry = policy.routes.get(route.removeprefix("route/"))
    if entry is None or entry.intents or not isinstance(entry.strategy, CascadeStrategy):
        return None
    first = [name for name, model in policy.models.items() if model.tier == entry.strategy.tiers[0]]
    return first[0] if len(first) == 1 else None


def _rubric(entry: JudgeEvaluator, loaded: LoadedPolicy, key: str) -> Rubric:
    if entry.rubric_file is not None:
        return read_rubric(loaded.folder / entry.rubric_file, f"{key}.rubric_file")
    place = loaded.place_of("evaluation", "evaluators", key.rpartition(".")[2], "rubric")
    return make_rubric(entry.rubric or "", place, f"{key}.rubric")


def sample_plans(loaded: LoadedPolicy) -> dict[str, SamplePlan]:
    """What is picked, by route."""
    return {name: _plan(name, entry) for name, entry in loaded.policy.evaluation.routes.items()}


def _plan(route: str, entry: RouteEvaluation) -> SamplePlan:
    return SamplePlan(
        route=route,
        evaluators=entry.evaluators,
        rate=entry.rate,
        escalated="escalated" in entry.always,
        low_score=entry.low_score if "low_score" in entry.always else None,
        at_least=entry.at_least,
        per_day=entry.per_day,
        nano_per_day=_nano(entry.usd_per_day),
        shadow=None if entry.shadow is None else _shadow(entry.shadow),
    )


def _shadow(entry: ShadowEntry) -> ShadowPlan:
    return ShadowPlan(entry.model, entry.rate, entry.per_day, _nano(entry.usd_per_day))


def _nano(usd: Decimal) -> int:
    return int(usd * _NANO)
