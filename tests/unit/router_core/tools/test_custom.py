"""Tools of other packages are found by entry point: here a package that is really installed, on a path of its own."""

import sys

import pytest

from router_core.errors import PolicyError
from router_core.policy.schema import CustomTool
from router_core.request import RouteRequest
from router_core.signals.read import read_signals
from router_core.tools.build import build_tools

MODULE = """
from router_core.tools.base import ToolAnswer

class Weather:
    def __init__(self, *, city="Bern"):
        if not city:
            raise ValueError("no city")
        self.city = city

    async def resolve(self, request, signals):
        return ToolAnswer(f"Rain in {self.city}.", 0.9, "it always rains") if "weather" in request.prompt else None

class Useless:
    pass
"""
ENTRY_POINTS = """
[routescope.tools]
weather = acme_weather:Weather
useless = acme_weather:Useless
gone = acme_weather:Gone
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    (tmp_path / "acme_weather.py").write_text(MODULE)
    info = tmp_path / "acme_weather-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-weather\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("acme_weather", None)


def build(tmp_path, **fields):
    entry = CustomTool.model_validate({"kind": "custom", "location": "local", **fields})
    return build_tools({"sky": entry}, tmp_path)["sky"]


async def test_a_tool_of_another_package_answers_under_the_policy_s_name(package):
    tool = build(package, name="weather", settings={"city": "Oslo"}, threshold=0.7, location="cloud")
    request = RouteRequest.from_prompt("How is the weather?")
    found = await tool.resolve(request, read_signals(request))
    assert found is not None and found.text == "Rain in Oslo."
    assert (tool.name, tool.threshold, tool.timeout_s, tool.location) == ("sky", 0.7, 2.0, "cloud")


@pytest.mark.parametrize(
    ("fields", "problem", "remedy"),
    [
        ({"name": "tides"}, "no installed package offers 'tides'", "installed: gone, useless, weather"),
        ({"name": "weather", "settings": {"town": "x"}}, "TypeError", "correct its settings"),
        ({"name": "weather", "settings": {"city": ""}}, "ValueError: no city", "correct its settings"),
        ({"name": "gone"}, "AttributeError", "mend the package"),
        ({"name": "useless"}, "without a method resolve", "ask its authors"),
    ],
)
def test_a_tool_that_cannot_be_made_is_a_fault_with_a_remedy(package, fields, problem, remedy):
    with pytest.raises(PolicyError) as raised:
        build(package, **fields)
    (fault,) = raised.value.faults
    assert fault.key == "tools.sky.name"
    assert problem in fault.problem
    assert remedy in fault.remedy
