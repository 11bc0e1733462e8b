"""How much memory something takes while it runs: the most that the process had in RAM, above what it had before."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

_RESET: Final = Path("/proc/self/clear_refs")
_STATUS: Final = Path("/proc/self/status")
_PEAK_ONLY: Final = "5"
"""To the kernel: forget the highest mark, and nothing else."""


def measurable() -> bool:
    """Whether the system tells: Linux with glibc does."""
    return _RESET.exists() and hasattr(ctypes.CDLL(None), "malloc_trim")


def peak_mb(work: Callable[[], Any]) -> float:
    """Run it, and return by how many MiB memory rose at most; that of SQLite and of other C is in it."""
    # What was freed before goes back to the system, or it would be used again without being counted.
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    _RESET.write_text(_PEAK_ONLY, encoding="ascii")
    before = _kib("VmRSS")
    work()
    return max(_kib("VmHWM") - before, 0) / 1024


def resident_mb() -> float:
    """What the process has in RAM, MiB."""
    return _kib("VmRSS") / 1024


def _kib(name: str) -> int:
    for line in _STATUS.read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise LookupError(name)
