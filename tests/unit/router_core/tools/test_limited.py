"""A tool may be limited to intents and languages; outside of them it is as if it were not there."""

from dataclasses import replace

import pytest

from router_core.policy.schema import CalculatorTool
from router_core.request import RouteRequest
from router_core.signals.read import read_signals
from router_core.tools.build import build_tools
from router_core.tools.limited import Limited


@pytest.mark.parametrize(
    ("limits", "intent", "language", "answers"),
    [
        ({"intents": {"math"}}, "math", "en", True),
        ({"intents": {"math"}}, "chat", "en", False),
        ({"languages": {"en", "und"}}, "chat", "und", True),
        ({"languages": {"en", "und"}}, "chat", "de", False),
        ({"intents": {"math"}, "languages": {"de"}}, "math", "en", False),
    ],
)
async def test_it_answers_within_its_limits_only(tmp_path, limits, intent, language, answers):
    tool = build_tools({"sums": CalculatorTool(kind="calculator", **limits)}, tmp_path)["sums"]
    request = RouteRequest.from_prompt("2 + 2")
    signals = replace(read_signals(request), intent=intent, language=language)
    assert (await tool.resolve(request, signals) is not None) is answers
    assert (tool.name, tool.threshold, tool.timeout_s, tool.location) == ("sums", 0.9, 1.0, "local")


def test_a_tool_without_limits_is_not_wrapped(tmp_path):
    tools = build_tools({"sums": CalculatorTool(kind="calculator")}, tmp_path)
    assert not isinstance(tools["sums"], Limited)
