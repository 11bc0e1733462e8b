"""How long it takes until something is there: imports, and `routescope up` until its first drawn page.

    python benchmarks/startup.py [--no-browser] [--json]

``up`` is started twice in one scratch home, first without a database, then with it. Model files are not waited for:
they are shown as loading. Chromium must be installed for the drawn page; without it those lines are left out, with a
word. Ends with a JSON list.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from app.launch import is_up

ROOT = Path(__file__).resolve().parents[1]
IMPORT_LIMIT_S = 0.3
FIRST_LIMIT_S, SERVERS_LIMIT_S, PAGE_LIMIT_S = 60.0, 5.0, 10.0
GIVE_UP_S = 120.0
HEAVY = ("litellm", "evidently", "xllamacpp", "sklearn", "scipy")
"""What no page may import."""


def entry(name: str, value: float, unit: str, n: int, limit: float | None) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "limit": limit,
        "peer": None,
        "ratio_to_peer": None,
        "ratio_to_limit": round(value / limit, 4) if limit else None,
        "n": n,
    }


def import_seconds(module: str, runs: int) -> float:
    """Median over fresh processes, the interpreter's own start left out.

    Their bytecode is there, as installers leave it: a first process writes it, whatever the environment says of that.
    """
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        environment["PYTHONPYCACHEPREFIX"] = folder
        command = [sys.executable, "-c", code]
        taken = [float(subprocess.check_output(command, cwd=ROOT, env=environment)) for _ in range(runs + 1)]
    return statistics.median(taken[1:])


def heavy_imports(home: Path) -> list[str]:
    """Heavy packages that are loaded after every page has run once, in a fresh process."""
    code = f"""
import json, sys
from streamlit.testing.v1 import AppTest
from app.dashboard import navigation
at = AppTest.from_file({str(ROOT / "app" / "main.py")!r}, default_timeout=60).run()
for place in navigation.PLACES:
    at = at.switch_page(place.file).run()
    assert not at.exception, (place.file, at.exception)
print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))
"""
    environment = {**os.environ, "ROUTESCOPE_HOME": str(home)}
    said = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    found: list[str] = json.loads(said.splitlines()[-1])
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(home: Path, chromium: str | None) -> dict[str, float]:
    """Seconds from the command until the gateway answers, the dashboard is healthy, and the first page is drawn."""
    port, gateway_port = free_port(), free_port()
    command = [sys.executable, "-P", "-m", "app.cli", "up", "--no-browser"]
    command += ["--port", str(port), "--gateway-port", str(gateway_port)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ROUTESCOPE_")}
    environment["ROUTESCOPE_HOME"] = str(home)
    waiting = {
        "gateway": f"http://127.0.0.1:{gateway_port}/healthz",
        "dashboard": f"http://127.0.0.1:{port}/_stcore/health",
    }
    taken: dict[str, float] = {}
    begin = time.monotonic()
    child = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        while waiting:
            if child.poll() is not None or time.monotonic() - begin > GIVE_UP_S:
                raise SystemExit(f"not up: {', '.join(waiting)}")
            for name, url in list(waiting.items()):
                if is_up(url):
                    taken[name] = time.monotonic() - begin
                    del waiting[name]
            time.sleep(0.05)
        if chromium is not None:
            draw(chromium, f"http://127.0.0.1:{port}/")
            taken["page"] = time.monotonic() - begin
    finally:
        stopping = time.monotonic()
        child.terminate()
        child.wait(60)
        taken["stop"] = time.monotonic() - stopping
    return taken


def draw(chromium: str, url: str) -> None:
    """Open the first page and wait until its script has ended and its heading is there."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(url)
        page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning'] h1", timeout=GIVE_UP_S * 1e3)
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="of each import")
    parser.add_argument("--no-browser", action="store_true", help="leave out the drawn page")
    parser.add_argument("--json", action="store_true", help="nothing but the JSON")
    options = parser.parse_args()
    chromium = None if options.no_browser else shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None and not options.no_browser:
        print("skipped: drawn pages, because Chromium is not installed", file=sys.stderr)
    results = [
        entry(f"import_{module}", import_seconds(module, options.runs), "s", options.runs, limit)
        # The package's own file is empty: what a program really waits for is its router.
        for module, limit in (("router_core", IMPORT_LIMIT_S), ("router_core.router", IMPORT_LIMIT_S))
    ]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for which, servers, page in (
            ("first", FIRST_LIMIT_S, FIRST_LIMIT_S),
            ("second", SERVERS_LIMIT_S, PAGE_LIMIT_S),
        ):
            for name, seconds in start(home, chromium).items():
                limit = {"page": page, "stop": None}.get(name, servers)
                results.append(entry(f"{which}_start_{name}", seconds, "s", 1, limit))
        heavy = heavy_imports(home)
    results.append(entry("heavy_packages_imported_by_pages", len(heavy), "packages", len(HEAVY), None))
    if heavy:
        raise SystemExit(f"pages import {', '.join(heavy)}")
    if not options.json:
        for line in results:
            limit = "" if line["limit"] is None else f"  (limit {line['limit']:g})"
            print(f"{line['name']:<34}{line['value']:>9.3f} {line['unit']}{limit}", file=sys.stderr)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
