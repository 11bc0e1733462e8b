"""Takes the pictures of docs/images from a demo history, in light and in dark.

    python docs/screenshots.py [--requests 6000]

Makes a scratch home, writes simulated traffic into it, starts gateway and dashboard there, drives Chromium over the
pages, and ends all of it.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from app.dashboard.navigation import DECISION, ONE_DECISION, OVERVIEW, PLACES, PLAYGROUND
from app.launch import Addresses, is_up
from app.settings import Settings

IMAGES = Path(__file__).resolve().parent / "images"
SIZE = {"width": 1440, "height": 1000}
SCHEMES = ("light", "dark")
MOST_BYTES = 300_000
START_S = 90.0
MODELS_MS = 60_000
"""For local models to load whose files are on this machine."""
SETTLE_MS = 1500
"""Charts are drawn a little after the page says that it is done."""


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(*words: str) -> list[str]:
    """One of our own commands, by this very Python."""
    return [sys.executable, "-P", "-m", "app.cli", *words]


@contextmanager
def running(home: Path) -> Iterator[str]:
    """The dashboard's address while gateway and dashboard run in ``home``."""
    addresses = Addresses("127.0.0.1", free_port(), free_port())
    ports = ["--port", str(addresses.port), "--gateway-port", str(addresses.gateway_port)]
    child = subprocess.Popen(command("up", "--no-browser", *ports), env=environment(home))  # noqa: S603
    try:
        end = time.monotonic() + START_S
        while not is_up(f"{addresses.dashboard_url}/_stcore/health") or not is_up(f"{addresses.gateway_url}/healthz"):
            if child.poll() is not None or time.monotonic() > end:
                raise SystemExit("the dashboard did not come up")
            time.sleep(0.2)
        yield addresses.dashboard_url
    finally:
        child.terminate()
        child.wait(60)


def environment(home: Path) -> dict[str, str]:
    """A home of its own, nothing from outside."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ROUTESCOPE_")}
    return {**kept, "ROUTESCOPE_HOME": str(home)}


def drawn(page: Page) -> None:
    """Wait until Streamlit has run the script and nothing is a skeleton any more."""
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']", timeout=60_000)
    page.wait_for_selector("[data-testid='stSkeleton']", state="detached", timeout=60_000)
    page.wait_for_timeout(SETTLE_MS)
    if page.locator("[data-testid='stException'], [role='dialog']").count():
        raise SystemExit(f"{page.url} shows an error")


def picture(page: Page, name: str) -> None:
    """What is in view, as WebP, in the best quality that stays under the limit."""
    image = Image.open(io.BytesIO(page.screenshot()))
    path = IMAGES / f"{name}.webp"
    for quality in (90, 80, 65, 50):
        image.save(path, quality=quality, method=6)
        if path.stat().st_size < MOST_BYTES:
            print(f"{path.name} {path.stat().st_size:,} bytes", file=sys.stderr)
            return
    raise SystemExit(f"{path.name} is larger than {MOST_BYTES:,} bytes")


def visit(browser: Browser, url: str, scheme: str, decision: str) -> None:
    """All pages in one colour scheme."""
    page = browser.new_page(viewport=SIZE, color_scheme=scheme)  # type: ignore[arg-type]
    for place in PLACES:
        # The first page has no path of its own.
        name, address = place.url_path, "/?range=all" if place is OVERVIEW else f"/{place.url_path}?range=all"
        if place is ONE_DECISION:
            address = f"/{name}?{DECISION}={decision}"
        page.goto(url + address)
        drawn(page)
        if place is PLAYGROUND:
            ask(page)
        picture(page, f"{name}-{scheme}")
    page.close()


def ask(page: Page) -> None:
    """A summary for the local models; where they are not here, a sum, which a tool answers."""
    try:
        page.get_by_text("not ready").first.wait_for(state="detached", timeout=MODELS_MS)
        prompt = "A summary"
    except PlaywrightTimeout:
        prompt = "A sum"
    page.get_by_role("button", name=prompt, exact=True).click()
    drawn(page)
    page.get_by_role("button", name="Send").click()
    page.get_by_role("link", name="Open the decision's page").wait_for(timeout=120_000)
    drawn(page)


def telling_decision(home: Path) -> str:
    """The newest escalated decision of the demo: it has the most to show."""
    import sqlalchemy as sa

    from telemetry.storage.engine import open_reader, reading
    from telemetry.storage.models import REQUEST

    with reading(open_reader(f"sqlite:///{home / 'routescope.db'}")) as connection:
        query = sa.select(REQUEST.c.decision_id).where(REQUEST.c.escalated).order_by(REQUEST.c.ts.desc())
        return str(connection.execute(query.limit(1)).scalar_one())


def main() -> None:
    """Write the demo, start, take the pictures, stop."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=6000)
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder)
        fetched = Settings.read(environ={}).models
        if fetched.is_dir():
            (home / "models").symlink_to(fetched)
        demo = command("demo", "--weeks", "8", "--requests", str(options.requests), "--seed", "7")
        subprocess.run(demo, env=environment(home), check=True)  # noqa: S603
        subprocess.run(command("drift", "run"), env=environment(home), check=True)  # noqa: S603
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        with running(home) as url:
            for scheme in SCHEMES:
                visit(browser, url, scheme, telling_decision(home))
        browser.close()


if __name__ == "__main__":
    main()
