"""Looking things up in a parsed TOML file that may have any shape, and saying what is not there.

Parts of the wrong shape are passed over: the schema reports them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from router_core.policy.entry_points import installed

Key: TypeAlias = tuple[str | int, ...]
Finding: TypeAlias = tuple[Key, str, str]
"""Where, what is wrong, what to do."""


def table(data: Any, name: str) -> dict[str, Mapping[str, Any]]:
    """The tables below ``name``, by their own names."""
    found = data.get(name) if isinstance(data, Mapping) else None
    if not isinstance(found, Mapping):
        return {}
    return {key: value for key, value in found.items() if isinstance(value, Mapping)}


def names_in(data: Any, name: str) -> list[str]:
    """The strings in the list ``name``."""
    found = data.get(name) if isinstance(data, Mapping) else None
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []


def unknown(key: Key, noun: str, name: str, known: Iterable[str]) -> Finding:
    """There is no such thing; the nearest known name is the remedy."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if near:
        remedy = f"did you mean {near[0]!r}?"
    else:
        remedy = f"known: {', '.join(names)}" if names else f"the policy has no {noun}: add one"
    return key, f"there is no {noun} {name!r}", remedy


def check_names(key: Key, noun: str, names: Iterable[str], known: Iterable[str]) -> Iterator[Finding]:
    """Every one of ``names`` must be among ``known``."""
    known = list(known)
    for name in names:
        if name not in known:
            yield unknown(key, noun, name, known)


def check_repeated(key: Key, noun: str, entries: Any) -> Iterator[Finding]:
    """No two entries of a list have the same ``name``."""
    seen = set[str]()
    for number, entry in enumerate(entries if isinstance(entries, list) else []):
        name = entry.get("name") if isinstance(entry, Mapping) else None
        if isinstance(name, str) and name in seen:
            yield (*key, number, "name"), f"{noun} {name!r} stands twice", f"give each {noun} its own name"
        elif isinstance(name, str):
            seen.add(name)


def check_tiers(key: Key, named: list[str], data: Mapping[str, Any]) -> Iterator[Finding]:
    """Tiers that the policy lists, each with a model in it."""
    tiers = names_in(data, "tiers")
    yield from check_names(key, "tier", named, tiers)
    inhabited = {model.get("tier") for model in table(data, "models").values()}
    for tier in named:
        if tier in tiers and tier not in inhabited:
            yield key, f"tier {tier!r} has no model", "give a model this tier, or leave the tier out"


def check_installed(key: Key, noun: str, group: str, name: Any) -> Iterator[Finding]:
    """An entry point of this name is installed. Only names are looked up: checking a policy runs no foreign code."""
    known = installed(group)
    if isinstance(name, str) and name not in known:
        remedy = f"installed: {', '.join(known)}" if known else "install the package that offers it"
        yield key, f"no installed package offers the {noun} {name!r} (entry points of {group})", remedy
