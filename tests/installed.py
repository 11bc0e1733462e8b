"""A package of Python code as an installer would leave it: a module, and what it offers by entry point."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str, group: str, **points: str) -> None:
    """Put a module ``own_checks`` into ``folder``, on the path, with these entry points (name -> ``module:object``)."""
    (folder / "own_checks.py").write_text(code, encoding="utf-8")
    info = folder / "own_checks-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: own-checks\nVersion: 1.0\n", encoding="utf-8")
    lines = [f"[{group}]", *(f"{name} = {target}" for name, target in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "own_checks", raising=False)
