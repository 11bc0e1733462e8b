"""Messages reach a real web server and a real mail server, or it is noted why not."""

from __future__ import annotations

import base64
import email
import email.policy
import threading
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from telemetry.alerts import outbox
from telemetry.alerts.mail import Mailbox
from telemetry.alerts.outbox import MOST_ATTEMPTS, TOO_LATE, Event, wait_after
from telemetry.alerts.round import Channel, evaluate
from telemetry.alerts.sending import Courier, Unsendable, attempt
from telemetry.alerts.webhook import Webhook, checked
from telemetry.errors import DeliveryFailed
from telemetry.query.alerts import deliveries
from tests.alerting import MINUTE, NOW, Hook, Post, failures, mail_server, some, store, webhook

HOSTILE = "<!channel> *bold* <https://evil.example|click> & \u202e\x1b[31m\r\nBcc: all@example.com"
EVENT = Event(
    event_id="e1",
    rule=HOSTILE,
    subject="großes/model",
    per="model",
    kind="fired",
    ts=NOW,
    severity="error",
    metric="failure_rate",
    comparison="above",
    threshold=0.05,
    unit="share",
    value=0.123,
    low=0.08,
    high=0.17,
    n=200,
    window_s=3600.0,
    started=None,
    note="it did",
)


@pytest.fixture
def hook():
    with webhook() as made:
        yield made


@pytest.fixture
def post():
    with mail_server() as made:
        yield made


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    """An alert fires, and its channel is to be told."""
    engine = store(tmp_path, some(60, failed=40))
    evaluate(engine, [failures(channels=("team",))], now=NOW, channels=[Channel("team")])
    return engine


def deliver(engine: sa.Engine, sender: object, *, at=NOW, times: int = 1) -> None:
    courier = Courier(engine, now=lambda: at)
    for _ in range(times):
        for thread in courier.send_due({"team": sender}):  # type: ignore[dict-item]
            thread.join(60)


def test_a_webhook_gets_one_message_in_slacks_form_and_the_attempt_is_noted(engine: sa.Engine, hook: Hook):
    deliver(engine, Webhook("team", hook.url, dashboard="http://127.0.0.1:8501/"), times=3)
    (body,) = hook.bodies
    assert body["text"] == "[FIRING] failures" and hook.paths == ["/services/T0/secret"]
    told = body["blocks"][0]["text"]["text"]
    assert "Failed requests: 66.7 % (54.1 % to 77.3 %), threshold above 5.0 %, over 1 h, n = 60." in told
    assert body["blocks"][-1]["text"]["text"] == "http://127.0.0.1:8501/alerts"
    (found,) = deliveries(engine)
    assert (found.status, found.attempts, [one.outcome for one in found.tried]) == ("sent", 1, ["sent"])


def test_programs_get_every_field(hook: Hook):
    Webhook("team", hook.url, "json").send([EVENT])
    (body,) = hook.bodies
    (event,) = body["events"]
    assert (event["id"], event["value"], event["low"], event["n"]) == ("e1", 0.123, 0.08, 200)
    assert event["rule"] == HOSTILE and event["at"] == "2026-11-23T12:00:00+00:00"


def test_nothing_hostile_is_obeyed_in_slack(hook: Hook):
    Webhook("team", hook.url).send([EVENT, EVENT])
    (body,) = hook.bodies
    assert "<" not in body["text"] and "\n" not in body["text"] and body["mrkdwn"] is False
    assert body["text"].startswith("[FIRING] &lt;!channel&gt;") and body["text"].endswith("and 1 more")
    assert {block["text"]["type"] for block in body["blocks"]} == {"plain_text"}
    assert "\u202e" not in str(body) and "\x1b" not in str(body)


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_what_a_webhook_refuses_is_tried_again_later_and_in_the_end_given_up(
    engine: sa.Engine, hook: Hook, status: int
):
    hook.status, now = status, NOW
    for number in range(1, MOST_ATTEMPTS + 1):
        deliver(engine, Webhook("team", hook.url), at=now, times=2)
        assert len(hook.bodies) == number, "not again before its time"
        now += wait_after(number)
    deliver(engine, Webhook("team", hook.url), at=now + timedelta(hours=2))
    (found,) = deliveries(engine)
    assert (found.status, len(found.tried), found.last_error) == ("given_up", 8, f"it answered HTTP {status}")
    assert len(hook.bodies) == MOST_ATTEMPTS


