"""What became dearer or cheaper from one policy to the next, read from the policies' own texts.

The texts are read as plain TOML, not as policies: one of last year need not be valid today, and its prices were paid
all the same.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final

from telemetry.query.policies import PolicyText

_PER: Final = {
    "input": "per million input tokens",
    "output": "per million output tokens",
    "cache_read": "per million cached input tokens",
    "usd_per_second": "per second of work",
}
_NONE: Final = "no price"


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """One policy that took the place of another."""

    at: datetime
    before: PolicyText | None
    """None: it is the first that is known."""
    now: PolicyText
    prices: tuple[str, ...]
    """What changed in the prices of models that both have, a sentence each; names are as people wrote them."""


def changes(versions: Sequence[PolicyText], reloads: Iterable[tuple[datetime, str]] = ()) -> list[PolicyChange]:
    """The policies as they followed each other, oldest first.

    Args:
        versions: each at the moment when it was first seen.
        reloads: further moments at which a version came into force, as one that was taken back to; unknown ones and
            those that change nothing are left out.
    """
    known = {one.version: one for one in versions}
    moments = [(one.first_seen, one.version) for one in versions]
    moments += [(at, version) for at, version in reloads if version in known]
    found: list[PolicyChange] = []
    deciding: dict[bool, PolicyText] = {}
    for at, version in sorted(moments):
        now = known[version]
        # What a demo simulates goes on beside what is real.
        before = deciding.get(now.simulated)
        if before is not None and before.version == version:
            continue
        deciding[now.simulated] = now
        prices = () if before is None else tuple(price_changes(before.toml, now.toml))
        found.append(PolicyChange(at, before, now, prices))
    return found


def price_changes(before: str, now: str) -> list[str]:
    """How the prices of the models that both policies have differ, as ``price of small: $0.50 -> $0.60 per million
    input tokens``, in the order of the later policy; nothing for a text that is no TOML.
    """
    old, new = _prices(before), _prices(now)
    return [
        sentence for model, price in new.items() if model in old for sentence in _differences(model, old[model], price)
    ]


def _differences(model: str, old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    if not (old.keys() & new.keys()) and (old or new):
        return [f"price of {model}: {_whole(old)} -> {_whole(new)}"]
    told = []
    for part, per in _PER.items():
        if old.get(part) != new.get(part):
            told.append(f"price of {model}: {old.get(part, _NONE)} -> {new.get(part, _NONE)} {per}")
    return told


def _whole(price: Mapping[str, str]) -> str:
    """A price that is of another kind than the one it is compared with."""
    return ", ".join(f"{amount} {_PER.get(part, part)}" for part, amount in price.items()) or _NONE


@lru_cache(maxsize=256)
def _prices(toml: str) -> Mapping[str, Mapping[str, str]]:
    """Of each model, its prices by part, each written as money."""
    try:
        models = tomllib.loads(toml).get("models")
    except tomllib.TOMLDecodeError:
        return {}
    if not isinstance(models, dict):
        return {}
    return {name: _parts(entry) for name, entry in models.items() if isinstance(entry, dict)}


def _parts(entry: Mapping[str, Any]) -> dict[str, str]:
    price = entry.get("price")
    if not isinstance(price, dict):
        return {}
    if price.get("kind") == "catalog":
        return {"by litellm's price list": "as priced"}
    return {part: money for part in _PER if (money := _money(price.get(part))) is not None}


def _money(amount: object) -> str | None:
    """``$2.50``: at least two decimals, and as many more as it has."""
    try:
        usd = Decimal(str(amount))
    except InvalidOperation:
        return None
    if not usd.is_finite():
        return None
    whole = f"{usd.normalize():f}"
    decimals = len(whole.partition(".")[2])
    return f"${whole}" if decimals > 2 else f"${usd:.2f}"
