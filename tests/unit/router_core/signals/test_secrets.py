"""Secrets: found by kind. Put together here, so that no scanner takes this file for a leak."""

import base64

import pytest

from router_core.signals.secrets import find_secrets
from router_core.signals.text import reveal

FILL = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0xL"

HOLDS = [
    ("api_key", "use " + "sk-" + FILL),
    ("api_key", "sk-" + "ant-api03-" + FILL),
    ("api_key", "AKIA" + "IOSFODNN7EXAMPLE"),
    ("api_key", "AIza" + FILL + "abc"),
    ("api_key", "gsk_" + FILL),
    ("api_key", "api_key = '" + FILL + "'"),
    ("api_key", '{"client-secret": "' + FILL + '"}'),
    ("token", "ghp" + "_" + FILL),
    ("token", "xoxb" + "-123456789012-" + FILL),
    ("token", "eyJ" + "hbGciOiJIUzI1NiJ9." + "eyJ" + "zdWIiOiIxMjM0In0.c2lnbmF0dXJl"),
    ("token", "Authorization: Bearer " + FILL),
    ("password", "password: Tr0ub4dor&3"),
    ("password", "my password is hunter2!"),
    ("password", "DB_PASSWORD=correcthorse"),
    ("password", 'passwd="opensesame"'),
    ("password", "Mein Passwort lautet Geheim123"),
    ("password", "postgresql://app:s3cr3t@db.internal/x"),
    ("private_key", "-----BEGIN RSA PRIVATE" + " KEY-----\nMIIE"),
    ("private_key", "-----BEGIN OPENSSH PRIVATE" + " KEY-----"),
    ("password", base64.b64encode(b"the password: Tr0ub4dor&3 ok").decode()),
]

HOLDS_NOT = [
    "",
    "How do I reset my password?",
    "The password is expired, please help",
    "password: required",
    "Set OPENAI_API_KEY in your environment",
    "password = <your password>",
    "password: ********",
    "api_key = os.environ['API_KEY_OF_THE_SERVICE']",
    "a task-oriented sk-learn risk-benefit disk-encryption-software-package",
    "-----BEGIN PUBLIC KEY-----",
    "https://example.org:8080/path@home",
    "the token ring network",
    "Bearer of good news",
]


@pytest.mark.parametrize(("kind", "text"), HOLDS)
def test_secrets_are_found_by_their_kind(kind, text):
    assert find_secrets(reveal(text)) == (kind,)


@pytest.mark.parametrize("text", HOLDS_NOT)
def test_talk_about_secrets_is_none(text):
    assert find_secrets(reveal(text)) == ()


def test_a_capital_that_grows_in_lower_case_does_not_shift_the_places():
    assert len("İ".lower()) == 2
    assert find_secrets("İİİİ password: Tr0ub4dor&3") == ("password",)
