"""Two versions of a policy side by side: what changed, in words, and line by line.

Pure functions over parsed TOML, so that versions which today's schema does not understand can be compared as well. The
words hold names that others chose: show them through a place that escapes.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from pydantic import ValidationError

from app.panels.policy.rule_words import rule_in_words
from router_core.policy.schema import Rule

Kind: TypeAlias = Literal["added", "removed", "changed"]
Key: TypeAlias = tuple[str, ...]

MOST_LINES: Final = 4_000
"""Lines of a text that are compared line by line."""
LONGEST: Final = 240
"""Characters of a value."""
_NAMED_TABLES: Final = {
    "models": "model",
    "tools": "tool",
    "validators": "validator",
    "routes": "route",
    "intents": "intent",
    "approvals": "approval",
}
_NAMED_LISTS: Final = {"rules": "rule", "budgets": "budget"}


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is otherwise in the later version."""

    kind: Kind
    subject: str
    """``model harbor-8b``, ``rule sensitive-stays-local``, ``policy``, ``telemetry``."""
    key: str
    """What of it, as ``price.output``; empty when all of it came or went, or when a rule says something else."""
    before: str | None
    after: str | None

    @property
    def sentence(self) -> str:
        """``model harbor-8b: price.output was "0.60", is "0.50"``."""
        match self.kind:
            case "added" if self.key:
                return f"{self.subject}: {self.key} is {self.after}, was not said"
            case "added":
                return f"{self.subject} is new: {self.after}"
            case "removed" if self.key:
                return f"{self.subject}: {self.key} was {self.before}, is no longer said"
            case "removed":
                return f"{self.subject} is gone: {self.before}"
            case "changed" if self.key:
                return f"{self.subject}: {self.key} was {self.before}, is {self.after}"
            case "changed":
                return f"{self.subject} said “{self.before}”, says now “{self.after}”"


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """What ``after`` says otherwise than ``before``; empty exactly when both have the same content version."""
    own: list[Change] = []
    found: list[Change] = []
    for name in [*before, *(name for name in after if name not in before)]:
        old, new = before.get(name), after.get(name)
        if name in _NAMED_TABLES and _table(old) and _table(new) and (old or new):
            found += _entries(_NAMED_TABLES[name], old or {}, new or {})
        elif name in _NAMED_LISTS and _named(old) and _named(new) and (old or new):
            listed_before, listed_after = _by_name(old or []), _by_name(new or [])
            found += _entries(_NAMED_LISTS[name], listed_before, listed_after)
            found += _order(name, listed_before, listed_after)
        elif _table(old) and _table(new) and (old or new):
            found += _keys(name, old or {}, new or {})
        else:
            own += _keys("policy", {name: old} if name in before else {}, {name: new} if name in after else {})
    return [*own, *found]


def _entries(noun: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for name in [*before, *(name for name in after if name not in before)]:
        subject = f"{noun} {name}"
        if name not in before:
            yield Change("added", subject, "", None, _said(noun, after[name]))
        elif name not in after:
            yield Change("removed", subject, "", _said(noun, before[name]), None)
        elif not _same(before[name], after[name]):
            yield from _entry(noun, subject, before[name], after[name])


def _entry(noun: str, subject: str, before: Any, after: Any) -> Iterator[Change]:
    if noun == "rule":
        words = [_rule(value) for value in (before, after)]
        if None not in words and words[0] != words[1]:
            yield Change("changed", subject, "", *words)
            before, after = (
                {key: value for key, value in side.items() if key not in ("any_of", "then")} for side in (before, after)
            )
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _keys(subject, before, after)
    else:
        yield Change("changed", subject, "", _value(before), _value(after))


def _keys(subject: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    old, new = dict(_flat(before)), dict(_flat(after))
    for key in [*old, *(key for key in new if key not in old)]:
        told = ".".join(key)
        if key not in new:
            yield Change("removed", subject, told, _value(old[key]), None)
        elif key not in old:
            yield Change("added", subject, told, None, _value(new[key]))
        elif not _same(old[key], new[key]):
            yield Change("changed", subject, told, _value(old[key]), _value(new[key]))


def _order(section: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    old, new = [name for name in before if name in after], [name for name in after if name in before]
    if old != new:
        yield Change("changed", section, "order", ", ".join(old), ", ".join(new))


def _flat(value: Mapping[str, Any], under: Key = ()) -> Iterator[tuple[Key, Any]]:
    for name, inner in value.items():
        if isinstance(inner, Mapping) and inner:
            yield from _flat(inner, (*under, str(name)))
        else:
            yield (*under, str(name)), inner


def _table(value: object) -> bool:
    return value is None or isinstance(value, Mapping)


def _named(value: object) -> bool:
    return value is None or (
        isinstance(value, list) and all(isinstance(one, Mapping) and isinstance(one.get("name"), str) for one in value)
    )


def _by_name(listed: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """By name; a second one of the same name is told apart by its number."""
    found: dict[str, Any] = {}
    for one in listed:
        name, number = str(one["name"]), 2
        while name in found:
            name, number = f"{one['name']} ({number})", number + 1
        found[name] = one
    return found


def _said(noun: str, value: Any) -> str:
    told = _rule(value) if noun == "rule" else None
    if told is None and isinstance(value, Mapping):
        told = ", ".join(f"{'.'.join(key)} {_value(inner)}" for key, inner in _flat(value) if key != ("name",))
    return _cut(told if told is not None else _value(value))


def _rule(value: Any) -> str | None:
    try:
        return rule_in_words(Rule.model_validate(value))
    except ValidationError:
        return None


def _same(one: Any, other: Any) -> bool:
    """As `content_version` sees it: 1, 1.0 and true are three values."""
    return _canonical(one) == _canonical(other)


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)


def _value(value: Any) -> str:
    return _cut(json.dumps(value, ensure_ascii=False, default=str))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def lines(before: str, after: str, *, around: int = 3) -> list[str] | None:
    """The texts as a unified diff without its header: each line begins with ``+``, ``-``, a space or ``@``.

    ``around``: unchanged lines kept on both sides of a change. None when a text has more than `MOST_LINES` lines.
    """
    old, new = before.splitlines(), after.splitlines()
    if max(len(old), len(new)) > MOST_LINES:
        return None
    return list(difflib.unified_diff(old, new, n=around, lineterm=""))[2:]
