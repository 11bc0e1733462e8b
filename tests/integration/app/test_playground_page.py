from __future__ import annotations

import json
import socket
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.settings import GATEWAY_VARIABLE, HOME_VARIABLE
from telemetry.setup import Telemetry
from tests.scripted_gateway import DECISION_ID, ScriptedGateway, branch, decision, escalating_run
from tests.traces import Attempt, Routed, emit

MAIN = Path(__file__).parents[3] / "app" / "main.py"


@pytest.fixture
def gateway():
    with ScriptedGateway() as server:
        server.plays(*escalating_run())
        yield server


@pytest.fixture
def page(gateway, tmp_path, monkeypatch):
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    monkeypatch.setenv(GATEWAY_VARIABLE, gateway.base_url)
    return opened()


def opened():
    page = AppTest.from_file(str(MAIN), default_timeout=120)
    return page.switch_page("pages/playground.py").run()


def send(page, prompt="What is six times seven?"):
    page.text_area(key="ask-prompt").set_value(prompt)
    button(page, "Send").click().run()
    return until_over(page)


def until_over(page):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if page.session_state["playground-runs"][-1].wait(0.2):
            return page.run()
    raise AssertionError("the run did not end")


def button(page, label):
    return next(each for each in page.button if each.label == label)


def shown(page):
    assert not page.exception
    return "\n".join(str(element.proto.body) for element in page.get("html"))


def test_the_page_offers_examples_routes_and_says_what_is_not_ready(page):
    assert "pulling 43 %" in shown(page)
    assert page.selectbox(key="ask-route").options == ["chat", "quick"]
    assert page.selectbox(key="ask-route").value == "chat"
    button(page, "A sum").click().run()
    assert page.text_area(key="ask-prompt").value == "What is 17.5 % of 2,340, plus 12?"


def test_an_answer_is_judged_by_one_click_and_a_refusal_is_said(page, gateway):
    assert not any(each.label == "Good" for each in page.button)
    send(page)
    button(page, "Good").click().run()
    kept = gateway.seen[-1]
    assert (kept["label"], kept["decision_id"]) == ("good", page.session_state["playground-runs"][-1].state.decision_id)
    assert "Kept with the decision." in shown(page)
    gateway.refusal = (404, b'{"error": {"message": "nobody knows it", "type": "x", "code": "not_found"}}')
    button(page, "Bad").click().run()
    assert "Not kept: nobody knows it" in shown(page)
    assert "Kept with the decision." not in shown(page)


def test_a_prompt_is_told_from_its_signals_to_its_bill(page, gateway):
    told = shown(send(page))
    assert gateway.seen[0]["messages"] == [{"role": "user", "content": "What is six times seven?"}]
    assert (gateway.seen[0]["route"], gateway.seen[0]["purpose"]) == ("chat", "playground")
    for part in (
        "summarise 91 %",
        "cloud-needs-consent",
        "internal data stays here",
        "Escalated from tiny to big",
        "0.20 of 0.50",
        "Six times seven is 42.",
        "$0.000008",
        "$0.00002",
        "60 % of the baseline",
        "62 / 16",
        "152 ms",
        "0.80 ms",
    ):
        assert part in told
    assert any("Open the decision" in link.proto.label for link in page.get("page_link"))
    assert any("Discarded drafts (1)" in each.label for each in page.expander)
    assert button(page, "Send")


def test_what_the_caller_states_is_sent(page, gateway):
    page.selectbox(key="ask-risk").set_value("high")
    page.selectbox(key="ask-data").set_value("regulated")
    page.number_input(key="ask-cap").set_value(0.002)
    page.number_input(key="ask-deadline").set_value(2.5)
    page.selectbox(key="ask-route").set_value("quick")
    send(page)
    assert gateway.seen[0]["context"] == {
        "risk": "high",
        "data_class": "regulated",
        "cost_cap_usd": 0.002,
        "deadline_ms": 2500,
    }
    assert gateway.seen[0]["route"] == "quick"
    assert page.query_params["route"] == "quick"


