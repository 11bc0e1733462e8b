"""Importing the router is quick, and nothing is left for the first request to load."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
HEAVY = (
    *("aiohttp", "cel", "jsonschema", "litellm", "numpy", "phonenumbers", "py3langid", "re2", "sqlite3", "statistics"),
    *("stdnum", "urllib.request", "xllamacpp"),
)
FIRST_REQUEST = """
import asyncio, json, sys
from pathlib import Path
from router_core.policy.loading import load_policy
from router_core.providers.scripted import Replies
from router_core.request import RouteRequest
from router_core.router import Router
from router_core.signals.read import warm_up

loaded = load_policy(Path("policies/demo.toml"))
names = {place.provider.script for model in loaded.policy.models.values() for place in model.places}
scripts = {name: Replies("The meeting is about the budget of the next year.", repeat_last=True) for name in names}
router = Router.from_policy(loaded, scripts=scripts)
warm_up()
before = set(sys.modules)
prompt = "Summarise: mail anna@example.org call +49 30 901820, DE89 3704 0044 0532 0130 00, 4111 1111 1111 1111."
asyncio.run(router.aroute(RouteRequest.from_prompt(prompt)))
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def said(code: str) -> list[str]:
    """What a fresh process prints, as JSON."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    found: list[str] = json.loads(done.stdout)
    return found


def test_importing_the_router_loads_nothing_heavy():
    code = f"import json, sys, router_core.router; print(json.dumps([n for n in {HEAVY!r} if n in sys.modules]))"
    assert said(code) == []


def test_the_first_request_finds_everything_loaded():
    assert said(FIRST_REQUEST) == []


def test_a_gateway_has_its_transports_before_the_first_call():
    code = """
import json, sys, time
from pathlib import Path
from router_core.policy.loading import load_policy
from router_core.providers.build import warm_up

warm_up(load_policy(Path("policies/mixed.toml")).policy.models)
found = ["aiohttp" in sys.modules]
while "litellm" not in sys.modules:
    time.sleep(0.05)
print(json.dumps(found))
"""
    assert said(code) == [True]
