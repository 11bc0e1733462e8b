"""What the router asks of whoever keeps its decisions."""

from __future__ import annotations

from typing import Protocol

from router_core.result import CommitState


class DecisionSink(Protocol):
    """Implemented by telemetry's processor; the router awaits it before an answer is complete."""

    async def committed(self, trace_id: int) -> CommitState:
        """Wait until the trace's rows are kept, and say where. Never raises, never waits for ever."""
        ...


class NoSink:
    """Nothing is kept."""

    async def committed(self, trace_id: int) -> CommitState:
        """Always ``off``."""
        return "off"