def test_hostile_answers_and_drafts_are_shown_as_text(page, gateway):
    gateway.plays(*escalating_run(answer="<img src=x onerror=alert(1)>\x1b[31m", draft="<script>draft()</script>"))
    told = shown(send(page, "<b>bold</b>"))
    assert "<script" not in told
    assert "<img" not in told
    assert "&lt;img src=x onerror=alert(1)&gt;␛[31m" in told
    assert "&lt;script&gt;" in told


def test_stop_hangs_up_and_keeps_what_had_come(page, gateway, tmp_path):
    gateway.plays(*escalating_run()[:6], 30.0)
    page.text_area(key="ask-prompt").set_value("hello")
    button(page, "Send").click().run()
    deadline = time.monotonic() + 60
    while not page.session_state["playground-runs"][0].state.branches and time.monotonic() < deadline:
        time.sleep(0.02)
    page.run()
    button(page, "Stop").click().run()
    assert gateway.hung_up.wait(60)
    told = shown(page)
    assert "You stopped it after" in told
    assert "I can" in told
    assert button(page, "Send")
    assert "What it had cost is not stored yet" in told
    url = f"sqlite:///{tmp_path / 'routescope.db'}"
    with Telemetry.open(url, home=tmp_path) as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        emit(
            tracer,
            Routed(DECISION_ID, at=datetime.now(UTC), status="cancelled", attempts=(Attempt(cost_nano=223_000),)),
        )
    told = shown(page.run())
    assert "$0.000223 spent" in told
    assert "not stored yet" not in told


def test_a_prompt_can_be_looked_at_before_anything_is_sent(page, gateway):
    page.text_area(key="ask-prompt").set_value("What is six times seven?")
    button(page, "Look first").click().run()
    told = shown(page)
    assert "What would happen" in told
    assert decision(status="planned").reason in told
    assert "first answer" in told and "at most about" in told
    assert "playground-runs" not in page.session_state
    told = shown(send(page))
    assert "What would happen" not in told
    assert "Six times seven is 42." in told


def test_a_look_that_the_gateway_refuses_is_one_sentence(page, gateway):
    error = {"message": "the prompt is empty; write at least one word in a user message", "code": "empty_prompt"}
    gateway.refusal = (400, json.dumps({"error": error}).encode())
    button(page, "Look first").click().run()
    assert "the prompt is empty" in shown(page)


def test_models_answer_side_by_side_each_as_a_decision_of_its_own(page, gateway):
    page.button_group(key="ask-how").set_value("Compare models").run()
    models = page.multiselect(key="ask-models").options[:2]
    page.multiselect(key="ask-models").set_value(models)
    button(page, "Look first").click().run()
    assert [body["route"] for body in gateway.seen] == models
    assert "What it would cost" in shown(page) and "All together" in shown(page)
    gateway.seen.clear()
    told = shown(send(page))
    assert "What it would cost" not in told
    assert sorted(body["route"] for body in gateway.seen) == sorted(models)
    assert told.count("Six times seven is 42.") == 2
    assert "Side by side" in told
    assert page.query_params["answering"] == models


def test_a_deep_link_names_the_models_to_compare(gateway, tmp_path, monkeypatch):
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    monkeypatch.setenv(GATEWAY_VARIABLE, gateway.base_url)
    page = AppTest.from_file(str(MAIN), default_timeout=120)
    page.query_params["answering"] = "tiny"
    page.switch_page("pages/playground.py").run()
    assert page.multiselect(key="ask-models").value == ["tiny"]


def test_one_can_go_on_from_what_was_said(page, gateway):
    send(page, "What is six times seven?")
    page.toggle(key="ask-keep").set_value(True)
    told = shown(send(page, "And eight?"))
    assert gateway.seen[1]["messages"] == [
        {"role": "user", "content": "What is six times seven?"},
        {"role": "assistant", "content": "Six times seven is 42."},
        {"role": "user", "content": "And eight?"},
    ]
    assert "What is six times seven?" in told
    assert any("Said before (2)" in each.label for each in page.expander)


