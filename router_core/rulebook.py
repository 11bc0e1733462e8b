"""A policy's rules, made ready once and asked for every request. They can only narrow.

Pure. The order of the rules never changes who is left: rules that raise risk or data class are asked first, about what
the caller stated; every other rule sees what came of them; and a request that rules send elsewhere may use what all the
routes on its way may use.

What a rule removes, where it applies, follows from the policy and from the routes on the request's way alone: it is
worked out once for each of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, TypeVar

from router_core.conditions import ConditionTest, Look, holding_of, reaches, tests_of
from router_core.guard import Eligibility, Exclusion, Ruling, fit
from router_core.policy.schema import Deny, Exclude, Model, Raise, Redact, Require, RouteTo, Rule
from router_core.providers.base import Readiness
from router_core.request import DATA_CLASSES, RISKS, Context, RouteRequest
from router_core.result import Verdict, VerdictOutcome
from router_core.signals.risk import effective_risk
from router_core.situation import Situation

_Level = TypeVar("_Level", bound=str)
_Outcome: TypeAlias = tuple[Verdict, Mapping[str, Exclusion]]
"""What a rule says and whom it takes out, where nothing failed."""

NO_ROUTES: Final[Mapping[str, Mapping[str, Model]]] = {}


class _ReadyRule:
    """A rule with what does not change from request to request."""

    __slots__ = ("conditions", "passed", "raises", "rule")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.conditions: Sequence[ConditionTest] = [tests_of(condition) for condition in rule.any_of]
        self.raises = isinstance(rule.then, Raise)
        self.passed = Verdict(rule.name, "passed", "its conditions do not hold", rule.owner)


@dataclass(slots=True)
class _Way:
    """The routes that a request goes by, and what each rule does to their models where it applies."""

    models: Mapping[str, Model]
    """Those of the route asked for."""
    known: Mapping[str, Model]
    """Those of all routes on the way, in that order."""
    elsewhere: Mapping[str, Exclusion]
    """Models that the route asked for does not use."""
    outcomes: dict[int, _Outcome]
    """By the rule's place; filled as rules apply."""


