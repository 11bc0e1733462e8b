"""How long a reader waits for the page of charts: ours, Phoenix's and MLflow's, on the same traces, in Chromium.

    python benchmarks/peer_pages.py [--traces 1000] [--runs 5] [--json]

Each program gets the same router-like traces of the last six days, over its own way in; Phoenix takes some hundred
spans a second, so that thousands of traces are the largest size at which they can be compared. Each shows its page of
charts (our overview, Phoenix's metrics, MLflow's overview): first by its address, then, from its list of traces, by its
own link. A page is there with the last change of its content: text and elements, not what moves for show; the same rule
for all. They take turns, each in a browser of its own, and the first turn does not count. Peers are installed into the
user's cache folder first; one that cannot be is left out, with a message. Ends with a JSON list.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer

from benchmarks.dashboard import streamlit
from benchmarks.measuring.collectors import MLFLOW, PHOENIX, Peer, Unavailable, holding
from benchmarks.measuring.figures import Figure, command, figure, tell
from telemetry.setup import Telemetry
from tests.traces import Attempt, Routed, emit

if TYPE_CHECKING:
    from playwright.sync_api import Page

DAYS: Final = 6
QUIET_MS: Final = 1_500
"""A page whose content has stood still for so long is there."""
GIVE_UP_MS: Final = 90_000
WATCH: Final = """() => {
  window.__changed = performance.now();
  new MutationObserver(() => { window.__changed = performance.now(); })
    .observe(document, {childList: true, characterData: true, subtree: true});
}"""


@dataclass(slots=True)
class Shown:
    """One program and its page."""

    name: str
    charts: str
    """Path of the page of charts."""
    traces: str
    """Path of the list of traces, from which ``link`` leads there."""
    link: str
    """Playwright's selector."""
    there: str
    """A selector of what the page holds once it shows these traces."""
    opened: list[float] = field(default_factory=list)
    followed: list[float] = field(default_factory=list)


OURS: Final = ("RouteScope", "/?range=7d", "/decisions?range=7d", "[data-testid=stSidebar] a:has-text('Overview')")
OURS_THERE: Final = "[data-testid=stPlotlyChart] .main-svg"


def of_phoenix() -> Shown:
    project = "/projects/UHJvamVjdDox"
    return Shown("Phoenix", f"{project}/metrics", f"{project}/traces", "[role=tab]:has-text('Metrics')", CHART)


def of_mlflow() -> Shown:
    pages = "/#/experiments/0"
    return Shown("MLflow", f"{pages}/overview/usage", f"{pages}/traces", "a[href*='overview/usage']", CHART)


CHART: Final = "svg.recharts-surface path.recharts-rectangle, svg.recharts-surface path.recharts-curve"


def made(tracer: Tracer, traces: int) -> None:
    """Make the traces, spread over the last days; every third request escalates."""
    start, step = datetime.now(UTC) - timedelta(days=DAYS), timedelta(days=DAYS) / traces
    for number in range(traces):
        attempts = (Attempt(outcome="rejected"), Attempt("large")) if number % 3 == 0 else (Attempt(),)
        emit(tracer, Routed(f"{number:032x}", at=start + number * step, attempts=attempts))


def spans_of(traces: int) -> Sequence[ReadableSpan]:
    """The same, as the SDK's own spans."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    made(provider.get_tracer("bench"), traces)
    return exporter.get_finished_spans()


@contextmanager
def ours(traces: int, folder: Path) -> Iterator[str]:
    """Our dashboard over a store of these traces."""
    url = f"sqlite:///{folder / 't.db'}"
    with Telemetry.open(url, home=folder) as telemetry:
        made(telemetry.tracer_provider.get_tracer("bench"), traces)
        if not telemetry.sink.force_flush(120_000):
            raise SystemExit("not everything was written within two minutes")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ROUTESCOPE_")}
    environment |= {"ROUTESCOPE_HOME": str(folder), "ROUTESCOPE_DATABASE_URL": url}
    with streamlit(["-m", "app.dashboard"], environment) as (address, _):
        yield address


def until_there(page: Page, there: str, act: Callable[[], object]) -> float:
    """Milliseconds from an act to the last change of the page that it leads to."""
    begin = time.perf_counter()
    act()
    page.locator(there).first.wait_for(state="attached", timeout=GIVE_UP_MS)
    page.wait_for_function(f"() => performance.now() - window.__changed > {QUIET_MS}", timeout=GIVE_UP_MS, polling=50)
    still = page.evaluate("() => performance.now() - window.__changed")
    return (time.perf_counter() - begin) * 1e3 - float(still)


def visit(page: Page, address: str, shown: Shown) -> tuple[float, float]:
    """Open the page by its address, then from the list of traces by its link."""
    page.goto("about:blank")
    opened = until_there(page, shown.there, lambda: page.goto(address + shown.charts))
    page.goto("about:blank")
    page.goto(address + shown.traces)
    page.locator(shown.link).first.wait_for(timeout=GIVE_UP_MS)
    page.wait_for_function(f"() => performance.now() - window.__changed > {QUIET_MS}", timeout=GIVE_UP_MS, polling=50)
    link = page.locator(shown.link).first
    # By the script, not by the mouse: an invitation to try something new lies over one of them.
    followed = until_there(page, shown.there, lambda: link.evaluate("link => link.click()"))
    return opened, followed


def figures(all_shown: Sequence[Shown], traces: int) -> list[Figure]:
    """Ours beside each peer."""
    mine, *peers = all_shown
    told = []
    for way in ("opened", "followed"):
        own = statistics.median(getattr(mine, way))
        for peer in peers:
            theirs = statistics.median(getattr(peer, way))
            name = f"peer_pages_{way}_beside_{peer.name.lower()}_{traces}_traces"
            told.append(figure(name, own, "ms", len(mine.opened), peer=theirs))
    return told


def main() -> None:
    parser = command(__doc__)
    parser.add_argument("--traces", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        print("skipped: Chromium is not installed", file=sys.stderr)
        print("[]")
        return
    from playwright.sync_api import sync_playwright

    spans = spans_of(options.traces)
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(3)]
        addresses = [(stack.enter_context(ours(options.traces, folders[0])), Shown(*OURS, OURS_THERE))]
        peers: list[tuple[Peer, Shown]] = [(PHOENIX, of_phoenix()), (MLFLOW, of_mlflow())]
        for (peer, shown), folder in zip(peers, folders[1:], strict=True):
            try:
                addresses.append((stack.enter_context(holding(peer, spans, folder)), shown))
            except Unavailable as error:
                print(f"skipped: {error}", file=sys.stderr)
        playwright = stack.enter_context(sync_playwright())
        pages = []
        for _ in addresses:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            stack.callback(browser.close)
            page = browser.new_page(viewport={"width": 1440, "height": 2000})
            page.add_init_script(f"({WATCH})()")
            pages.append(page)
        for turn in range(options.runs + 1):
            for page, (address, shown) in zip(pages, addresses, strict=True):
                opened, followed = visit(page, address, shown)
                if turn:
                    shown.opened.append(opened)
                    shown.followed.append(followed)
    tell(figures([shown for _, shown in addresses], options.traces), only_json=options.json, peer="the peer's page")


if __name__ == "__main__":
    main()
