"""What a visit to a page costs: the reader's wait, the work of server and browser, and the bytes between them."""

from __future__ import annotations

import math
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from playwright.sync_api import Page

GIVE_UP_S: Final = 120.0
DRAWN: Final = """title => {
  const app = document.querySelector("[data-testid='stApp']");
  const charts = [...document.querySelectorAll("[data-testid='stPlotlyChart']")];
  const rows = [...document.querySelectorAll(".rs-rows")];
  return app && app.dataset.testScriptState === "notRunning"
    && document.querySelector("h1")?.textContent === title
    && !document.querySelector("[data-testid='stSkeleton'], [data-stale='true']")
    && charts.every(chart => chart.querySelector(".main-svg"))
    && rows.every(table => table.tHead.rows.length);
}"""
"""The script has ended, nothing on the page is of the run before, each chart has been drawn and each table filled."""
CONFIDENCE: Final = 0.95

Quantity: TypeAlias = Literal["wall", "server", "browser", "kilobytes", "elements"]


@dataclass(frozen=True, slots=True)
class Cost:
    """One act of a reader, until what it asked for is drawn."""

    wall: float
    """Milliseconds."""
    server: float
    """Milliseconds of the server's processor time, by the clock's ticks."""
    browser: float
    """Milliseconds of processor time of the process that draws the page."""
    kilobytes: float
    """Sent to the browser through the web socket, before any compression."""
    elements: int
    """Of Streamlit, on the page."""


class Reader:
    """A browser's page and the server it looks at."""

    def __init__(self, page: Page, server: int) -> None:
        """``server``: the server's process id."""
        self.page = page
        self._server = Path(f"/proc/{server}/stat")
        self._protocol = page.context.new_cdp_session(page)
        self._protocol.send("Performance.enable")
        self._protocol.send("Network.enable")
        self._received = 0
        self._protocol.on("Network.webSocketFrameReceived", self._count)

    def go(self, url: str, title: str) -> None:
        """Load a page whole; nothing of it is measured."""
        self.page.goto(url)
        self._until_drawn(title)

    def act(self, act: Callable[[], None], has_changed: str, title: str) -> Cost:
        """Measure an act.

        Args:
            act: what the reader does.
            has_changed: JavaScript, true once the server has begun to answer.
            title: of the page that is then drawn.
        """
        self._received = 0
        server, browser, begin = self._server_ms(), self._browser_ms(), time.perf_counter()
        act()
        self.page.wait_for_function(has_changed, timeout=GIVE_UP_S * 1e3, polling=20)
        self._until_drawn(title)
        wall = (time.perf_counter() - begin) * 1e3
        return Cost(
            wall,
            self._server_ms() - server,
            self._browser_ms() - browser,
            self._received / 1e3,
            self.page.get_by_test_id("stElementContainer").count(),
        )

    def _until_drawn(self, title: str) -> None:
        self.page.wait_for_function(DRAWN, arg=title, timeout=GIVE_UP_S * 1e3, polling=20)

    def _server_ms(self) -> float:
        fields = self._server.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * 1e3 / os.sysconf("SC_CLK_TCK")

    def _browser_ms(self) -> float:
        told = self._protocol.send("Performance.getMetrics")["metrics"]
        return next(float(one["value"]) for one in told if one["name"] == "ProcessTime") * 1e3

    def _count(self, frame: dict[str, Any]) -> None:
        # A binary frame is told in base64.
        self._received += len(frame["response"]["payloadData"]) * 3 // 4


@dataclass(frozen=True, slots=True)
class Ratio:
    """Ours beside the peer's, of pairs measured right after one another."""

    median: float
    low: float
    high: float
    """The interval of the median, by the order of the ratios, at 95 %; all of the ratios where they are below six."""


def ratio(ours: Sequence[float], peers: Sequence[float]) -> Ratio:
    """The median of paired ratios and its interval."""
    ratios = sorted(one / other for one, other in zip(ours, peers, strict=True))
    cut = _ranks_outside(len(ratios))
    return Ratio(statistics.median(ratios), ratios[cut], ratios[-1 - cut])


def median(costs: Sequence[Cost], what: Quantity) -> float:
    """The median of one quantity."""
    values: list[float] = [getattr(cost, what) for cost in costs]
    return statistics.median(values)


def _ranks_outside(n: int) -> int:
    """How many values at each end the median of ``n`` lies beyond in at most one case of twenty (binomial)."""
    below, cut = 0.0, 0
    for rank in range(n // 2):
        below += math.comb(n, rank) / 2**n
        if 2 * below > 1 - CONFIDENCE:
            break
        cut = rank
    return cut