def test_a_webhook_that_comes_back_gets_the_message_late(engine: sa.Engine, hook: Hook):
    hook.status = 500
    deliver(engine, Webhook("team", hook.url))
    hook.status = 200
    deliver(engine, Webhook("team", hook.url), at=NOW + MINUTE)
    (found,) = deliveries(engine)
    assert (found.status, [one.outcome for one in found.tried], found.last_error) == ("sent", ["sent", "failed"], None)


def test_a_redirect_is_not_followed(engine: sa.Engine, hook: Hook):
    with webhook() as elsewhere:
        hook.status, hook.location = 307, elsewhere.url
        deliver(engine, Webhook("team", hook.url))
        assert elsewhere.bodies == []
    assert "redirects are not followed" in (deliveries(engine)[0].last_error or "")


def test_a_webhook_that_hangs_holds_up_neither_another_channel_nor_the_worker(tmp_path: Path, hook: Hook):
    engine = store(tmp_path, some(60, failed=40))
    channels = [Channel("hangs"), Channel("works")]
    evaluate(engine, [failures(channels=("hangs", "works"))], now=NOW, channels=channels)
    hook.held = threading.Event()
    with webhook() as other:
        courier = Courier(engine, now=lambda: NOW)
        senders = {"hangs": Webhook("hangs", hook.url, timeout_s=60), "works": Webhook("works", other.url)}
        begun = {thread.name: thread for thread in courier.send_due(senders)}
        assert hook.asked.wait(60)
        begun["alerts-works"].join(60)
        # The first is still unanswered: it is left alone, and nobody waits for it.
        assert len(other.bodies) == 1 and hook.bodies == []
        assert [thread.name for thread in courier.send_due(senders)] == []
        hook.held.set()
        begun["alerts-hangs"].join(60)
    assert {one.channel: one.status for one in deliveries(engine)} == {"hangs": "sent", "works": "sent"}


def test_two_workers_never_send_the_same_at_once(engine: sa.Engine):
    assert outbox.claim(engine, "team", NOW) is not None
    assert outbox.claim(engine, "team", NOW) is None


def test_a_worker_that_dies_while_it_sends_has_it_sent_again(engine: sa.Engine, hook: Hook):
    outbox.claim(engine, "team", NOW)
    deliver(engine, Webhook("team", hook.url), at=NOW + MINUTE)
    assert len(hook.bodies) == 1 and deliveries(engine)[0].attempts == 2


def test_old_news_is_given_up(engine: sa.Engine, hook: Hook):
    deliver(engine, Webhook("team", hook.url), at=NOW + TOO_LATE + MINUTE)
    assert hook.bodies == [] and deliveries(engine)[0].status == "given_up"


def test_what_waits_for_a_channel_that_is_no_more_is_given_up(engine: sa.Engine):
    Courier(engine, now=lambda: NOW).send_due({})
    assert deliveries(engine)[0].status == "given_up"


def test_what_fires_together_is_one_message(tmp_path: Path, hook: Hook):
    engine = store(tmp_path, some(60, failed=40))
    rules = [failures(name=f"rule {number}", channels=("team",)) for number in range(5)]
    evaluate(engine, rules, now=NOW, channels=[Channel("team")])
    deliver(engine, Webhook("team", hook.url))
    (body,) = hook.bodies
    assert body["text"].endswith("and 4 more") and {one.tried[0].together for one in deliveries(engine)} == {5}


