"""What is kept of a text under `content = "redacted"`."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router_core.redaction import Restorer, redact_messages, redact_secrets, redact_text
from router_core.request import Message
from router_core.signals.pii import find_pii
from router_core.signals.secrets import find_secrets
from router_core.signals.text import REVEAL_CHARACTERS, reveal
from tests.unit.router_core.signals.test_read import HOSTILE

FULL_WIDTH = "".join(chr(ord(letter) + 0xFEE0) for letter in "jane@example.org")


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("write to jane.doe@example.org today", "jane.doe"),
        ("call +49 30 901820 now", "901820"),
        ("my IBAN is DE89 3704 0044 0532 0130 00", "3704"),
        ("card 4111 1111 1111 1111 please", "1111"),
        ("server 192.168.17.33 is down", "192.168"),
        ("key sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD", "abcdefghijkl"),
        (f"{FULL_WIDTH} in full width", FULL_WIDTH[:4]),
        ("j\u200bane@exam\u200bple.org with zero widths", "ane@"),
    ],
    ids=["email", "phone", "iban", "card", "address", "key", "full width", "zero width"],
)
def test_personal_data_and_secrets_do_not_stay(text: str, hidden: str) -> None:
    assert hidden not in redact_text(text)


OPENAI = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"Incorrect API key provided: {OPENAI}. Check it.", "Incorrect API key provided: [api_key-1]. Check it."),
        (f"{OPENAI} and again {OPENAI}", "[api_key-1] and again [api_key-1]"),
        ("postgresql://ann:s3cretpass@host/db refuses", None),
        ("-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY----- was sent", "[private_key-1] was sent"),
        ("Authorization: Bearer abcdefghijklmnopqrstuvwxyz012345", None),
    ],
)
def test_keys_and_passwords_alone_give_way_in_what_is_always_kept(text: str, kept: str | None) -> None:
    redacted = redact_secrets(text)
    assert find_secrets(redacted) == ()
    assert not any(secret in redacted for secret in ("s3cretpass", "MIIEvQ", OPENAI, "klmnopqrstuvwxyz"))
    assert kept is None or redacted == kept


def test_what_is_no_secret_stays_letter_for_letter_though_it_be_personal() -> None:
    text = "small-model: timed out after 3.2 s; jane@example.org asked, decision 0af7651916cd43dd8448eb211c80319c"
    assert redact_secrets(text) is text


def test_harmless_text_stays_as_it_is() -> None:
    text = "Summarise the meeting of 3 May in 20 words."
    assert redact_text(text) == text


def test_what_cannot_be_masked_alone_takes_the_whole_text_with_it() -> None:
    assert redact_text("password: hunter2hunter2 and the rest").startswith("[redacted: ")


# --- redact, then send ------------------------------------------------------------------------------------------------

KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD"


def sent(*texts: str) -> tuple[list[str], dict[str, int], tuple[str, ...]]:
    found = redact_messages([Message("user", text) for text in texts])
    return [message.content for message in found.messages], dict(found.counts), found.left


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("write to jane.doe@example.org today", "write to [email-1] today"),
        ("call +49 30 901820 now", "call [phone-1] now"),
        ("my IBAN is DE89 3704 0044 0532 0130 00.", "my IBAN is [iban-1]."),
        ("card 4111 1111 1111 1111 please", "card [credit_card-1] please"),
        ("server 203.0.113.7 is down", "server [ip-1] is down"),
        ("SSN 536-90-4399, ok", "SSN [national_id-1], ok"),
        (f"use {KEY}, please", "use [api_key-1], please"),
        ("password: Tr0ub4dor&3 and the rest", "password: [password-1] and the rest"),
        ("DB_PASSWORD=hunter2hunter2", "DB_PASSWORD=[password-1]"),
        ("order 1234567890 of 2024-01-05, 3 pieces at 12.50", "order 1234567890 of 2024-01-05, 3 pieces at 12.50"),
    ],
)
def test_only_what_is_personal_or_secret_gives_way_to_a_typed_placeholder(text: str, redacted: str) -> None:
    assert sent(text)[0] == [redacted]


def test_the_same_value_has_the_same_placeholder_everywhere_and_counts_once() -> None:
    texts, counts, left = sent("I am a@b.org", "write to a@b.org and c@d.org")
    assert texts == ["I am [email-1]", "write to [email-1] and [email-2]"]
    assert (counts, left) == ({"email": 2}, ())


def test_a_private_key_goes_as_a_whole() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc\n-----END RSA PRIVATE KEY-----"
    assert sent(f"here: {key} thanks")[0] == ["here: [private_key-1] thanks"]


@pytest.mark.parametrize(
    "text",
    [
        f"{FULL_WIDTH} in full width",
        "j\u200bane@exam\u200bple.org with zero widths",
        base64.b64encode(b"my mail is jane@example.org").decode(),
        b"my password: Tr0ub4dor&3".hex(),
    ],
    ids=["full width", "zero width", "base64", "hexadecimal"],
)
def test_what_hides_is_masked_too(text: str) -> None:
    (shown,), counts, left = sent(text)
    assert left == ()
    assert sum(counts.values()) == 1
    assert not find_pii(reveal(shown)) and not find_secrets(reveal(shown))


def test_a_number_split_over_turns_is_reported_because_it_cannot_be_masked() -> None:
    assert sent("4111 1111 ", "1111 1111")[2] == ("credit_card",)


def test_what_is_too_long_to_be_searched_is_reported() -> None:
    assert "unread" in sent("a " * 100_000)[2]


def test_placeholders_that_the_user_wrote_himself_stay_his() -> None:
    found = redact_messages([Message("user", "what is [email-1]? ask a@b.org")])
    assert found.messages[0].content == "what is [email-1]? ask [email-2]"
    assert found.restore("[email-1] and [email-2]") == "[email-1] and a@b.org"


def test_the_answer_gets_personal_data_back_and_never_secrets() -> None:
    found = redact_messages([Message("user", f"a@b.org has {KEY}")])
    assert found.restore("[email-1] has [api_key-1]") == "a@b.org has [api_key-1]"


@given(st.data())
def test_an_answer_in_pieces_is_restored_like_a_whole_one(data: st.DataObject) -> None:
    found = redact_messages([Message("user", "a@b.org, +49 30 901820")])
    answer = "".join(
        data.draw(
            st.lists(st.sampled_from(["[email-1]", "[phone-1]", "[", "]", "[[", "x", " [em", "ail-1] ", "[no-1]"]))
        )
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(answer)), max_size=6)))
    restorer = Restorer(found)
    pieces = [answer[start:end] for start, end in zip([0, *cuts], [*cuts, len(answer)], strict=True)]
    assert "".join(map(restorer.feed, pieces)) + restorer.finish() == found.restore(answer)


_PIECES = st.sampled_from(
    [
        *("hello", "\n", "order 1234", "jane@example.org", "+49 30 901820", "4111 1111 1111 1111", "203.0.113.7"),
        *("DE89370400440532013000", KEY, "password=Tr0ub4dor&3", "SSN 536-90-4399", "ghp_" + "a1" * 12, FULL_WIDTH),
        *("\u200b", "(", '"', ","),
    ]
)


@given(st.lists(st.lists(_PIECES, max_size=8), min_size=1, max_size=3), st.sampled_from([" ", "", ", "]))
def test_what_may_be_sent_holds_nothing_that_the_detectors_find(texts: list[list[str]], glue: str) -> None:
    found = redact_messages([Message("user", glue.join(pieces)) for pieces in texts])
    if found.safe:
        for message in found.messages:
            shown = reveal(message.content)
            assert not find_pii(shown) and not find_secrets(shown)
    if glue == " " and len(texts) == 1:
        assert found.safe


@pytest.mark.timeout(60)  # it takes at most 0.1 s; what is worse than linear takes minutes
@pytest.mark.parametrize("name", HOSTILE)
def test_as_many_hostile_characters_as_are_searched_are_redacted_without_hanging(name: str) -> None:
    piece = HOSTILE[name]
    message = Message("user", (piece * REVEAL_CHARACTERS)[:REVEAL_CHARACTERS])
    redact_messages([message])


def test_a_number_beside_a_very_long_run_of_digits_is_masked_all_the_same() -> None:
    found = redact_messages([Message("user", f"My card: 4111111111111111, not {'1' * 60} 4111111111111111")])
    assert found.messages[0].content == f"My card: [credit_card-1], not {'1' * 60} [credit_card-1]"
