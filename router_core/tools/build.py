"""Tools made from a policy's entries."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from router_core.errors import Fault, PolicyError
from router_core.policy.schema import CalculatorTool, SearchTool, ToolEntry
from router_core.tools.base import Tool
from router_core.tools.calculator import Calculator
from router_core.tools.search import Search


def build_tools(entries: Mapping[str, ToolEntry], base: Path) -> dict[str, Tool]:
    """The tools by their names in the policy.

    Args:
        entries: the policy's ``tools``.
        base: the folder of the policy file, from which relative folders are read.

    Raises:
        PolicyError: with the faults of all tools that cannot be made.
    """
    tools: dict[str, Tool] = {}
    faults: list[Fault] = []
    for name, entry in entries.items():
        try:
            tools[name] = _build(name, entry, base)
        except PolicyError as error:
            faults.extend(error.faults)
    if faults:
        raise PolicyError(faults)
    return tools


def _build(name: str, entry: ToolEntry, base: Path) -> Tool:
    match entry:
        case CalculatorTool():
            return Calculator(name, entry.threshold, entry.timeout_s)
        case SearchTool():
            return Search(name, base / entry.folder, entry.threshold, entry.timeout_s)
