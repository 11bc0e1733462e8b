"""A process that routes decisions until it is killed: prints each decision's id once it is acknowledged.

Usage: writing_child.py FOLDER PREFIX [LARGEST_FILE_BYTES] [USER_ID]
Environment: CHILD_DATABASE_URL names another database than the file in the folder.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path


async def main(folder: Path, prefix: str) -> None:
    from telemetry.setup import Telemetry
    from tests.traces import Attempt, Routed, emit

    url = os.environ.get("CHILD_DATABASE_URL", f"sqlite:///{folder / 'data' / 't.db'}")
    telemetry = Telemetry.open(url, home=folder / "home", content="full")
    tracer = telemetry.tracer_provider.get_tracer("child")
    print("ready", flush=True)

    async def one(number: int) -> None:
        routed = Routed(f"{prefix}{number}", prompt="why? " * 200, attempts=(Attempt(outcome="rejected"), Attempt()))
        state = await telemetry.sink.committed(emit(tracer, routed))
        os.write(1, f"{state} {routed.decision_id}\n".encode())

    for start in range(0, 1_000_000, 8):
        await asyncio.gather(*(one(number) for number in range(start, start + 8)))


if __name__ == "__main__":
    folder, prefix = Path(sys.argv[1]), sys.argv[2]
    if len(sys.argv) > 3 and int(sys.argv[3]):
        import resource

        limit = int(sys.argv[3])
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    if len(sys.argv) > 4:
        os.setuid(int(sys.argv[4]))
    asyncio.run(main(folder, prefix))
