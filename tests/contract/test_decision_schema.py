"""One schema for three places: what a caller gets, what `--explain` prints, what the store gives back."""

import json
from dataclasses import asdict
from pathlib import Path

import jsonschema
import pytest

from docs.generate import SCHEMA_FILE, decision_schema
from router_core import semconv
from router_core.errors import ProviderUnreachable, RoutingError
from router_core.policy.loading import parse_policy
from router_core.providers.scripted import Replies
from router_core.request import Context, RouteRequest
from router_core.result import Decision
from router_core.router import Router
from telemetry.query.decision import decision
from telemetry.setup import Telemetry

SCHEMA = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))

POLICY = """
format = 1
name = "contract"
default_route = "chat"
tiers = ["small", "large"]

[models.weak]
tier = "small"
location = "local"
provider = { kind = "scripted", script = "weak" }
price = { kind = "tokens", input = "0.1", output = "0.4" }

[models.strong]
tier = "large"
location = "cloud"
provider = { kind = "scripted", script = "strong" }
price = { kind = "tokens", input = "2", output = "8" }

[models.unpriced]
tier = "large"
location = "cloud"
provider = { kind = "scripted", script = "strong" }

[tools.calculator]
kind = "calculator"

[validators.no-refusal]
kind = "refusal"

[[rules]]
name = "regulated-stays-here"
owner = "compliance"
any_of = [{ data_classes = ["regulated"] }]
then = { kind = "require", location = "local" }

[[rules]]
name = "no-keys"
any_of = [{ secrets = true }]
then = { kind = "deny", message = "take the key out of the prompt" }

[routes.chat]
tools = ["calculator"]
validators = ["no-refusal"]
strategy = { kind = "cascade", tiers = ["small", "large"] }

[validators.judged]
kind = "judge"
model = "strong"
rubric = "It must be right."

[validators.sure]
kind = "logprob"
on_unknown = "pass"

[routes.weighed]
validators = ["no-refusal", "sure", "judged"]
combine = { kind = "weighted", threshold = 0.7, weights = { judged = 2 } }
strategy = { kind = "cascade", tiers = ["small", "large"] }

[resilience.retry]
enabled = false
"""

GOOD = "Lisbon lies on the Atlantic coast of Portugal."
REFUSAL = "I'm sorry, but I cannot help with that."
DOWN = ProviderUnreachable("nobody listens there")
PROMPT = "Where does Lisbon lie?"

CASES = {
    "answered": (RouteRequest.from_prompt(PROMPT), [GOOD], []),
    "escalated": (RouteRequest.from_prompt(PROMPT), [REFUSAL], [GOOD]),
    "fell back": (RouteRequest.from_prompt(PROMPT), [DOWN], [GOOD]),
    "by a tool": (RouteRequest.from_prompt("What is 12 * 7?"), [], []),
    "narrowed": (
        RouteRequest.from_prompt(PROMPT, context=Context(data_class="regulated", risk="high", tags=("nightly", "eu"))),
        [GOOD],
        [],
    ),
    "with a parent": (RouteRequest.from_prompt(PROMPT, purpose="shadow", parent_decision_id="f" * 32), [GOOD], []),
    "one model asked": (RouteRequest.from_prompt(PROMPT, route="unpriced"), [], [GOOD]),
    "judged": (RouteRequest.from_prompt(PROMPT, route="weighed"), [GOOD], ['{"reason": "so it is", "grade": 9}']),
    "nobody answered": (RouteRequest.from_prompt(PROMPT), [DOWN], [DOWN, DOWN]),
    "denied": (RouteRequest.from_prompt("my key is sk-proj-" + "aB3dE6gH9jK2" * 4), [], []),
}

