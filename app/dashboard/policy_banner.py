"""On top of every page: that the gateway was given a policy which it refused, why, and what decides instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import streamlit as st

from app import units
from app.dashboard import cache, components
from app.dashboard.gateway_client import Gateway
from app.dashboard.gateway_error import GatewayError

ASK_EVERY_S: Final = 3.0
"""How old the banner may be. Ten open pages ask once."""
_PATIENCE_S: Final = 1.0
"""A gateway that does not answer in this time holds no page up; what is wrong with it is told elsewhere."""
_FAULTS: Final = 3
_LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class RefusedPolicy:
    """What the gateway says of a policy that it refused."""

    file: str
    at: datetime | None
    deciding: str
    """The version that still decides."""
    faults: tuple[str, ...]
    """The first ones: place, key, what is wrong, what to do."""
    more: int

    @property
    def sentence(self) -> str:
        """What happened, in one line; commands between backticks."""
        return (
            f"The policy was changed and is refused since {units.when(self.at)}: {self.file}. Version {self.deciding} "
            "still decides; the file is read again as soon as it changes."
        )

    @property
    def lines(self) -> tuple[str, ...]:
        """The faults, and how many are left out."""
        if not self.more:
            return self.faults
        return (*self.faults, f"and {units.plural(self.more, 'more fault')}; `routescope policy check` lists all")


def refused_policy(health: Mapping[str, Any]) -> RefusedPolicy | None:
    """What a gateway's health says of a refused policy; None when it refused none, or is of another version."""
    refused = health.get("policy_refused")
    if not isinstance(refused, dict) or not isinstance(refused.get("faults"), list):
        return None
    file = str(health.get("policy_file", ""))
    faults = [line for fault in refused["faults"] if (line := _line(fault, file))]
    left_out = refused.get("more")
    more = max(0, len(faults) - _FAULTS) + (left_out if isinstance(left_out, int) else 0)
    return RefusedPolicy(
        file, _moment(refused.get("at")), str(health.get("policy_version", "")), tuple(faults[:_FAULTS]), more
    )


def draw(*, faults: bool = True) -> None:
    """The banner, or nothing; it comes and goes by itself.

    Args:
        faults: whether it lists them; no where the page does.
    """
    st.fragment(_draw, run_every=ASK_EVERY_S)(faults=faults)


def _draw(*, faults: bool) -> None:
    refused = _ask(cache.settings().gateway_url)
    if refused is not None:
        components.notice(refused.sentence, tone="bad", details=refused.lines if faults else ())


@st.cache_data(ttl=ASK_EVERY_S * 0.9, max_entries=8, show_spinner=False)
def _ask(url: str) -> RefusedPolicy | None:
    try:
        return refused_policy(Gateway(url, patience_s=_PATIENCE_S).health())
    except GatewayError:
        return None


def _moment(written: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(written))
    except ValueError:
        return None


def _line(fault: object, file: str) -> str:
    """A fault of the policy file is told by the file's name and the line; of another file by its whole path."""
    if not isinstance(fault, dict):
        return ""
    place = str(fault.get("file", ""))
    if file and place.startswith(file):
        place = Path(file).name + place[len(file) :]
    words = f"{place}: {fault.get('key')}: {fault.get('problem')}; {fault.get('remedy')}"
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"
