"""A policy that a running gateway did not take, and why."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

from app import plain
from router_core.errors import Fault, PolicyError
from router_core.policy.loading import LoadedPolicy
from router_core.policy.schema import TelemetryEntry
from router_core.redaction import redact_text

FIXED_AT_START: Final = ("content", "durability", "database_url", "otlp")
"""Keys of ``[telemetry]`` that a running process cannot change: what is being written would be half of each."""
MOST_FAULTS: Final = 100
"""Faults that are told; the others are counted. Each costs a search for secrets."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was refused. The policy before it still decides."""

    at: datetime
    """Aware, UTC."""
    version: str | None
    """Of the refused policy; None when the file could not be read that far."""
    faults: tuple[Fault, ...]
    """Never empty, in file order; without secrets, and safe for a terminal."""
    more: int = 0
    """How many faults are left out."""

    @classmethod
    def of(cls, error: Exception, file: Path, version: str | None, at: datetime) -> Self:
        """What went wrong with a policy file, without anything of the file that might be a secret.

        Faults quote what was given; in a file where somebody has put a key in the wrong place that is the key.
        """
        remedy = "mend that, then save the policy again or send SIGHUP"
        faults = error.faults if isinstance(error, PolicyError) else (Fault(str(file), "file", str(error), remedy),)
        told = tuple(_harmless(fault) for fault in faults[:MOST_FAULTS])
        return cls(at, version, told, len(faults) - len(told))

    def document(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            "at": self.at.isoformat(),
            "version": self.version,
            "faults": [asdict(fault) for fault in self.faults],
            "more": self.more,
        }

    def __str__(self) -> str:
        """For a log: a line a fault."""
        lines = [f"  {fault}" for fault in self.faults]
        return "\n".join(lines if not self.more else [*lines, f"  and {self.more:,} more"])


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


def _harmless(fault: Fault) -> Fault:
    return Fault(
        plain.visible(fault.file),
        *(plain.visible(" ".join(redact_text(text).split())) for text in (fault.key, fault.problem, fault.remedy)),
    )