def test_a_mail_is_plain_text_with_a_safe_subject(post: Post):
    box = Mailbox("mail", f"smtp://127.0.0.1:{post.port}", "alerts@example.com", ("a@example.com", "b@example.com"))
    box.send([EVENT])
    (raw,) = post.mails
    mail = email.message_from_string(raw, policy=email.policy.default)
    assert mail["Subject"].startswith("RouteScope [FIRING] <!channel>") and "\n" not in mail["Subject"]
    assert mail["Bcc"] is None and mail.get_content_type() == "text/plain"
    assert "Failed requests: 12.3 %" in mail.get_content() and "großes/model" in mail.get_content()
    assert post.recipients == ["a@example.com", "b@example.com"] and post.logins == []


def test_a_mail_server_gets_the_users_name_and_password(post: Post):
    server = f"smtp://me%40example.com:p%3Aw@127.0.0.1:{post.port}"
    Mailbox("mail", server, "a@example.com", ("b@example.com",)).send([EVENT])
    assert base64.b64decode(post.logins[0].split()[1]) == b"\0me@example.com\0p:w"


@pytest.mark.parametrize(
    ("refuses", "said"),
    [
        ("AUTH", "the mail server refused the user or the password"),
        ("b@example.com", "the mail server refused every recipient"),
    ],
)
def test_a_mail_server_that_refuses_is_told_without_addresses(post: Post, refuses: str, said: str):
    post.refuses.add(refuses)
    box = Mailbox("mail", f"smtp://u:geheim@127.0.0.1:{post.port}", "a@example.com", ("b@example.com",))
    assert attempt(box, [EVENT]) == said


@pytest.mark.parametrize(
    ("sender", "said"),
    [
        (Webhook("w", "http://127.0.0.1:9/secret"), "it cannot be reached"),
        (Webhook("w", "ftp://127.0.0.1/secret"), "its URL is no web address"),
        (Webhook("w", "http://hooks.example.com/secret"), "http to another machine"),
        (Webhook("w", "https://user:secret@hooks.example.com/"), "has a user or a password"),
        (Webhook("w", "http://127.0.0.1:99999/secret"), "cannot be read"),
        (Webhook("w", "http://127.0.0.1:9/secr\u00e9t"), "percent-encoded"),
        (Mailbox("m", "smtp://u:secret@127.0.0.1:9", "a@example.com", ("b@example.com",)), "cannot be reached"),
        (Mailbox("m", "http://secret", "a@example.com", ("b@example.com",)), "the mail server's URL is none"),
        (Mailbox("m", "smtp://127.0.0.1:9", "a@example.com\nBcc: x", ("secret",)), "no e-mail address"),
        (Unsendable("w", DeliveryFailed("the environment variable HOOK is not set")), "HOOK is not set"),
    ],
)
def test_what_cannot_be_sent_is_one_sentence_without_secrets(sender, said: str):
    told = attempt(sender, [EVENT])
    assert told is not None and said in told and "secr" not in told and "\n" not in told
    assert "secret" not in repr(sender)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "[::1]", "LOCALHOST"])
def test_http_is_for_this_machine_alone(host: str):
    assert checked(f"http://{host}:8080/x").path == "/x"


def test_waits_grow_and_have_an_end():
    waits = [wait_after(number).total_seconds() for number in range(1, 60)]
    assert waits[:5] == [30, 120, 480, 1920, 3600] and set(waits[4:]) == {3600}


def test_the_same_event_has_the_same_id_however_often_it_is_sent(engine: sa.Engine, hook: Hook):
    hook.status = 500
    sender = Webhook("team", hook.url, "json")
    for minutes in (0, 1):
        deliver(engine, sender, at=NOW + minutes * MINUTE)
    ids = {body["events"][0]["id"] for body in hook.bodies}
    assert len(hook.bodies) == 2 and len(ids) == 1