def test_without_asking_for_it_each_prompt_stands_alone(page, gateway):
    assert page.toggle(key="ask-keep").disabled
    send(page, "One")
    send(page, "Two")
    assert [len(body["messages"]) for body in gateway.seen] == [1, 1]


def test_a_decisions_prompt_can_be_tried_again(gateway, tmp_path, monkeypatch):
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    monkeypatch.setenv(GATEWAY_VARIABLE, gateway.base_url)
    with Telemetry.open(f"sqlite:///{tmp_path / 'routescope.db'}", home=tmp_path, content="full") as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        emit(tracer, Routed("d" * 32, at=datetime.now(UTC), prompt="Why is the sky blue?", attempts=(Attempt(),)))
    page = AppTest.from_file(str(MAIN), default_timeout=120)
    page.query_params["from"] = "d" * 32
    page.switch_page("pages/playground.py").run()
    assert page.text_area(key="ask-prompt").value == "Why is the sky blue?"
    send(page, "Something else")
    assert page.text_area(key="ask-prompt").value == "Something else"


def test_a_refusal_is_one_sentence(page, gateway):
    error = {"message": "the prompt is empty; write at least one word in a user message", "code": "empty_prompt"}
    gateway.refusal = (400, json.dumps({"error": error}).encode())
    told = shown(send(page, ""))
    assert "The prompt is empty; write at least one word in a user message" in told
    assert "Traceback" not in told


def test_a_missing_answer_is_said_once(page, gateway):
    from router_core.events import Failed, Settled

    why = "no model may answer (tiny: will be pulled in a moment)"
    failed = decision(status="failed", chosen=None, reason=f"No answer: {why}.", error_message=why, branches=())
    gateway.plays(*escalating_run()[:2], Failed("no_eligible_model", why, 422), Settled(failed, "committed"))
    told = shown(send(page))
    assert told.count("will be pulled in a moment") == 1
    assert "No model may answer" in told


def test_an_answer_below_its_threshold_is_not_shown_as_accepted(page, gateway):
    from router_core.events import Settled

    low = branch(1, "big", "accepted", score=0.3, threshold=0.5)
    whole = decision(branches=(branch(0, "tiny", "rejected", score=0.2, threshold=0.5), low))
    gateway.plays(*escalating_run()[:-1], Settled(whole, "committed"))
    told = shown(send(page))
    assert "given, did not pass" in told
    assert ">accepted<" not in told


@pytest.mark.parametrize(
    ("commit", "said"),
    [
        ("spooled", "safe on disk"),
        ("not_durable", "This decision was not kept"),
        ("queued", "not yet confirmed"),
        ("off", "Nothing was recorded"),
    ],
)
def test_a_decision_that_is_not_committed_says_so(page, gateway, commit, said):
    from router_core.events import Settled

    gateway.plays(*escalating_run()[:-1], Settled(decision(), commit))
    assert said in shown(send(page))


def test_unknown_costs_are_words_and_never_zero(page, gateway):
    from router_core.events import Settled

    whole = decision(cost_usd=None, baseline_cost_usd=None, savings_usd=None, baseline_model=None)
    gateway.plays(*escalating_run()[:-1], Settled(whole, "committed"))
    told = shown(send(page))
    assert told.count(">unknown<") == 3
    assert "$0<" not in told


def test_a_gateway_that_is_not_there_is_said_with_the_command_that_starts_it(tmp_path, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    monkeypatch.setenv(GATEWAY_VARIABLE, address)
    page = opened()
    assert f"The gateway at {address} does not answer; start it with <code>routescope serve</code>" in shown(page)
    assert "does not answer" in shown(send(page))


def test_an_address_that_is_no_url_is_said_in_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    monkeypatch.setenv(GATEWAY_VARIABLE, "nonsense")
    assert "ROUTESCOPE_GATEWAY_URL" in shown(opened())
