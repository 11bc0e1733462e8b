"""The gateway with OpenAI's own client for JavaScript. Without Node.js it is skipped, but not in CI."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.conformance.cases import PATIENT_S, Conformance, Place, place
from tests.conformance.clients import Client
from tests.conformance.javascript_client import FOLDER, JavaScriptClient, driver, missing

__all__ = ["place"]


@pytest.fixture(scope="module")
def child() -> Iterator[subprocess.Popen[str]]:
    lacks = missing()
    if lacks is not None and not os.environ.get("CI"):
        pytest.skip(lacks)
    assert lacks is None, lacks
    with driver() as process:
        yield process


def test_the_lock_file_names_no_place_that_packages_come_from() -> None:
    locked = json.loads((FOLDER / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert all("integrity" in package and "resolved" not in package for name, package in locked.items() if name)


class TestOpenAIForJavaScript(Conformance):
    timeout = "APIConnectionTimeoutError"

    @pytest.fixture(autouse=True)
    def _with_child(self, child: subprocess.Popen[str]) -> None:
        self.child = child

    def client(self, place: Place, key: str | None = None, timeout_s: float = PATIENT_S) -> Client:
        return JavaScriptClient(self.child, place.url, key or place.key, timeout_s)
