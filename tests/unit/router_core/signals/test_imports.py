"""The modules of the signals stand on each other in one direction."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

from router_core.signals import text

FOLDER = Path(text.__file__).parent


def imported(module: Path) -> set[str]:
    """The other modules of the folder that this one names in an import, those for type checking alone included."""
    named = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("router_core.signals"):
            below = (node.module or "").removeprefix("router_core.signals").removeprefix(".")
            named |= {below} if below else {alias.name for alias in node.names}
    return named


def test_no_module_leads_back_to_itself():
    modules = {module.stem: imported(module) for module in FOLDER.glob("*.py")}
    assert modules["read"] >= {"intent", "language", "domain"}
    assert list(TopologicalSorter(modules).static_order())  # raises CycleError with the circle
