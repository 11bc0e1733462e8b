"""The other workers of one address, for what one of them has to answer for all: `/metrics` and `/healthz`."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from app.workers import Seat

ASKED_BY: Final = "x-routescope-sibling"
"""Header of what one worker asks another: it answers for itself alone."""
PATIENCE_S: Final = 2.0
_NAME: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


class Siblings:
    """All workers, this one among them."""

    def __init__(self, seat: Seat, key: str | None) -> None:
        """``key``: what the processes of one start show each other."""
        self.seat = seat
        self._headers = {ASKED_BY: str(seat.number), **({} if key is None else {"Authorization": f"Bearer {key}"})}

    async def ask(self, path: str) -> dict[int, bytes]:
        """What each of the others answers; who does not answer in time is left out."""
        others = [number for number in range(1, self.seat.of + 1) if number != self.seat.number]
        answers = await asyncio.gather(*(self._ask(number, path) for number in others))
        return {number: answer for number, answer in zip(others, answers, strict=True) if answer is not None}

    async def _ask(self, number: int, path: str) -> bytes | None:
        import aiohttp

        connector = aiohttp.UnixConnector(str(self.seat.socket_of(number)))
        timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=timeout, headers=self._headers) as session,
                session.get(f"http://127.0.0.1{path}") as response,
            ):
                return await response.read() if response.status == 200 else None
        except (aiohttp.ClientError, OSError, TimeoutError):
            return None

    async def standing(self, path: str, own: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Every worker by number: its process id while it answers, else null. ``own``: what this one says."""
        answers = await self.ask(path)
        found = {number: json.loads(answer) for number, answer in answers.items()} | {self.seat.number: own}
        return [
            {"worker": number, "pid": found[number]["pid"] if number in found else None}
            for number in range(1, self.seat.of + 1)
        ]


def merged(expositions: Mapping[int, str]) -> str:
    """Prometheus' text of several workers as one: each series has the label ``worker``."""
    heads: dict[str, list[str]] = {}
    series: dict[str, list[str]] = {}
    for number, text in sorted(expositions.items()):
        family = ""
        for line in text.splitlines():
            if line.startswith(("# HELP ", "# TYPE ")):
                family = line.split(" ", 3)[2]
                if len(series.setdefault(family, [])) == 0 and line not in heads.setdefault(family, []):
                    heads[family].append(line)
            elif line and not line.startswith("#"):
                series.setdefault(family, []).append(_labelled(line, number))
    lines = [line for family, found in series.items() if found for line in (*heads.get(family, []), *found)]
    return "\n".join(lines) + "\n"


def _labelled(line: str, number: int) -> str:
    name = _NAME.match(line)
    assert name is not None, line
    rest = line[name.end() :]
    if rest.startswith("{"):
        return f'{name.group()}{{worker="{number}",{rest[1:]}'
    return f'{name.group()}{{worker="{number}"}}{rest}'
