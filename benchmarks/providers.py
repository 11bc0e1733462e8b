"""Local models: how fast they load, read and write, and with ``--intents`` which intents they hold.

    python benchmarks/providers.py --models ~/.cache/routescope/models --json
    python benchmarks/providers.py --intents --show

Absent model files are a clear skip. The intent checks are simple patterns over 8 prompts an intent: they say where
a model is plainly wrong, not where it is good; read the answers (``--show``) before believing a figure.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from app.settings import Settings
from router_core.errors import ProviderError
from router_core.providers.base import Call, Completion, TextChunk
from router_core.providers.catalog import CATALOG
from router_core.providers.local import LocalProvider
from router_core.providers.local_server import LocalServer
from router_core.request import Message

PROMPTS = Path(__file__).with_name("local_prompts.json")
LONG = (
    "Summarise in one sentence: " + "The committee met on Tuesday and discussed the budget for parks and roads. " * 25
)


async def ask(provider: LocalProvider, name: str, prompt: str, tokens: int) -> tuple[str, Completion, float, float]:
    """Text, end, seconds to the first chunk, seconds in all."""
    call = Call(name, (Message("user", prompt),), 120.0, tokens, temperature=0.0, seed=1)
    began, first, text, end = time.monotonic(), None, "", None
    async for item in provider.stream(call):
        if first is None:
            first = time.monotonic() - began
        if isinstance(item, TextChunk):
            text += item.text
        else:
            end = item
    assert end is not None and first is not None
    return text, end, first, time.monotonic() - began


async def speeds(provider: LocalProvider, name: str) -> dict[str, float]:
    await ask(provider, name, "hello", 4)
    _, read, first, _ = await ask(provider, name, LONG, 8)
    fresh = (read.usage.input_tokens or 0) - (read.usage.cache_read_tokens or 0)
    _, written, start, whole = await ask(provider, name, "Write a long story about a cat and the sea.", 128)
    return {"read": fresh / first, "write": ((written.usage.output_tokens or 0) - 1) / (whole - start)}


def holds(check: dict[str, Any], text: str) -> bool:
    patterns = [check["expect"], *check.get("all", [])]
    if not all(re.search(pattern, text.strip()) for pattern in patterns):
        return False
    if "max_words" in check and len(text.split()) > check["max_words"]:
        return False
    if "json" in check:
        try:
            value = json.loads(re.sub(r"^```(?:json)?|```$", "", text.strip()))
        except ValueError:
            return False
        return isinstance(value, dict) and set(check["json"]) <= set(value)
    return True


async def intents(provider: LocalProvider, name: str, show: bool) -> dict[str, float]:
    shares = {}
    for intent, checks in json.loads(PROMPTS.read_text(encoding="utf-8")).items():
        right = 0
        for check in checks:
            try:
                text = (await ask(provider, name, check["prompt"], 120))[0]
            except ProviderError as error:
                text = f"[{error}]"
            good = holds(check, text)
            right += good
            if show:
                mark = "+" if good else "-"
                print(f"{mark} {name} {intent}: {check['prompt'][:90]!r}\n      {text[:400]!r}", file=sys.stderr)
        shares[intent] = right / len(checks)
    return shares


def row(name: str, value: float, unit: str, n: int) -> dict[str, Any]:
    empty = dict.fromkeys(("limit", "peer", "ratio_to_peer", "ratio_to_limit"))
    return {"name": name, "value": round(value, 3), "unit": unit, **empty, "n": n}


async def measure(models: Path, with_intents: bool, show: bool) -> list[dict[str, Any]]:
    rows = []
    with tempfile.TemporaryDirectory() as run:
        server = LocalServer(models, Path(run))
        began = time.monotonic()
        server.ensure()
        try:
            for entry in CATALOG:
                status = await server.ready(entry.name, 120)
                if not status.ready:
                    print(f"skipped {entry.name}: {status.reason}", file=sys.stderr)
                    continue
                rows.append(row(f"local.ready.{entry.name}", time.monotonic() - began, "s", 1))
            for entry in CATALOG:
                if not server.status(entry.name).ready:
                    continue
                provider = LocalProvider(entry.name, server)
                for kind, value in (await speeds(provider, entry.name)).items():
                    rows.append(row(f"local.{kind}.{entry.name}", value, "tokens/s", 1))
                if with_intents:
                    for intent, share in (await intents(provider, entry.name, show)).items():
                        rows.append(row(f"local.intent.{intent}.{entry.name}", share, "share right", 8))
                await provider.aclose()
        finally:
            await server.aclose()
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=Settings.read().models, help="folder of model files")
    parser.add_argument("--intents", action="store_true", help="also ask 80 prompts of each model (minutes)")
    parser.add_argument("--show", action="store_true", help="print the answers")
    parser.add_argument("--json", action="store_true", help="JSON only")
    given = parser.parse_args()
    rows = asyncio.run(measure(given.models, given.intents, given.show))
    if not given.json:
        for one in rows:
            print(f"{one['name']:<48} {one['value']:>10} {one['unit']}", file=sys.stderr)
    print(json.dumps(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
