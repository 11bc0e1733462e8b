"""OpenAI's client for JavaScript, in a Node.js process that does what it is told line by line."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conformance.clients import Call, ClientFailed, Said
from tests.conformance.openai_client import SCHEMA, WEATHER

FOLDER = Path(__file__).parent


def missing() -> str | None:
    """What is missing to run it, and how it comes; None when nothing is."""
    if shutil.which("node") is None:
        return "there is no Node.js; install it, then run npm ci in tests/conformance"
    if not (FOLDER / "node_modules" / "openai").is_dir():
        return "OpenAI's package for JavaScript is not installed; run npm ci in tests/conformance"
    return None


@contextmanager
def driver() -> Iterator[subprocess.Popen[str]]:
    """The process, to the end of the block."""
    child = subprocess.Popen(
        ["node", str(FOLDER / "javascript_driver.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        yield child
    finally:
        child.stdin.close()
        child.kill()
        child.wait()
        child.stdout.close()


@dataclass(frozen=True)
class JavaScriptClient:
    """See the module."""

    child: subprocess.Popen[str]
    url: str
    key: str
    timeout_s: float

    def ask(self, text: str, model: str) -> Said:
        return Said(**self._wish("ask", text, model))

    def stream(self, text: str, model: str) -> Said:
        return Said(**self._wish("stream", text, model))

    def use_function(self, text: str, model: str, result: str) -> tuple[Call, Said]:
        call, said = self._wish("use_function", text, model, result=result, tools=[WEATHER])
        return Call(**call), Said(**said)

    def stream_calls(self, text: str, model: str) -> Sequence[Call]:
        return [Call(**call) for call in self._wish("stream_calls", text, model, tools=[WEATHER])]

    def fill_schema(self, text: str, model: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._wish("fill_schema", text, model, schema=SCHEMA)
        return found

    def leave(self, text: str, model: str) -> None:
        self._wish("leave", text, model)

    def _wish(self, wish: str, text: str, model: str, **more: Any) -> Any:
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        line = {"wish": wish, "text": text, "model": model, "url": self.url, "key": self.key, **more}
        print(json.dumps({**line, "timeout_s": self.timeout_s}), file=self.child.stdin, flush=True)
        answer = json.loads(self.child.stdout.readline())
        if "failed" in answer:
            raise ClientFailed(**answer["failed"])
        return answer["found"]
