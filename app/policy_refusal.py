"""A policy that a running gateway did not take, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from router_core.errors import Fault, PolicyError
from router_core.policy.loading import LoadedPolicy
from router_core.policy.schema import TelemetryEntry
from router_core.redaction import redact_text

FIXED_AT_START: Final = ("content", "durability", "database_url")
"""Keys of ``[telemetry]`` that a running process cannot change: what is being written would be half of each."""
MOST_FAULTS: Final = 50
"""Faults that are told over HTTP; the log has all of them."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was refused. The policy before it still decides."""

    at: datetime
    """Aware, UTC."""
    version: str | None
    """Of the refused policy; None when the file could not be read that far."""
    faults: tuple[Fault, ...]
    """Never empty, in file order; without personal data and secrets."""

    def document(self) -> dict[str, Any]:
        """As JSON takes it. ``more``: how many faults are left out."""
        return {
            "at": self.at.isoformat(),
            "version": self.version,
            "faults": [asdict(fault) for fault in self.faults[:MOST_FAULTS]],
            "more": max(0, len(self.faults) - MOST_FAULTS),
        }

    def says_the_same(self, other: Refusal | None) -> bool:
        """Whether another one is about the same faults of the same policy."""
        return other is not None and (other.version, other.faults) == (self.version, self.faults)


def faults_of(error: Exception, file: Path) -> tuple[Fault, ...]:
    """What went wrong with a policy file, without anything of the file that might be a secret.

    Faults quote what was given; in a file where somebody has put a key in the wrong place that is the key.
    """
    if isinstance(error, PolicyError):
        return tuple(_without_secrets(error.faults))
    remedy = "mend that, then save the policy again or send SIGHUP"
    return tuple(_without_secrets([Fault(str(file), "file", str(error), remedy)]))


def check_fixed(opened: TelemetryEntry, new: LoadedPolicy) -> None:
    """Refuse a policy that wants telemetry kept otherwise than this process keeps it.

    Applying the rest would be worse: decisions would name a version that says ``content = "off"`` beside prompts that
    were kept.

    Raises:
        PolicyError: names each such key, never its value: an address may hold a password.
    """
    faults = [
        Fault(
            new.place_of("telemetry", key),
            f"telemetry.{key}",
            "it has changed, and takes effect only at a start",
            "restart the gateway, or take this change back",
        )
        for key in FIXED_AT_START
        if getattr(new.policy.telemetry, key) != getattr(opened, key)
    ]
    if faults:
        raise PolicyError(faults)


def _without_secrets(faults: Iterable[Fault]) -> Iterable[Fault]:
    for fault in faults:
        yield Fault(fault.file, redact_text(fault.key), redact_text(fault.problem), redact_text(fault.remedy))
