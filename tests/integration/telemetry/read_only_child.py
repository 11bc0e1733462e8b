"""A process whose disk takes no more writes for a while, as one that the system has remounted read-only after an error.

Usage: read_only_child.py FOLDER [USER_ID]
Prints what became of its decisions as one JSON object. As root it becomes the other user, whom permissions bind. What
it has open for writing is opened for reading instead, so that writing fails at once; and nothing can be opened anew.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

DURING = 5
"""Decisions at least."""
_OPEN = Path("/proc/self/fd")


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nothing under the folder can be written until the end."""
    before = {path: path.stat().st_mode for path in (folder, *folder.iterdir())}
    for path in before:
        path.chmod(0o555 if path.is_dir() else 0o444)
    kept = {fd: os.dup(fd) for fd in _written(folder)}
    for fd in kept:
        _replace(fd, os.open(_OPEN / str(fd), os.O_RDONLY))
    try:
        yield
    finally:
        for path, mode in before.items():
            path.chmod(mode)
        for fd, own in kept.items():
            if _target(fd) == _target(own):
                _replace(fd, own)
            else:
                os.close(own)


def _written(folder: Path) -> list[int]:
    """Descriptors of files in the folder that are open for writing, but for memory that processes share."""
    numbers = [int(entry.name) for entry in _OPEN.iterdir()]
    ours = [fd for fd in numbers if _target(fd).startswith(f"{folder}/") and not _target(fd).endswith("-shm")]
    return [fd for fd in ours if _writes(fd)]


def _writes(fd: int) -> bool:
    return fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY


def _target(fd: int) -> str:
    try:
        return str((_OPEN / str(fd)).readlink())
    except FileNotFoundError:
        return ""


def _replace(fd: int, by: int) -> None:
    os.dup2(by, fd, inheritable=False)
    os.close(by)


async def route(folder: Path, *, bound: bool) -> dict[str, Any]:
    """Decisions before, during and after, and what is told of them; ``bound``: by permissions."""
    from app.incidents import Standing, incidents
    from telemetry.incidents import IncidentKeeper
    from telemetry.query.decisions import page
    from telemetry.query.filters import Filters
    from telemetry.query.incidents import timeline
    from telemetry.setup import Telemetry
    from telemetry.storage.engine import open_reader
    from tests.traces import Routed, emit

    url = f"sqlite:///{folder / 'data' / 't.db'}"
    told: dict[str, Any] = {}

    with Telemetry.open(url, home=folder / "home") as telemetry:
        keeper = IncidentKeeper(telemetry.journal, telemetry.process)
        keeper.attach()

        async def answers(*names: str) -> list[str]:
            tracer = telemetry.tracer_provider.get_tracer("child")
            return [await telemetry.sink.committed(emit(tracer, Routed(name))) for name in names]

        def seen() -> list[str]:
            return sorted(row.decision_id for row in page(open_reader(url), Filters()).rows)

        told["before"] = await answers("before")
        healthy = Standing((), telemetry.health())
        with read_only(folder / "data"):
            told["during"] = await answers(*(f"during{number}" for number in range(DURING)))
            troubled = Standing((), telemetry.health())
            for incident in incidents(healthy, troubled):
                incident.tell()
            while bound and "permissions" not in (telemetry.health().last_error or ""):
                # It is not opened anew for each of them.
                told["during"] += await answers(f"during{len(told['during'])}")
                await asyncio.sleep(0.02)
            told["errors"] = [troubled.health.last_error, telemetry.health().last_error]
            told["seen_during"] = seen()
        while telemetry.health().spool_waiting:
            await asyncio.sleep(0.02)
        told["after"] = await answers("after")
        well = Standing((), telemetry.health())
        for incident in incidents(troubled, well):
            incident.tell()
        told["left"] = [well.health.spool_waiting, well.health.not_durable, well.health.last_error]
        told["seen"] = seen()
        while not telemetry.journal.flush(60):
            await asyncio.sleep(0)
        keeper.close()
        told["incidents"] = [[row.kind, row.detail] for row in timeline(open_reader(url), Filters()).rows]
    return told


def main(folder: Path, user: int | None) -> None:
    if user is not None:
        # Whatever is imported late is imported now: the other user may not read the interpreter's own files.
        asyncio.run(route(folder / "rehearsal", bound=False))
        os.setgid(user)
        os.setuid(user)
    print(json.dumps(asyncio.run(route(folder, bound=True))))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None)