ENDS = {
    "answered": ("ok", "weak", ["accepted"]),
    "escalated": ("ok", "strong", ["rejected", "accepted"]),
    "fell back": ("ok", "strong", ["failed", "accepted"]),
    "by a tool": ("ok", "calculator", ["accepted"]),
    "narrowed": ("ok", "weak", ["accepted"]),
    "with a parent": ("ok", "weak", ["accepted"]),
    "one model asked": ("ok", "unpriced", ["accepted"]),
    "judged": ("ok", "weak", ["accepted", "compared"]),
    "nobody answered": ("failed", None, ["failed", "failed", "failed"]),
    "denied": ("denied", None, []),
}


def open_router(telemetry: Telemetry | None, weak: list, strong: list) -> Router:
    loaded = parse_policy(POLICY, Path("contract.toml"))
    scripts = {"weak": Replies(*weak), "strong": Replies(*strong)}
    if telemetry is None:
        return Router.from_policy(loaded, scripts=scripts)
    tracer = telemetry.tracer_provider.get_tracer(semconv.INSTRUMENTATION_NAME)
    return Router.from_policy(loaded, scripts=scripts, tracer=tracer, sink=telemetry.sink)


async def routed(router: Router, request: RouteRequest) -> Decision:
    """The decision, whether an answer came of it or an error."""
    settled = []
    async for event in router.stream(request):
        settled.append(event)
    return settled[-1].decision


def as_json(value: Decision) -> dict:
    return json.loads(json.dumps(asdict(value)))


def test_the_file_in_docs_is_what_the_types_say():
    assert SCHEMA_FILE.read_text(encoding="utf-8") == decision_schema(), "run python docs/generate.py"


def test_the_schema_is_sound_and_closed():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    objects = [SCHEMA, *(entry for entry in SCHEMA["$defs"].values() if entry["type"] == "object")]
    for entry in objects:
        assert entry["additionalProperties"] is False
        assert sorted(entry["required"]) == sorted(entry["properties"]), "every key is always there"


def test_a_document_with_a_key_too_many_or_too_few_is_refused():
    document = as_json(open_router(None, [GOOD], []).route(PROMPT).decision)
    jsonschema.validate(document, SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "price": 1}, SCHEMA)
    del document["branches"][0]["cost_usd"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)


@pytest.mark.parametrize("case", CASES)
async def test_what_was_decided_and_what_is_stored_say_the_same(case, tmp_path):
    request, weak, strong = CASES[case]
    with Telemetry.open(f"sqlite:///{tmp_path / 't.db'}", home=tmp_path) as telemetry:
        given = as_json(await routed(open_router(telemetry, weak, strong), request))
        detail = decision(telemetry.engine, given["decision_id"])
    assert (given["status"], given["chosen"], [branch["outcome"] for branch in given["branches"]]) == ENDS[case]
    assert detail is not None
    stored = json.loads(json.dumps(detail.document))
    jsonschema.validate(given, SCHEMA)
    jsonschema.validate(stored, SCHEMA)
    assert list(stored) == list(given)
    assert [list(branch) for branch in stored["branches"]] == [list(branch) for branch in given["branches"]]
    assert comparable(stored) == comparable(given)


def comparable(document: dict) -> dict:
    """Without durations and stamps: a span's are read a little later than the decision's, and kept in microseconds."""
    times = {"created_at", "latency_ms", "started_ms"}
    branches = [{k: v for k, v in branch.items() if k not in times} for branch in document["branches"]]
    return {k: v for k, v in document.items() if k not in times} | {"branches": branches}


async def test_an_explanation_has_the_same_keys():
    router = open_router(None, [], [])
    explained = as_json(await router.explain(RouteRequest.from_prompt(PROMPT)))
    jsonschema.validate(explained, SCHEMA)
    assert (explained["status"], explained["branches"]) == ("planned", [])


def test_a_refused_request_names_its_decision():
    with pytest.raises(RoutingError) as caught:
        open_router(None, [], []).route(CASES["denied"][0].prompt)
    assert caught.value.decision_id is not None
