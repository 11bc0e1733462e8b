"""Tools come from a policy's entries."""

import pytest

from router_core.errors import PolicyError
from router_core.policy.schema import CalculatorTool, SearchTool
from router_core.tools.build import build_tools
from router_core.tools.calculator import Calculator
from router_core.tools.search import Search


def test_each_entry_becomes_a_tool_with_its_name_threshold_and_time(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# A\n\nalpha", encoding="utf-8")
    tools = build_tools(
        {
            "sums": CalculatorTool(kind="calculator", threshold=0.8),
            "faq": SearchTool(kind="search", folder="docs", timeout_s=3),
        },
        tmp_path,
    )
    assert isinstance(tools["sums"], Calculator) and isinstance(tools["faq"], Search)
    assert [(t.name, t.threshold, t.timeout_s) for t in tools.values()] == [("sums", 0.8, 1.0), ("faq", 0.75, 3.0)]


def test_the_faults_of_all_tools_are_told_at_once(tmp_path):
    entries = {name: SearchTool(kind="search", folder=name) for name in ("one", "two")}
    with pytest.raises(PolicyError) as raised:
        build_tools(entries, tmp_path)
    assert [fault.key for fault in raised.value.faults] == ["tools.one.folder", "tools.two.folder"]
