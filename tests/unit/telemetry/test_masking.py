"""No key is kept, wherever in a trace it stands and whatever the content mode."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, Status, StatusCode

from app.own_secrets import PLACE, key_redactor
from router_core import semconv
from telemetry.content import MODES, ContentMode
from telemetry.masking import GONE, mask_keys, mask_lines
from telemetry.query.decision import decision
from telemetry.rows import Bundle
from telemetry.setup import Telemetry
from telemetry.storage.models import BRANCH, POLICY_VERSION, REQUEST, SPAN
from tests.traces import Attempt, Routed, emit

SECRET = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD"
ODD = "corporate~gateway~entry~7731"
"""A key that looks like none."""
REDACT = key_redactor({"GATEWAY_API_KEY": ODD})
SAID = f'the upstream said: "Incorrect API key {SECRET}"\n{SECRET} or {ODD}'


def opened(folder: Path, content: ContentMode = "off") -> Telemetry:
    url = f"sqlite:///{folder / 't.db'}"
    return Telemetry.open(url, home=folder, content=content, redact=lambda text: text, redact_keys=REDACT)


def leaky(decision_id: str = "leaky") -> Routed:
    """Everything that a root or a branch can carry, with a key in it."""
    record = [{"rule": SAID, "reason": SAID, SAID: [SAID, {"password": "tr0ub4dor&3"}]}]
    shared = {semconv.ERROR_MESSAGE: SAID, semconv.ERROR_TYPE: SAID, "foreign.header": SAID, f"x-{ODD}": ["a", SAID]}
    return Routed(
        decision_id,
        status="failed",
        attempts=(
            Attempt(
                outcome="failed",
                extra={
                    **shared,
                    semconv.BRANCH_REASON: SAID,
                    semconv.BRANCH_SCORES: json.dumps(record),
                    semconv.RESPONSE_MODEL: SECRET,
                    semconv.FINISH_REASONS: [SAID],
                    semconv.BRANCH_TIER: SAID,
                },
            ),
        ),
        extra={
            **shared,
            semconv.REASON: SAID,
            semconv.TAGS: ["nightly", SAID],
            semconv.SIGNALS: json.dumps({"language": SAID, "api_key": "Zm9vYmFyYmF6cXV4MTIz"}),
            semconv.VERDICTS: json.dumps(record),
            semconv.CANDIDATES: json.dumps(record, ensure_ascii=False),
            semconv.LANGUAGE: SAID,
        },
    )


def every_byte(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("mode", MODES)
def test_no_key_reaches_the_disk_whatever_is_kept_of_content(tmp_path: Path, mode: ContentMode) -> None:
    with opened(tmp_path, mode) as telemetry:
        emit(telemetry.tracer_provider.get_tracer("test"), leaky())
        assert telemetry.sink.force_flush(60_000)
        stored = decision(telemetry.engine, "leaky")
    assert stored is not None
    assert "[api_key-1]" in str(stored)
    found = every_byte(tmp_path)
    for secret in (SECRET, ODD, "tr0ub4dor", "Zm9vYmFy"):
        assert secret.encode() not in found, secret


@pytest.mark.parametrize("kind", list(SpanKind), ids=lambda kind: kind.name)
def test_spans_of_every_kind_are_masked_name_status_and_attributes(tmp_path: Path, kind: SpanKind) -> None:
    with opened(tmp_path) as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        root = tracer.start_span("route chat", context=Context())
        inside = trace.set_span_in_context(root, Context())
        span = tracer.start_span(f"call {SECRET}", context=inside, kind=kind)
        span.set_attributes(
            {"text": SAID, "list": [SAID, "b"], "number": 7, "flag": True, "http.auth": f"Bearer {SECRET}"}
        )
        span.set_status(Status(StatusCode.ERROR, SAID))
        span.end()
        root.set_attribute(semconv.DECISION_ID, "d1")
        root.end()
        assert telemetry.sink.force_flush(60_000)
        with telemetry.engine.connect() as connection:
            row = connection.execute(sa.select(SPAN)).one()
    assert row.name == "call [api_key-1]"
    assert row.status_message.startswith('the upstream said: "Incorrect API key [api_key-1]"')
    attributes = json.loads(row.attributes)
    assert (attributes["number"], attributes["flag"], attributes["list"][1]) == (7, True, "b")
    assert SECRET not in row.attributes and ODD not in row.attributes
    assert PLACE in attributes["text"]


def test_what_waits_on_the_spool_is_masked_already(tmp_path: Path) -> None:
    with opened(tmp_path) as telemetry, telemetry.engine.begin():  # holds the write lock
        emit(telemetry.tracer_provider.get_tracer("test"), leaky())
        assert telemetry.sink.force_flush(60_000)
        assert telemetry.health().spool_waiting == 1
        bundles = telemetry.sink._recorder._spool.read(10)
    assert SECRET not in str(bundles) and ODD not in str(bundles)
    assert bundles[0].requests[0]["decision_id"] == "leaky"


def test_a_trace_without_a_key_is_kept_letter_for_letter(tmp_path: Path) -> None:
    def stored(folder: Path, **more: Any) -> list[Any]:
        folder.mkdir()
        with Telemetry.open(f"sqlite:///{folder / 't.db'}", home=folder, **more) as telemetry:
            emit(telemetry.tracer_provider.get_tracer("test"), routed)
            assert telemetry.sink.force_flush(60_000)
            with telemetry.engine.connect() as connection:
                columns = [c for t in (REQUEST, BRANCH) for c in t.columns if not c.name.endswith("_id")]
                return list(connection.execute(sa.select(*columns).select_from(REQUEST).join(BRANCH, sa.true())))

    said = 'she said "no\\yes"\n\u00fcber \u2028 {"a": [1, 2.50, null]}'
    routed = Routed("d1", extra={semconv.REASON: said, semconv.VERDICTS: json.dumps([{"reason": said}]), "own": said})
    assert stored(tmp_path / "a", redact_keys=REDACT) == stored(tmp_path / "b")


def test_what_was_clean_before_is_not_looked_at_again_and_a_key_that_comes_later_is_found() -> None:
    known: set[str] = set()
    asked: list[str] = []

    def redact(text: str) -> str:
        asked.append(text)
        return REDACT(text)

    def bundle(reason: str, tags: str) -> Bundle:
        return Bundle(requests=[{"span_id": "a", "route": "chat", "reason": reason, "tags": tags}])

    mask_keys(bundle("the first of its tier", "[]"), redact, known)
    mask_keys(bundle("the first of its tier", "[]"), redact, known)
    assert asked == ["chat\nthe first of its tier\n[]", ""]
    later = bundle("the first of its tier", json.dumps([SECRET]))
    mask_keys(later, redact, known)
    assert later.requests[0]["tags"] == '["[api_key-1]"]'
    # As a text it says nothing, as JSON it is a key.
    escaped = '"' + "".join(f"\\u{ord(letter):04x}" for letter in ODD[:12]) + ODD[12:] + '"'
    plain = bundle(escaped, "[]")
    mask_keys(plain, redact, known)
    hidden = bundle("chat", escaped)
    mask_keys(hidden, redact, known)
    assert (plain.requests[0]["reason"], json.loads(hidden.requests[0]["tags"])) == (escaped, PLACE)


def test_ids_stay_what_they_are() -> None:
    bundle = Bundle(spans=[{"span_id": ODD, "trace_id": ODD, "parent_span_id": ODD, "name": ODD, "attributes": "{}"}])
    mask_keys(bundle, REDACT)
    assert bundle.spans == [{"span_id": ODD, "trace_id": ODD, "parent_span_id": ODD, "name": PLACE, "attributes": "{}"}]


def test_a_function_that_raises_takes_the_texts_with_it() -> None:
    def raises(text: str) -> str:
        raise RuntimeError(text)

    bundle = Bundle(branches=[{"span_id": "a", "reason": "quite harmless", "scores": '[{"a": "b"}]', "score": 0.5}])
    mask_keys(bundle, raises)
    assert bundle.branches == [{"span_id": "a", "reason": GONE, "scores": "[]", "score": 0.5}]


def test_json_stays_json_and_what_is_none_is_masked_as_a_text() -> None:
    broken = '[{"reason": "' + SECRET
    bundle = Bundle(requests=[{"span_id": "a", "tags": json.dumps([SECRET, 3, None, True]), "verdicts": broken}])
    mask_keys(bundle, REDACT)
    row = bundle.requests[0]
    assert json.loads(row["tags"]) == ["[api_key-1]", 3, None, True]
    assert SECRET not in row["verdicts"]


def test_a_key_that_is_written_with_escapes_is_found() -> None:
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in SECRET)
    bundle = Bundle(requests=[{"span_id": "a", "signals": f'{{"x": "{escaped}"}}'}])
    mask_keys(bundle, REDACT)
    assert json.loads(bundle.requests[0]["signals"]) == {"x": "[api_key-1]"}


def test_a_password_in_the_text_of_a_policy_is_not_kept(tmp_path: Path) -> None:
    lines = ["format = 1", 'name = "test"', 'url = "postgresql://ann:s3cretpass@host/db"', "# the end"]
    with opened(tmp_path) as telemetry:
        telemetry.record_policy_version("v1", "test", "\n".join(lines), "somebody")
        with telemetry.engine.connect() as connection:
            kept = str(connection.scalar(sa.select(POLICY_VERSION.c.toml))).split("\n")
    assert [kept[0], kept[1], kept[3]] == [lines[0], lines[1], lines[3]]
    assert b"s3cretpass" not in every_byte(tmp_path)


def test_a_text_without_a_secret_stays_letter_for_letter() -> None:
    text = 'name = "a"\r\n\r\n# b\n'
    assert mask_lines(text, REDACT) is text
