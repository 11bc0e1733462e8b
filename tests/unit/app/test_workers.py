"""Who is started again, how often, and what a place among workers says."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

from app.workers import MOST_ENDS, Seat, Workers, listen

PATIENCE_S = 60.0


class Site:
    """Workers that do what a line of Python says once they are ready."""

    def __init__(self, count: int, does: str, *, ready: bool = True) -> None:
        self.said: list[str] = []
        self.started: list[int] = []
        self.stop = threading.Event()

        def command(seat: Seat) -> list[str]:
            self.started.append(seat.number)
            begin = f"open({str(seat.ready_file(seat.number))!r}, 'w').close(); " if ready else ""
            return [sys.executable, "-c", begin + does.format(number=seat.number, folder=str(seat.folder))]

        self.workers = Workers(command, count, dict(os.environ), listen("127.0.0.1", 0), self.said.append)

    def until_started(self, times: int) -> None:
        end = time.monotonic() + PATIENCE_S
        while len(self.started) < times and time.monotonic() < end:
            time.sleep(0.01)


def test_a_place_survives_a_command_line(tmp_path: Path) -> None:
    seat = Seat(2, 4, 7, tmp_path / "with:colon")
    assert Seat.from_text(seat.text) == seat


def test_what_is_wrong_with_the_first_worker_is_said_by_it_alone_and_ends_all() -> None:
    site = Site(4, "raise SystemExit(2)", ready=False)
    assert site.workers.run(site.stop) == 2
    assert site.started == [1]
    assert not site.workers.folder.exists()


def test_a_worker_that_ends_is_started_again_but_not_for_ever() -> None:
    site = Site(2, "import time; time.sleep(1000 if {number} == 1 else 0); raise SystemExit(3)")
    site.workers.first_wait_s = 0.01
    assert site.workers.run(site.stop) == 1
    assert site.started == [1, *[2] * (MOST_ENDS + 1)]
    assert site.said[0] == "worker 2 ended with exit code 3; it is started again in 0.01 s"
    assert site.said[-1].endswith("workers ended within 60 s, the last with exit code 3; giving up")


def test_all_end_when_they_are_told_to_and_read_the_policy_again_when_asked() -> None:
    waits = (
        "import signal, time; made = lambda what: open('{folder}/' + what + '-{number}', 'w').close(); "
        "signal.signal(signal.SIGHUP, lambda *_: made('asked')); made('hears'); time.sleep(1000)"
    )
    site = Site(2, waits)
    codes: list[int] = []
    running = threading.Thread(target=lambda: codes.append(site.workers.run(site.stop)))
    running.start()
    folder = site.workers.folder
    end = time.monotonic() + PATIENCE_S
    while not all((folder / f"hears-{number}").exists() for number in (1, 2)) and time.monotonic() < end:
        time.sleep(0.01)
    site.workers.ask()
    while not all((folder / f"asked-{number}").exists() for number in (1, 2)) and time.monotonic() < end:
        time.sleep(0.01)
    assert all((folder / f"asked-{number}").exists() for number in (1, 2))
    site.stop.set()
    running.join(PATIENCE_S)
    assert codes == [0]
    assert {child.returncode for child in site.workers._children.values()} == {-signal.SIGTERM}
