"""Secrets: found by kind. Put together here, so that no scanner takes this file for a leak."""

import base64

import pytest

from router_core.signals import secrets
from router_core.signals.secrets import find_secrets
from router_core.signals.text import reveal

FILL = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0xLrS6u"

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

# The least that each vendor's keys are known by.
SHORTEST = [
    *(
        ("api_key", start + FILL[:length])
        for start, length in (("sk-", 20), ("sk_live_", 16), ("sk_test_", 16), ("rk_live_", 16), ("AIza", 35))
    ),
    *(("api_key", start + "ABCDEFGH12345678") for start in ("AKIA", "ASIA")),
    *(("api_key", start + FILL[:20]) for start in ("gsk_", "hf_", "xai-", "pplx-", "r8_", "lin_api_")),
    ("api_key", "SG." + FILL[:16] + "." + FILL[:16]),
    ("api_key", "dop_v1_" + "0123456789abcdef" * 2),
    *(("token", start + FILL[:20]) for start in ("ghp_", "gho_", "ghs_", "ghu_", "github_pat_", "ya29.")),
    ("token", "glpat-" + FILL[:16]),
    ("token", "xoxb-" + FILL[:10]),
    ("token", "npm_" + FILL[:30]),
    ("token", "pypi-" + FILL[:30]),
    ("token", "eyJ" + FILL[:8] + ".eyJ" + FILL[:8]),
    ("token", "bearer " + FILL[:24]),
    ("private_key", "AGE-SECRET-KEY-1" + "ABCDEFGHIJ0123456789"),
    ("private_key", "PuTTY-User-Key-File-2"),
    ("private_key", "-----BEGIN PRIVATE" + " KEY-----"),
    ("api_key", "access token is " + FILL[:16]),
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


@pytest.mark.parametrize(("kind", "key"), SHORTEST)
def test_the_shortest_key_of_each_form_is_found_among_words(kind, key):
    assert find_secrets(f"What can I do with {key} today?") == (kind,)


@pytest.mark.parametrize("text", HOLDS_NOT)
def test_talk_about_secrets_is_none(text):
    assert find_secrets(reveal(text)) == ()


def test_a_capital_that_grows_in_lower_case_does_not_shift_the_places():
    assert len("İ".lower()) == 2
    assert find_secrets("İİİİ password: Tr0ub4dor&3") == ("password",)


def test_every_name_of_a_password_holds_one_of_the_stems_that_are_looked_for_first():
    assert all(any(stem in name for stem in secrets._PASSWORD_STEMS) for name in secrets._PASSWORD_NAMES)