class Rulebook:
    """The rules of one policy. Safe for concurrent use."""

    def __init__(self, rules: Sequence[Rule], routes: Mapping[str, Mapping[str, Model]] = NO_ROUTES) -> None:
        """``routes``: the models that each route of the policy may use at all."""
        self._rules = [_ReadyRule(rule) for rule in rules]
        self._raising = [one for one in self._rules if one.raises]
        self._leading = [(one, one.rule.then.route) for one in self._rules if isinstance(one.rule.then, RouteTo)]
        self._routes = routes
        self._ways: dict[tuple[str, ...], _Way] = {}

    def apply(self, situation: Situation, models: Mapping[str, Model]) -> Ruling:
        """What every rule says. ``models`` are those that the target asked for may name at all.

        A model already removed keeps its first reason.
        """
        raised = self._raised(situation)
        seen = Look.at(raised)
        # Rules that raise look at what the caller stated, and at no route that others lead to.
        stated = seen if not self._raising else Look.at(situation)
        hops = self._hops(seen)
        way = self._way(situation.route, hops, models)
        exclusions: dict[str, Exclusion] = {}
        verdicts = []
        redactions = []
        denied = None
        for place, one in enumerate(self._rules):
            holding = holding_of(one.conditions, stated if one.raises else seen)
            if not holding.applies:
                verdicts.append(one.passed)
                continue
            verdict, removed = self._outcome(place, way, situation)
            if holding.failed is not None:
                verdict = replace(verdict, failed=holding.failed)
            for name, exclusion in removed.items():
                exclusions.setdefault(name, exclusion)
            verdicts.append(verdict)
            if isinstance(one.rule.then, Redact):
                redactions.append(one.rule.then)
            elif verdict.outcome == "denied":
                denied = denied or verdict
        for name, exclusion in way.elsewhere.items():
            exclusions.setdefault(name, exclusion)
        return Ruling(
            route=hops[-1] if hops else situation.route,
            context=raised.context,
            models=way.known,
            exclusions=exclusions,
            verdicts=tuple(verdicts),
            denied=denied,
            redacts=bool(redactions),
            restores=bool(redactions) and all(redaction.restore for redaction in redactions),
        )

    def _raised(self, situation: Situation) -> Situation:
        """The situation with risk and data class as high as any rule says; no rule sees what another one raised."""
        if not self._raising:
            return situation
        look = Look.at(situation)
        raising = [
            one.rule.then
            for one in self._raising
            if isinstance(one.rule.then, Raise) and holding_of(one.conditions, look).applies
        ]
        risk = effective_risk(situation.context.risk, [entry.risk for entry in raising])
        data_class = situation.context.data_class
        for entry in raising:
            data_class = _higher(data_class, entry.data_class, DATA_CLASSES)
        if (risk, data_class) == (situation.context.risk, situation.context.data_class):
            return situation
        return replace(situation, context=replace(situation.context, risk=risk, data_class=data_class))

    def _hops(self, look: Look) -> list[str]:
        """The routes that rules send the request to, one after the other; each once, and never back to the first.

        A rule may hold only for a route that another rule sent the request to, so they are asked until none adds one.
        """
        hops: list[str] = []
        moved = bool(self._leading)
        while moved:
            moved = False
            for one, route in self._leading:
                if route not in look.routes and holding_of(one.conditions, look).applies:
                    look.routes |= {route}
                    hops.append(route)
                    moved = True
        return hops

    def _way(self, route: str, hops: Sequence[str], models: Mapping[str, Model]) -> _Way:
        """The way by these routes; remembered, as there are no more of them than a policy's rules make."""
        way = self._ways.get((route, *hops))
        if way is None or way.models is not models:
            known = {**models, **{name: model for hop in hops for name, model in self._routes[hop].items()}}
            elsewhere = Exclusion("route", f"{_named(route)} does not use it")
            way = _Way(models, known, {name: elsewhere for name in known if name not in models}, {})
            self._ways[route, *hops] = way
        return way

    def _outcome(self, place: int, way: _Way, stated: Situation) -> _Outcome:
        """What a rule that applies says of the way's models."""
        rule = self._rules[place].rule
        if isinstance(rule.then, Raise):
            # The only one that depends on what the caller stated.
            return _said(rule, "raised", _raise_in_words(rule.then, stated.context)), {}
        outcome = way.outcomes.get(place)
        if outcome is None:
            outcome = way.outcomes[place] = self._worked_out(rule, way, stated.route)
        return outcome

    def _worked_out(self, rule: Rule, way: _Way, asked: str) -> _Outcome:
        match rule.then:
            case Deny(message=message):
                return _said(rule, "denied", message), {}
            case RouteTo(route=route) if route == asked:
                return _said(rule, "passed", "the request is for that route already"), {}
            case RouteTo(route=route):
                unused = f"route {route}, which takes over, does not use it"
                removed = {name: None if name in self._routes[route] else unused for name in way.models}
                verdict, exclusions = _removal(rule, "rerouted", removed)
                reason = f"the request for {_named(asked)} goes on as route {route}; {verdict.reason}"
                return replace(verdict, reason=reason), exclusions
            case Require() as require:
                return _removal(rule, "required", {name: _lacks(name, one, require) for name, one in way.known.items()})
            case Exclude() as exclude:
                removed = {name: _is_excluded(name, model, exclude) for name, model in way.known.items()}
                return _removal(rule, "excluded", removed)
            case Redact(restore=restore):
                after = ", and the answer gets them back" if restore else ""
                return _said(rule, "redacted", f"models get placeholders for personal data and secrets{after}"), {}
            case Raise():
                raise AssertionError("raising rules are worked out anew for each request")


