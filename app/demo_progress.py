"""How far a demo in the background is, in a small file that every process of ours can read."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from app.settings import Settings

SILENT_S = 120.0
"""A demo writes its progress every second or two, and is silent for half a minute while it looks for drift."""
DIED = "the demo ended without saying why; run `routescope demo` in a terminal to see the reason"


@dataclass(frozen=True, slots=True)
class DemoProgress:
    """How far a demo in the background is; ``error`` when it ended badly."""

    done: int
    total: int
    stage: str
    """``writing``, ``drift``, ``finished`` or ``failed``."""
    error: str | None = None

    @property
    def share(self) -> float:
        """0..1."""
        return min(self.done / self.total, 1.0) if self.total else 0.0

    @property
    def running(self) -> bool:
        """Whether it has not come to an end, good or bad."""
        return self.stage in ("writing", "drift")


def progress(settings: Settings) -> DemoProgress | None:
    """How far the last demo is; None when there was none. One that has been silent for too long has failed."""
    path = _file(settings)
    try:
        now = DemoProgress(**json.loads(path.read_text(encoding="utf-8")))
        silent_s = time.time() - path.stat().st_mtime
    except (OSError, ValueError, TypeError):
        return None
    return replace(now, stage="failed", error=DIED) if now.running and silent_s > SILENT_S else now


def tell(settings: Settings, now: DemoProgress) -> None:
    """Say how far it is, for other processes. A file that cannot be written costs only the progress bar."""
    target = _file(settings)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(asdict(now)), encoding="utf-8")
        draft.replace(target)
    except OSError:
        pass


def _file(settings: Settings) -> Path:
    return settings.run / "demo.json"
