"""The gateway's description is current and complete, and a gateway that is fuzzed by it keeps to it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from starlette.routing import Route

from app.gateway.description import OPERATIONS, STATUSES, document
from app.wiring import Service
from docs.generate import OPENAPI_FILE, gateway_description
from telemetry.storage.models import REQUEST
from tests.serving import POLICY, gateway
from tests.soak import counts
from tests.upstream import Upstream, answer

CHECKS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_headers_conformance", "response_schema_conformance", "allow_header_conformance"),
)
ROUTES = ["route/chat", "quick", "small"]
WORDS = {"type": "string", "minLength": 1, "maxLength": 40, "pattern": "^[a-z]+( [a-z]+)*$"}
EXAMPLES = counts(10, 300)
"""Requests to each path and phase."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Service]]:
    home = tmp_path_factory.mktemp("home")
    with Upstream() as upstream, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOPBACK_KEY", "lb-0123456789abcdef")
        upstream.plays(answer("Rivers flow."))
        policy = home / "loopback.toml"
        policy.write_text(POLICY.format(url=upstream.base_url).replace('["json"]', '["json", "tools", "images"]'))
        with gateway(home, policy) as found:
            yield found


def test_the_description_in_the_documentation_is_the_one_that_is_served(running: tuple[str, Service]) -> None:
    assert OPENAPI_FILE.read_text(encoding="utf-8") == gateway_description(), "run python docs/generate.py"
    assert httpx.get(f"{running[0]}/openapi.json", timeout=60).json() == json.loads(gateway_description())


def test_every_path_is_described(running: tuple[str, Service]) -> None:
    from app.gateway.server import create_app

    routes = [route for route in create_app(running[1], pull=False).routes if isinstance(route, Route)]
    assert {route.path for route in routes} == set(document()["paths"])


def test_every_status_of_an_operation_has_its_words() -> None:
    used = {status for path in document()["paths"].values() for one in path.values() for status in one["responses"]}
    assert used == {"200", *map(str, STATUSES)}


def test_every_schema_that_is_named_is_there() -> None:
    text = json.dumps(document())
    names = set(document()["components"]["schemas"])
    assert {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]} == names
    assert len({one.name for one in OPERATIONS}) == len(OPERATIONS)


def reachable(described: dict[str, Any]) -> dict[str, Any]:
    """The description, narrowed to what this gateway's routes can answer.

    Else nearly every request is refused for its model's name, an empty prompt, or a parent that nobody decided.
    """
    schemas, post = described["components"]["schemas"], described["paths"]["/v1/chat/completions"]["post"]
    schemas["ChatBody"]["properties"] |= {"model": {"enum": ROUTES}, "tool_choice": {"enum": ["auto", "none", None]}}
    schemas["RouteBody"]["properties"]["route"] = {"enum": ROUTES}
    schemas["Context"]["properties"] |= {"deadline_ms": {"type": "integer", "minimum": 60_000}}
    schemas["Context"]["properties"]["tags"]["items"] = WORDS
    schemas["ChatMessage"]["properties"]["content"]["anyOf"][0] = WORDS
    schemas["Part"]["properties"]["type"] = {"enum": ["text", "image_url"]}
    post["parameters"] = [one for one in post["parameters"] if not one["name"].startswith("x-routescope-p")]
    return described


def test_whatever_a_client_sends_is_answered_as_described(running: tuple[str, Service], tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(reachable(document())), encoding="utf-8")
    options = ["--phases", "examples,coverage,fuzzing", "--checks", ",".join(CHECKS), "--continue-on-failure"]
    options += ["--seed", "7", "--generation-deterministic", "--max-examples", str(EXAMPLES), "--no-color"]
    options += ["--request-timeout", "60", "--warnings", "off", "--suppress-health-check", "all", "--no-shrink"]
    run = [sys.executable, "-m", "schemathesis.cli", "run", str(file), "--url", running[0], *options]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    with running[1].telemetry.engine.connect() as connection:
        decided = connection.scalar(sa.select(sa.func.count()).select_from(REQUEST))
    assert decided and decided >= EXAMPLES // 2, "nearly nothing was routed, so nothing was shown"
