"""How long a reader waits for a page: from the click to the last chart, in Chromium, beside a page of constant data.

    python benchmarks/dashboard.py [--requests 10000] [--days 90] [--data FILE.db] [--runs 5] [--json]

Each page is opened by its link in the sidebar from the page before, and then another period is chosen.
The peer is a Streamlit page with as many Plotly charts over numbers that are asked of nobody, opened and redrawn in
the same way, in the same run. ``--data`` keeps the database there, and uses it again when it has been made before.
Ends with a JSON list: medians in milliseconds, the limit 1.5 times the peer.
"""

from __future__ import annotations

import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from app.dashboard.navigation import DRIFT, ONE_DECISION, OVERVIEW, PLACES, PLAYGROUND, Place
from app.dashboard.view import own_range
from app.launch import is_up
from benchmarks.measuring.figures import Figure, command, figure, tell
from benchmarks.measuring.traffic import END, fill
from telemetry.query.store import store_state
from telemetry.storage.engine import open_reader
from tests.browser.servers import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[1]
MOST_OF_PEER = 1.5
GIVE_UP_S = 60.0
MOST_CHARTS = 12
"""Of any page of ours."""
PEER_APP = """
import plotly.graph_objects as go
import streamlit as st

def charts(count):
    def draw():
        st.markdown("# Constant")
        chosen = st.segmented_control("Range", ["half", "whole"], default="whole")
        st.query_params["range"] = chosen
        days = 45 if chosen == "half" else 90
        for number in range(count):
            figure = go.Figure()
            for name in "abc":
                figure.add_bar(x=list(range(days)), y=[(day * 7 + number) % 11 for day in range(days)], name=name)
            st.plotly_chart(figure, key=f"chart-{number}")
    return draw

st.set_page_config(layout="wide")
st.navigation([st.Page(charts(count), title=f"{count} charts", url_path=f"c{count}") for count in COUNTS]).run()
"""
DRAWN = """() => {
  const app = document.querySelector("[data-testid='stApp']");
  const charts = [...document.querySelectorAll("[data-testid='stPlotlyChart']")];
  return app && app.dataset.testScriptState === "notRunning" && document.querySelector("h1")
    && !document.querySelector("[data-testid='stSkeleton'], [data-stale='true']")
    && charts.every(chart => chart.querySelector(".main-svg"));
}"""
"""The script has ended, nothing on the page is of the run before, and each chart has been drawn."""


@dataclass(frozen=True)
class Waits:
    """Milliseconds; not a number where the page has no period to choose."""

    charts: int
    opened: float
    narrowed: float