def apply_rules(
    situation: Situation,
    models: Mapping[str, Model],
    rules: Sequence[Rule],
    routes: Mapping[str, Mapping[str, Model]] = NO_ROUTES,
) -> Ruling:
    """`Rulebook.apply` of rules that are asked once."""
    return Rulebook(rules, routes).apply(situation, models)


def judge(
    request: RouteRequest,
    situation: Situation,
    models: Mapping[str, Model],
    rules: Sequence[Rule],
    readiness: Mapping[str, Readiness],
    max_output_tokens: int,
    routes: Mapping[str, Mapping[str, Model]] = NO_ROUTES,
) -> Eligibility:
    """`apply_rules`, then `guard.fit`, for callers that need nothing between them."""
    ruling = apply_rules(situation, models, rules, routes)
    return fit(ruling, request, situation.signals, readiness, max_output_tokens)


# --- in words ---------------------------------------------------------------------------------------------------------


def _said(rule: Rule, outcome: VerdictOutcome, reason: str, removed: Sequence[str] = ()) -> Verdict:
    return Verdict(rule.name, outcome, reason, rule.owner, tuple(removed))


def _removal(rule: Rule, outcome: VerdictOutcome, found: Mapping[str, str | None]) -> _Outcome:
    """``found``: of each model the reason why it goes, or None."""
    exclusions = {name: Exclusion(f"rule:{rule.name}", reason) for name, reason in found.items() if reason is not None}
    kept = len(found) - len(exclusions)
    return _said(rule, outcome, f"{kept} of {len(found)} models may be used", tuple(exclusions)), exclusions


def _raise_in_words(entry: Raise, stated: Context) -> str:
    words = [
        f"{noun} counts as {least}, stated was {said}"
        if _higher(said, least, order) != said
        else f"{noun} was stated as {said}, which is no less than {least}"
        for noun, least, said, order in (
            ("risk", entry.risk, stated.risk, RISKS),
            ("data class", entry.data_class, stated.data_class, DATA_CLASSES),
        )
        if least is not None
    ]
    return "; ".join(words)


def _higher(one: _Level, other: _Level | None, order: tuple[_Level, ...]) -> _Level:
    return one if other is None or order.index(one) >= order.index(other) else other


def _lacks(name: str, model: Model, require: Require) -> str | None:
    if require.models is not None and name not in require.models:
        return "it is not among the models that the rule names"
    if require.tiers is not None and model.tier not in require.tiers:
        return f"its tier is {model.tier}, the rule asks for {_either(require.tiers)}"
    if require.location is not None and model.location != require.location:
        return f"it is {model.location}, the rule asks for {require.location}"
    if require.regions is not None and model.region not in require.regions:
        return f"its region is {model.region or 'unknown'}, the rule asks for {_either(require.regions)}"
    if require.approvals is not None and not require.approvals <= model.approvals:
        return f"it is not approved for {_either(require.approvals - model.approvals)}"
    if require.domains is not None and require.domains.isdisjoint(model.domains):
        return f"it is not specialised in {_either(require.domains)}"
    if require.data_class is not None and not reaches(model.accepts, require.data_class, DATA_CLASSES):
        return f"it accepts data up to {model.accepts}, the rule asks for {require.data_class}"
    return None


def _is_excluded(name: str, model: Model, exclude: Exclude) -> str | None:
    if exclude.models is not None and name in exclude.models:
        return "the rule names it"
    if exclude.tiers is not None and model.tier in exclude.tiers:
        return f"the rule excludes tier {model.tier}"
    if exclude.location is not None and model.location == exclude.location:
        return f"the rule excludes {model.location} models"
    if exclude.regions is not None and (model.region is None or model.region in exclude.regions):
        return f"the rule excludes region {_either(exclude.regions)}; its region is {model.region or 'unknown'}"
    return None


def _either(names: Collection[str]) -> str:
    return " or ".join(sorted(names))


def _named(target: str) -> str:
    return target if target.startswith("model/") else f"route {target}"
