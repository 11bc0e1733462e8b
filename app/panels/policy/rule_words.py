"""What a guard rule says, in words: when it holds, and what follows.

Pure functions of the policy's types. The sentences are plain text and hold names that others chose: show them through
`app.dashboard.components` or another place that escapes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from app import units
from router_core.policy.schema import Condition, Deny, Exclude, Raise, Redact, Require, RouteTo, Rule, RuleOutcome

ALWAYS: Final = "always"


def rule_in_words(rule: Rule) -> str:
    """One sentence: ``When personal data was found: only models that run local may answer.``"""
    told = f"{when_in_words(rule)}: {then_in_words(rule.then)}"
    # A message that is quoted at the end brings its own full stop.
    return told if told.endswith((".”", "!”", "?”")) else f"{told}."


def when_in_words(rule: Rule) -> str:
    """When a rule applies: ``When the tenant is support and secrets were found, or always``."""
    told = list(dict.fromkeys(condition_in_words(one) for one in rule.any_of))
    return "Always" if ALWAYS in told else f"When {', or when '.join(told)}"


def condition_in_words(condition: Condition) -> str:
    """Everything that must hold together; ``always`` for a condition without any field."""
    told = []
    for name, words in _CONDITIONS.items():
        value = getattr(condition, name)
        if value is not None:
            told.append(words(value))
    return " and ".join(told) or ALWAYS


def then_in_words(outcome: RuleOutcome) -> str:
    """What a rule does when it applies, without a full stop."""
    match outcome:
        case Deny():
            return f"refuse, saying “{outcome.message}”"
        case Require():
            return "only models that " + " and ".join(_told(_REQUIRED, outcome)) + " may answer"
        case Exclude():
            return "no model that " + " or ".join(_told(_EXCLUDED, outcome)) + " may answer"
        case Raise():
            raised = [] if outcome.risk is None else [f"the risk as {outcome.risk} at least"]
            raised += [] if outcome.data_class is None else [f"the data as {outcome.data_class} at least"]
            return "count " + " and ".join(raised or ["nothing more"])
        case Redact():
            after = "; the answer gets them back, but no secrets" if outcome.restore else ""
            return f"models get placeholders in place of personal data and secrets{after}"
        case RouteTo():
            return f"go on as route {outcome.route}"


def names(values: Collection[object], joint: str = "or") -> str:
    """``a``, ``a or b``, ``a, b or c``; sorted, since sets have no order."""
    listed = [str(value) for value in (sorted(values, key=str) if isinstance(values, (set, frozenset)) else values)]
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} {joint} {listed[-1]}" if listed else "none"


def _told(words: Mapping[str, Callable[[Any], str]], outcome: RuleOutcome) -> list[str]:
    told = [say(value) for name, say in words.items() if (value := getattr(outcome, name)) is not None]
    return told or ["nobody named"]


_CONDITIONS: Final[dict[str, Callable[[Any], str]]] = {
    "routes": lambda value: f"the route is {names(value)}",
    "intents": lambda value: f"the intent is {names(value)}",
    "domains": lambda value: f"the prompt is about {names(value)}",
    "languages": lambda value: f"the language is {names(value)}",
    "tenants": lambda value: f"the tenant is {names(value)}",
    "tags": lambda value: f"it is tagged {names(value)}",
    "purposes": lambda value: f"the purpose is {names(value)}",
    "data_classes": lambda value: f"the data are {names(value)}",
    "min_data_class": lambda value: f"the data are {value} or more protected",
    "min_risk": lambda value: f"the risk is {value}{'' if value == 'high' else ' or higher'}",
    "pii": lambda value: "personal data was found" if value else "no personal data was found",
    "secrets": lambda value: "keys or passwords were found" if value else "no keys or passwords were found",
    "min_injection": lambda value: f"it looks like an injection (score {units.score(value)} or more)",
    "code": lambda value: "the prompt holds code" if value else "the prompt holds no code",
    "min_complexity": lambda value: f"its complexity is {units.score(value)} or more",
    "max_complexity": lambda value: f"its complexity is {units.score(value)} or less",
    "min_words": lambda value: f"it has {value:,} words or more",
    "max_words": lambda value: f"it has {value:,} words or fewer",
    "min_tokens": lambda value: f"the conversation has {value:,} tokens or more",
    "max_tokens": lambda value: f"the conversation has {value:,} tokens or fewer",
    "min_tool_trouble": lambda value: f"the last function calls went badly (trouble {units.score(value)} or more)",
    "min_tool_rounds": lambda value: f"functions were called in {units.plural(value, 'round')} or more",
    "max_deadline_ms": lambda value: f"an answer is wanted within {units.duration(value)} or less",
    "max_latency_target_ms": lambda value: f"the latency target is {units.duration(value)} or less",
    "max_cost_cap_usd": lambda value: f"the cost is capped at {units.usd(float(value))} or less",
    "cel": lambda value: f"the expression {value} holds, or fails",
}
_REQUIRED: Final[dict[str, Callable[[Any], str]]] = {
    "models": lambda value: f"are {names(value)}",
    "tiers": lambda value: f"are of tier {names(value)}",
    "location": lambda value: "run here (local)" if value == "local" else "run in the cloud",
    "regions": lambda value: f"run in {names(value)}",
    "approvals": lambda value: f"are approved for {names(value, 'and')}",
    "domains": lambda value: f"are specialised in {names(value)}",
    "data_class": lambda value: f"accept {value} data",
}
_EXCLUDED: Final[dict[str, Callable[[Any], str]]] = {
    "models": lambda value: f"is {names(value)}",
    "tiers": lambda value: f"is of tier {names(value)}",
    "location": lambda value: "runs here (local)" if value == "local" else "runs in the cloud",
    "regions": lambda value: f"runs in {names(value)} or in an unknown region",
}