@contextmanager
def streamlit(arguments: list[str], environment: dict[str, str]) -> Iterator[str]:
    """A Streamlit server, and its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    child = subprocess.Popen(
        [sys.executable, "-P", *arguments, "--server.port", str(port)],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + GIVE_UP_S
        while not is_up(f"{url}/_stcore/health"):
            if child.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"{' '.join(arguments)} did not come up")
            time.sleep(0.1)
        yield url
    finally:
        child.terminate()
        child.wait(20)


def waited(page: Page, act: Callable[[], None], has_changed: str) -> float:
    """Milliseconds from an act of the reader until what it asked for is drawn."""
    begin = time.perf_counter()
    act()
    page.wait_for_function(has_changed, timeout=GIVE_UP_S * 1e3, polling=20)
    page.wait_for_function(DRAWN, timeout=GIVE_UP_S * 1e3, polling=20)
    return (time.perf_counter() - begin) * 1e3


def of_ours(page: Page, url: str, place: Place, days: int) -> Waits:
    """One page of the dashboard, once."""
    start = END - timedelta(days=days)
    whole = own_range(start, END)
    other = PLAYGROUND if place is not PLAYGROUND else DRIFT
    page.goto(f"{url}/{other.url_path}?range={whole}")
    page.wait_for_function(DRAWN, timeout=GIVE_UP_S * 1e3)
    link = page.get_by_test_id("stSidebar").get_by_role("link", name=place.title, exact=True)
    at = "" if place is OVERVIEW else place.url_path
    opened = waited(page, link.click, f"() => location.pathname === '/{at}'")
    charts = page.get_by_test_id("stPlotlyChart").count()
    page.wait_for_timeout(300)
    return Waits(charts, opened, _narrow(page))


def _narrow(page: Page) -> float:
    """Choose another period by its button; not a number where the page has none."""
    button = page.locator("[class*='st-key-range']").get_by_role("radio", name="all", exact=True)
    if not button.count():
        return math.nan
    return waited(page, button.click, "() => location.search.includes('range=all')")


def of_peer(page: Page, url: str, charts: int) -> Waits:
    """A page of so many constant charts, once."""
    page.goto(url)
    page.wait_for_function(DRAWN, timeout=GIVE_UP_S * 1e3)
    link = page.get_by_test_id("stSidebar").get_by_role("link", name=f"{charts} charts", exact=True)
    opened = waited(page, link.click, f"() => location.pathname === '/c{charts}'")
    page.wait_for_timeout(300)
    half = page.get_by_role("radio", name="half")
    return Waits(charts, opened, waited(page, half.click, "() => location.search.includes('range=half')"))


def _medians(turns: Sequence[Waits]) -> Waits:
    return Waits(
        turns[-1].charts,
        statistics.median(turn.opened for turn in turns),
        statistics.median(turn.narrowed for turn in turns),
    )


def figures(page: Page, home: Path, environment: dict[str, str], requests: int, runs: int, days: int) -> list[Figure]:
    """Both figures of each page that the sidebar lists, with their peers.

    A page and its peer take turns, so that whatever else the machine does slows both; the first turn does not count.
    """
    places = [place for place in PLACES if place.group is not None and place is not ONE_DECISION]
    script = home / "peer.py"
    # The first page of the peer, without a chart, is where it is opened from.
    script.write_text(f"COUNTS = {list(range(MOST_CHARTS + 1))}\n{PEER_APP}", encoding="utf-8")
    peer = ["-m", "streamlit", "run", str(script), "--server.headless", "true", "--browser.gatherUsageStats", "false"]
    found: list[tuple[Place, Waits, Waits]] = []
    with streamlit(["-m", "app.dashboard"], environment) as url, streamlit(peer, environment) as peer_url:
        for place in places:
            ours, beside = [], []
            for _ in range(runs + 1):
                ours.append(of_ours(page, url, place, days))
                # A page without a chart has none to wait for.
                if not ours[-1].charts:
                    break
                beside.append(of_peer(page, peer_url, ours[-1].charts))
            else:
                found.append((place, _medians(ours[1:]), _medians(beside[1:])))
    told = []
    for place, waits, constant in found:
        for what, value, peers in (
            ("opened", waits.opened, constant.opened),
            ("narrowed", waits.narrowed, constant.narrowed),
        ):
            if not math.isnan(value):
                name = f"{place.url_path}_{what}_{waits.charts}_charts_{requests}_requests"
                told.append(figure(name, value, "ms", runs, limit=MOST_OF_PEER * peers, peer=peers))
    return told


def main() -> None:
    parser = command(__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--data", type=Path, help="where to keep the database, or one made before")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        print("skipped: Chromium is not installed", file=sys.stderr)
        print("[]")
        return
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{options.data or Path(folder) / 't.db'}"
        if store_state(open_reader(url)).requests == 0:
            fill(url, options.requests, options.days)
        requests = store_state(open_reader(url)).requests
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ROUTESCOPE_")}
        environment |= {"ROUTESCOPE_HOME": folder, "ROUTESCOPE_DATABASE_URL": url}
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1440, "height": 2000})
            measured = figures(page, Path(folder), environment, requests, options.runs, options.days)
            browser.close()
    tell(measured, only_json=options.json, peer="constant charts")


if __name__ == "__main__":
    main()
