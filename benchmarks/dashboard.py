"""How long a reader waits for a page: from the click to the last chart, in Chromium, beside a page of constant data.

    python benchmarks/dashboard.py [--requests 10000] [--days 90] [--data FILE.db] [--runs 7] [--page cost] [--json]

Each page is opened by its link in the sidebar from another page, and then another period is chosen where it has one.
The peer is a Streamlit page with as many Plotly charts over numbers that are asked of nobody, opened and redrawn in
the same way right after it. Beside a page without a chart it has as many of Streamlit's tables as ours has tables.
A round visits all pages once, so that no page finds its own answers of the round before in the cache (it keeps them
for ten seconds), and whatever else the machine does meets all of them; the first round does not count.

``--data`` names the database: one made before is measured as it is, otherwise it is made there and kept.
Ends with a JSON list. For each page and act: the median wait in milliseconds with the limit 1.5 times the peer's, the
median of the paired ratios with the ends of its 95 % interval, processor time of server and browser, kilobytes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from app.dashboard.navigation import DRIFT, OVERVIEW, PLACES, PLAYGROUND, Place
from app.dashboard.view import own_range
from app.launch import is_up
from benchmarks.measuring import constant
from benchmarks.measuring.figures import Figure, command, figure, tell
from benchmarks.measuring.traffic import fill
from benchmarks.measuring.visits import GIVE_UP_S, Cost, Reader, median, ratio
from telemetry.query.store import store_state
from telemetry.storage.engine import open_reader
from tests.browser.servers import free_port

ROOT: Final = Path(__file__).resolve().parents[1]
MOST_OF_PEER: Final = 1.5
REST_MS: Final = 300
"""Between two acts."""


@dataclass(slots=True)
class Visited:
    """What one page cost, round by round, and its peer beside it."""

    place: Place
    charts: int = 0
    tables: int = 0
    opened: list[tuple[Cost, Cost]] = field(default_factory=list)
    narrowed: list[tuple[Cost, Cost]] = field(default_factory=list)
    """None for a page without a period to choose."""


@contextmanager
def streamlit(arguments: list[str], environment: dict[str, str]) -> Iterator[tuple[str, int]]:
    """A Streamlit server: its address and its process."""
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
        yield url, child.pid
    finally:
        child.terminate()
        child.wait(20)


def of_ours(reader: Reader, url: str, visited: Visited, period: str) -> tuple[Cost, Cost | None]:
    """Open a page and choose all that is stored as its period; None where it has no period."""
    place, page = visited.place, reader.page
    other = PLAYGROUND if place is not PLAYGROUND else DRIFT
    reader.go(f"{url}/{other.url_path}?range={period}", other.title)
    link = page.get_by_test_id("stSidebar").get_by_role("link", name=place.title, exact=True)
    at = "" if place is OVERVIEW else place.url_path
    opened = reader.act(link.click, f"() => location.pathname === '/{at}'", place.title)
    visited.charts = page.get_by_test_id("stPlotlyChart").count()
    visited.tables = 0 if visited.charts else page.locator(".rs-table").count()
    page.wait_for_timeout(REST_MS)
    button = page.locator("[class*='st-key-range']").get_by_role("radio", name="all", exact=True)
    if not button.count():
        return opened, None
    return opened, reader.act(button.click, "() => location.search.includes('range=all')", place.title)


def of_peer(reader: Reader, url: str, visited: Visited) -> tuple[Cost, Cost]:
    """Open the constant page with as many charts, or tables, and choose the other period."""
    held, page = (visited.charts, visited.tables), reader.page
    # The page without anything, or another when that one is the peer.
    reader.go(url if any(held) else url + constant.path(0, 1), constant.title(0, 0 if any(held) else 1))
    title = constant.title(*held)
    link = page.get_by_test_id("stSidebar").get_by_role("link", name=title, exact=True)
    at = constant.path(*held) if any(held) else "/"
    opened = reader.act(link.click, f"() => location.pathname === '{at}'", title)
    page.wait_for_timeout(REST_MS)
    half = page.get_by_role("radio", name="half")
    return opened, reader.act(half.click, "() => location.search.includes('range=half')", title)


def rounds(
    ours: Reader, url: str, peer: Reader, peer_url: str, pages: Sequence[Visited], period: str, runs: int
) -> None:
    """Visit all pages and their peers in turns, so that whatever slows one slows the other."""
    for turn in range(runs + 1):
        for visited in pages:
            opened, narrowed = of_ours(ours, url, visited, period)
            beside_opened, beside_narrowed = of_peer(peer, peer_url, visited)
            if turn:
                visited.opened.append((opened, beside_opened))
                if narrowed is not None:
                    visited.narrowed.append((narrowed, beside_narrowed))


def figures(pages: Sequence[Visited], requests: int) -> list[Figure]:
    """Of each page and act: the wait and its ratio to the peer's, processor times and kilobytes."""
    told = []
    for visited in pages:
        held = f"{visited.charts}_charts" if visited.charts else f"{visited.tables}_tables"
        for act, pairs in (("opened", visited.opened), ("narrowed", visited.narrowed)):
            if pairs:
                told += _figures(f"{visited.place.url_path}_{act}_{held}_{requests}_requests", pairs)
    return told


