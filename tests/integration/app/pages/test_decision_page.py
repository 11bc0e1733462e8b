"""One decision as Streamlit runs it, with a real gateway where the page acts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.settings import GATEWAY_VARIABLE
from router_core import semconv
from telemetry.query.evaluations import of_decision
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_reader
from tests.integration.app.test_pages import HOSTILE, NOW, home, keep, open_page, routed, text_of
from tests.serving import gateway, write_policy
from tests.traces import Attempt, Routed, emit

__all__ = ["home"]
NOBODY = "http://127.0.0.1:9"
TWO = (
    Attempt("small", outcome="rejected", answer="Rivers begin in the hills and run to the sea."),
    Attempt("large", answer="Rivers begin in the mountains and run to the sea."),
)


def decision_id(number: int) -> str:
    return f"{number:032x}"


def button(app: AppTest, label: str) -> Any:
    return next(each for each in app.button if each.label == label)


def at(app: AppTest, **params: str) -> AppTest:
    """The same page with more in its address."""
    for name, value in params.items():
        app.query_params[name] = value
    return app.run()


@pytest.fixture
def serving(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A gateway over the same store, whose models nobody calls; it keeps what people write."""
    monkeypatch.setenv("LOOPBACK_KEY", "lb-0123456789abcdef")
    keep(home, routed(1, attempts=TWO), routed(2))
    policy = write_policy(home, NOBODY)
    policy.write_text(policy.read_text() + '\n[telemetry]\ncontent = "full"\n')
    with gateway(home, policy) as (url, _):
        monkeypatch.setenv(GATEWAY_VARIABLE, url)
        yield url


def test_two_answers_stand_side_by_side_with_what_differs_marked(home: Path) -> None:
    keep(home, routed(1, attempts=TWO))
    said = text_of(open_page(decision=decision_id(1)))
    assert "begin in the <mark>hills</mark> and" in said
    assert "begin in the <mark>mountains</mark> and" in said
    assert "branch 1, small, rejected" in said


def test_the_address_chooses_among_three_answers(home: Path) -> None:
    three = (*TWO[:1], Attempt("medium", outcome="compared", answer="Rivers begin in the snow."), *TWO[1:])
    keep(home, routed(1, attempts=three))
    app = at(open_page(decision=decision_id(1)), left="2", right="1")
    boxes = {box.label: box for box in app.selectbox}
    assert (boxes["Left"].value, boxes["Right"].value) == (1, 0)
    boxes["Left"].set_value(2).run()
    assert app.query_params["left"] == "3"
    assert "<mark>mountains</mark>" in text_of(app)


def test_an_opinion_goes_through_the_gateway_and_is_shown(serving: str, home: Path) -> None:
    app = open_page(decision=decision_id(1))
    assert "Nobody has said anything yet" in text_of(app)
    next(one for one in app.text_input if "Why" in one.label).set_value(HOSTILE)
    button(app, "Bad").click().run()
    assert not app.exception
    said = text_of(app)
    assert "Nobody has said anything yet" not in said
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in said and "<script" not in said
    button(app, "Good").click().run()
    [kept] = of_decision(open_reader(f"sqlite:///{home / 'routescope.db'}"), decision_id(1))
    assert (kept.label, kept.author, kept.explanation) == ("good", "local", None)


def test_what_would_happen_now_is_told_beside_what_happened_then(serving: str) -> None:
    app = open_page(decision=decision_id(1))
    button(app, "What if it came now?").click().run()
    said = text_of(app)
    assert "The same choice: small would be asked first, as then." in said
    assert "Then the policy test v1 decided; now it is loopback" in said


def test_the_plan_of_one_decision_is_not_shown_on_another(serving: str) -> None:
    app = open_page(decision=decision_id(1))
    button(app, "What if it came now?").click().run()
    button(app, "Older").click().run()
    assert app.query_params["decision"] == decision_id(2)
    assert "The same choice" not in text_of(app)


