"""Who does not want to be told says so through the gateway, and it is kept beside the alerts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from app.dashboard.gateway_client import Gateway
from app.dashboard.gateway_error import GatewayError
from app.wiring import Service
from telemetry.alerts.round import evaluate
from telemetry.query.alerts import silences
from tests.alerting import failures
from tests.serving import gateway, write_policy


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Service]]:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOPBACK_KEY", "lb-0123456789abcdef")
        with gateway(home, write_policy(home, "http://127.0.0.1:9")) as found:
            evaluate(found[1].telemetry.engine, [failures()], now=datetime.now(UTC))
            yield found


def test_a_rule_is_silenced_and_the_silence_is_taken_back(running: tuple[str, Service]) -> None:
    client, engine = Gateway(running[0]), running[1].telemetry.engine
    made = client.silence("failures", "acme", 90, "a release")
    (found,) = silences(engine)
    assert (found.silence_id, found.subject, found.why, found.author) == (
        made["silence_id"],
        "acme",
        "a release",
        "local",
    )
    assert found.until.isoformat() == made["until"]
    client.unsilence(made["silence_id"])
    assert silences(engine) == []
    with pytest.raises(GatewayError, match="is in force; it may have ended by itself"):
        client.unsilence(made["silence_id"])


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("", {"rule": "nothing", "minutes": 5}, 404, "no rule is called 'nothing'"),
        ("", {"rule": "failures", "minutes": 0}, 400, "minutes: input should be greater than 0"),
        ("", {"rule": "failures", "minutes": 1e9}, 400, "minutes: input should be less than or equal to 43200"),
        ("", {"rule": "failures", "minutes": "5"}, 400, "minutes: input should be a valid number"),
        ("", {"rule": "failures"}, 400, "minutes: field required"),
        ("", {"rule": "failures", "minutes": 5, "author": "you"}, 400, "author: extra inputs are not permitted"),
        ("/end", {}, 400, "silence_id: field required"),
    ],
)
def test_bad_input_is_one_sentence(
    running: tuple[str, Service], path: str, body: dict[str, object], status: int, said: str
) -> None:
    answer = httpx.post(f"{running[0]}/v1/alerts/silences{path}", json=body, timeout=20)
    assert answer.status_code == status and answer.json()["error"]["message"].startswith(said)