def _figures(name: str, pairs: Sequence[tuple[Cost, Cost]]) -> list[Figure]:
    ours, peers, n = [one for one, _ in pairs], [other for _, other in pairs], len(pairs)
    paired = ratio([one.wall for one in ours], [one.wall for one in peers])
    peer = median(peers, "wall")
    return [
        figure(name, median(ours, "wall"), "ms", n, limit=MOST_OF_PEER * peer, peer=peer),
        figure(f"{name}_ratio", paired.median, "of the peer's wait", n, limit=MOST_OF_PEER),
        figure(f"{name}_ratio_low", paired.low, "of the peer's wait", n),
        figure(f"{name}_ratio_high", paired.high, "of the peer's wait", n),
        figure(f"{name}_server", median(ours, "server"), "ms CPU", n, peer=median(peers, "server")),
        figure(f"{name}_browser", median(ours, "browser"), "ms CPU", n, peer=median(peers, "browser")),
        figure(f"{name}_sent", median(ours, "kilobytes"), "kB", n, peer=median(peers, "kilobytes")),
        figure(f"{name}_elements", median(ours, "elements"), "elements", n, peer=median(peers, "elements")),
    ]


def table(pages: Sequence[Visited]) -> str:
    """A line for each page and act, for people to read."""
    lines = [
        f"{'ours / peer':<22}{'wait, ms':>14}{'ratio (95 %)':>22}{'server':>12}{'browser':>13}{'kB':>12}"
        f"{'elements':>11}"
    ]
    for visited in pages:
        for act, pairs in (("opened", visited.opened), ("narrowed", visited.narrowed)):
            if not pairs:
                continue
            ours, peers = [one for one, _ in pairs], [other for _, other in pairs]
            paired = ratio([one.wall for one in ours], [one.wall for one in peers])
            beside = [
                f"{median(ours, what):.0f} / {median(peers, what):.0f}"
                for what in ("wall", "server", "browser", "kilobytes", "elements")
            ]
            between = f"{paired.median:.2f} ({paired.low:.2f} to {paired.high:.2f})"
            lines.append(
                f"{visited.place.url_path + ' ' + act:<22}{beside[0]:>14}{between:>22}"
                f"{beside[1]:>12}{beside[2]:>13}{beside[3]:>12}{beside[4]:>11}"
            )
    return "\n".join(lines)


def main() -> None:
    listed = {place.url_path: place for place in PLACES if place.group is not None}
    parser = command(__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--data", type=Path, help="where to keep the database, or one made before")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--page", action="append", choices=list(listed), help="only this one; may be given again")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        print("skipped: Chromium is not installed", file=sys.stderr)
        print("[]")
        return
    from playwright.sync_api import sync_playwright

    pages = [Visited(listed[name]) for name in options.page or listed]
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{options.data or Path(folder) / 't.db'}"
        if store_state(open_reader(url)).requests == 0:
            fill(url, options.requests, options.days)
        stored = store_state(open_reader(url))
        if stored.last is None:
            raise SystemExit(f"{url} holds no request")
        period = own_range(stored.last - timedelta(days=options.days), stored.last)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ROUTESCOPE_")}
        environment |= {"ROUTESCOPE_HOME": folder, "ROUTESCOPE_DATABASE_URL": url}
        peer = constant.write(Path(folder) / "peer.py")
        with (
            sync_playwright() as playwright,
            streamlit(["-m", "app.dashboard"], environment) as (our_url, our_server),
            streamlit(peer, environment) as (peer_url, peer_server),
        ):
            browsers, readers = [], []
            for server in (our_server, peer_server):
                # A browser each: what one page leaves behind is not collected at the other's cost.
                browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
                browsers.append(browser)
                readers.append(Reader(browser.new_page(viewport={"width": 1440, "height": 2000}), server))
            rounds(readers[0], our_url, readers[1], peer_url, pages, period, options.runs)
            for browser in browsers:
                browser.close()
    if not options.json:
        print(table(pages), file=sys.stderr)
    tell(figures(pages, stored.requests), only_json=True)


if __name__ == "__main__":
    main()
