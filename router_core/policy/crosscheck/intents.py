"""Intents: own ones against the built-in ones, and every place that names an intent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, get_args

from router_core.policy.crosscheck.lookup import Finding, Key, check_names, names_in, table
from router_core.policy.schema.values import BuiltinIntent

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")


def intent_faults(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Names that are taken or unfit, sentences of two intents, and intents that nobody knows."""
    own = table(data, "intents")
    yield from _own_intents(own)
    known = (*get_args(BuiltinIntent), *own)
    for key, names in _named(data):
        yield from check_names(key, "intent", names, known)


def _own_intents(own: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for name, intent in own.items():
        here: Key = ("intents", name)
        if name in get_args(BuiltinIntent):
            yield here, f"the intent {name!r} is built in", "choose another name"
        elif not _NAME.fullmatch(name):
            yield here, f"{name!r} is no name for an intent", "use lower-case letters, digits, - and _, at most 40"
        for sentence in names_in(intent, "examples"):
            folded = " ".join(sentence.casefold().split())
            if not any(map(str.isalnum, sentence)):
                yield (*here, "examples"), f"{sentence!r} holds no word", "write a sentence, or remove it"
            elif folded in seen:
                problem = f"{sentence[:60]!r} is an example of {seen[folded]!r} already"
                yield (*here, "examples"), problem, "each sentence tells one intent, once"
            seen[folded] = name


def _named(data: Mapping[str, Any]) -> Iterator[tuple[Key, Iterable[str]]]:
    """Every place in the file that names intents."""
    for name, route in table(data, "routes").items():
        for intent in table(route, "intents"):
            yield ("routes", name, "intents", intent), [intent]
    for name, tool in table(data, "tools").items():
        yield ("tools", name, "intents"), names_in(tool, "intents")
    rules = data.get("rules")
    for number, rule in enumerate(rules if isinstance(rules, list) else []):
        conditions = rule.get("any_of") if isinstance(rule, Mapping) else None
        for index, condition in enumerate(conditions if isinstance(conditions, list) else []):
            yield ("rules", number, "any_of", index, "intents"), names_in(condition, "intents")