def test_without_a_gateway_the_page_says_so_and_goes_on(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(home, routed(1))
    monkeypatch.setenv(GATEWAY_VARIABLE, NOBODY)
    app = open_page(decision=decision_id(1))
    button(app, "Good").click().run()
    assert "Not kept: the gateway at http://127.0.0.1:9 does not answer" in text_of(app)
    button(app, "What if it came now?").click().run()
    assert "It could not be planned: the gateway at" in text_of(app)
    assert "What happened" in text_of(app) and not app.exception


def test_a_prompt_that_was_not_kept_cannot_be_asked_again_and_the_page_says_why(home: Path) -> None:
    with Telemetry.open(f"sqlite:///{home / 'routescope.db'}", home=home, content="off") as telemetry:
        emit(telemetry.tracer_provider.get_tracer("test"), Routed(decision_id(1), at=NOW, prompt="a secret"))
    app = open_page(decision=decision_id(1))
    assert "so it cannot be asked again from here" in text_of(app)
    assert "What if it came now?" not in [each.label for each in app.button]
    assert any("YOUR PROMPT" in code.value for code in app.code)
    assert "a secret" not in text_of(app)


def test_the_command_holds_the_prompt_and_the_gateways_address(home: Path) -> None:
    keep(home, routed(1))
    [command] = [code.value for code in open_page(decision=decision_id(1)).code if code.value.startswith("curl")]
    assert "http://127.0.0.1:4000/v1/chat/completions" in command
    assert '"model": "route/chat"' in command and "prompt 1" in command


def test_the_playground_is_opened_with_this_prompt_and_route(home: Path) -> None:
    keep(home, routed(1))
    [link] = [
        one.proto for one in open_page(decision=decision_id(1)).get("page_link") if "playground" in one.proto.label
    ]
    assert f"from={decision_id(1)}" in link.query_string and "route=chat" in link.query_string


def test_newer_and_older_are_the_next_ones_with_the_same_filters(home: Path) -> None:
    keep(home, routed(1, intent="code"), routed(2), routed(3, intent="code", purpose="playground"), routed(4))
    app = open_page(decision=decision_id(1), intent="code")
    assert button(app, "Newer").disabled
    button(app, "Older").click().run()
    assert (app.query_params["decision"], app.query_params["intent"]) == (decision_id(3), "code")
    assert button(app, "Older").disabled and not button(app, "Newer").disabled


def test_a_list_of_those_that_escalated_is_walked_along_itself(home: Path) -> None:
    keep(home, routed(1, attempts=TWO), routed(2), routed(3, attempts=TWO))
    app = at(open_page(decision=decision_id(1)), path="escalated")
    button(app, "Older").click().run()
    assert (app.query_params["decision"], app.query_params["path"]) == (decision_id(3), "escalated")


def test_a_search_is_kept_on_the_way_back_and_to_the_next_that_it_finds(home: Path) -> None:
    keep(home, routed(1), routed(2), routed(11))
    app = at(open_page(decision=decision_id(1)), q="prompt 1")
    [back] = [one.proto for one in app.get("page_link") if one.proto.label == "All decisions"]
    assert "q=prompt+1" in back.query_string
    button(app, "Older").click().run()
    assert (app.query_params["decision"], app.query_params["q"]) == (decision_id(11), "prompt 1")
    assert button(app, "Older").disabled


def test_every_span_is_listed_with_its_attributes_as_text(home: Path) -> None:
    keep(home, routed(1, extra={"router.note": HOSTILE}))
    said = text_of(open_page(decision=decision_id(1)))
    assert said.count("<details>") == 5
    assert "router.detail" in said
    spans = said[said.index("rs-spans") :]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in spans and "<script" not in spans


def test_a_clock_that_stood_still_is_unknown_and_not_zero(home: Path) -> None:
    keep(home, routed(1, attempts=(Attempt(latency_ms=0.0, ttft_ms=None),)))
    said = text_of(open_page(decision=decision_id(1)))
    assert "0.00 ms" not in said


def test_a_shadow_call_leads_to_the_decision_that_it_belongs_to(home: Path) -> None:
    keep(home, routed(1), routed(2, purpose="shadow", extra={semconv.PARENT_DECISION_ID: decision_id(1)}))
    app = open_page(decision=decision_id(2))
    [link] = [one.proto for one in app.get("page_link") if "belongs to" in one.proto.label]
    assert f"decision={decision_id(1)}" in link.query_string
