"""Judges and shadow calls come through the gateway like everybody, bound to the decision that they look at."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from app.gateway.errands import PARENT_HEADER, PURPOSE_HEADER, parent_of
from app.jobs import errand
from app.jobs.errand import Errand, ErrandFailed, ErrandRefused, Errands, GatewayAway
from app.wiring import Service
from router_core.request import Context, Message, RouteRequest
from telemetry.query.decision import decision as stored_decision
from tests.serving import gateway, write_policy
from tests.upstream import Upstream, answer

RULE = """
[[rules]]
name = "risky-stays-local"
any_of = [{ routes = ["chat"], min_risk = "medium" }]
then = { kind = "require", location = "local" }

[routes.judging]
strategy = { kind = "cascade", tiers = ["large"] }
"""
ASKED = (Message("user", "Tell me something about rivers"),)


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        yield server


@pytest.fixture(scope="module")
def running(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Service]]:
    home = tmp_path_factory.mktemp("home")
    policy = write_policy(home, upstream.base_url)
    before, mark, after = policy.read_text().partition("[routes.chat]")
    policy.write_text(before + RULE + mark + after)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOPBACK_KEY", "lb-0123456789abcdef")
        with gateway(home, policy) as found:
            yield found


@pytest.fixture
def errands(running: tuple[str, Service]) -> Errands:
    return Errands(running[0], patience_s=60)


def asked_before(errands: Errands, upstream: Upstream, **context: str) -> str:
    """The id of a decision that somebody asked for."""
    upstream.plays(answer("Rivers run to the sea."))
    body = {"model": "route/chat", "messages": [{"role": "user", "content": ASKED[0].content}]}
    headers = {"x-routescope-context": json.dumps(context)}
    with httpx.Client(base_url=errands.url, timeout=60) as client:
        response = client.post("/v1/chat/completions", json=body, headers=headers)
    assert response.status_code == 200, response.text
    return str(response.headers["x-routescope-decision-id"])


def test_a_judge_is_recorded_as_one_with_its_decision_and_what_that_states(
    running: tuple[str, Service], errands: Errands, upstream: Upstream
) -> None:
    parent = asked_before(errands, upstream, data_class="public")
    upstream.plays(answer('{"reason": "fine", "grade": 8}'))
    reply = errands.ask(Errand("judge", "route/judging", ASKED, parent, {"type": "object"}, 200, 0.0))
    assert (reply.model, reply.text) == ("large", '{"reason": "fine", "grade": 8}')
    assert reply.cost_nano is not None and reply.cost_nano > 0
    kept = stored_decision(running[1].telemetry.engine, reply.decision_id)
    assert kept is not None
    assert (kept.document["purpose"], kept.document["parent_decision_id"]) == ("judge", parent)
    assert (kept.document["risk"], kept.document["data_class"]) == ("low", "public")


def test_what_the_rules_kept_from_a_model_is_not_shown_to_it_by_another_route(
    errands: Errands, upstream: Upstream
) -> None:
    parent = asked_before(errands, upstream, risk="medium")
    for route, purpose in (("large", "shadow"), ("route/judging", "judge")):
        with pytest.raises(ErrandRefused, match="kept its prompt from large"):
            errands.ask(Errand(purpose, route, ASKED, parent))  # type: ignore[arg-type]
    upstream.plays(answer("Small rivers too."))
    assert errands.ask(Errand("shadow", "small", ASKED, parent)).model == "small"


@pytest.mark.parametrize(
    ("purpose", "parent", "words"),
    [
        ("judge", None, "it is missing"),
        ("canary", "x", "a request for canary has none"),
        ("judge", "nobody", "no decision has the id 'nobody'"),
        ("spying", None, "use one of user"),
    ],
)
def test_headers_that_do_not_fit_are_one_sentence(
    errands: Errands, purpose: str, parent: str | None, words: str
) -> None:
    with pytest.raises(ErrandRefused, match=words):
        errands.ask(Errand(purpose, "route/chat", ASKED, parent))  # type: ignore[arg-type]


def test_a_gateway_that_is_away_is_worth_another_try() -> None:
    with pytest.raises(GatewayAway, match="does not answer"):
        Errands("http://127.0.0.1:9").ask(Errand("canary", "route/chat", ASKED))


def test_a_model_that_may_not_answer_now_may_later_when_it_has_been_loaded(errands: Errands) -> None:
    too_long = (Message("user", "word " * 100_000),)
    with pytest.raises(ErrandFailed, match="no model may answer"):
        errands.ask(Errand("canary", "route/chat", too_long))


def test_both_sides_name_the_headers_alike() -> None:
    assert (errand.PURPOSE_HEADER, errand.PARENT_HEADER) == (PURPOSE_HEADER, PARENT_HEADER)


def test_what_cannot_be_read_of_a_decision_binds_to_the_most() -> None:
    row = {"tenant": "t", "risk": "?", "data_class": None, "candidates": "[1,", "verdicts": '{"a": 1}'}
    bound = parent_of(row).binds(Context(tenant="other"))
    assert (bound.tenant, bound.risk, bound.data_class) == ("t", "high", "regulated")


def test_nothing_that_the_parent_states_is_lowered() -> None:
    row = {"tenant": "t", "risk": "low", "data_class": "public", "candidates": "[]", "verdicts": "[]"}
    wanted = RouteRequest(ASKED, context=Context(risk="high", data_class="sensitive"))
    bound = parent_of(row).binds(wanted.context)
    assert (bound.risk, bound.data_class) == ("high", "sensitive")
