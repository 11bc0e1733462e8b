"""Whatever the text, the signals are read."""

from hypothesis import given, settings
from hypothesis import strategies as st

from router_core.request import RouteRequest
from router_core.signals.intent import INTENTS
from router_core.signals.kinds import kinds
from router_core.signals.language import LANGUAGES
from router_core.signals.length import count_words
from router_core.signals.numbers import count_numbers
from router_core.signals.pii import find_pii
from router_core.signals.read import read_signals
from router_core.signals.text import reveal

PIECES = st.sampled_from(
    [
        *(
            "4111 1111",
            "+49",
            "@",
            "a@b.c",
            "DE89",
            "::1",
            "1.2.3.4",
            "sk-",
            "eyJ",
            "password: ",
            "-----BEGIN ",
            "QUJDREVG",
        ),
        *(
            "def f(",
            "```",
            "\x1b[31m",
            "\u202e",
            "\u200b",
            "😀",
            "\ud800",
            "\0",
            "\n",
            " ",
            "İ",
            "\ufdfa",
            "e\u0301",
            "://u:p@h",
        ),
    ]
)
TEXTS = st.one_of(
    st.text(alphabet=st.characters(), max_size=400),
    st.lists(PIECES, max_size=60).map("".join),
    st.builds(lambda piece, times: piece * times, PIECES, st.integers(0, 400)),
)


@given(TEXTS)
@settings(deadline=None, max_examples=150)
def test_reading_never_raises_and_stays_within_its_words(text):
    signals = read_signals(RouteRequest.from_prompt(text))
    assert signals.intent in INTENTS
    assert 0 <= signals.intent_confidence <= 1
    assert signals.language in (*LANGUAGES, "und")
    assert 0 <= signals.words <= len(text)
    assert 0 <= signals.numbers <= len(text)
    assert signals.input_tokens >= 1
    assert set(signals.pii) <= {"credit_card", "email", "iban", "ip", "national_id", "phone"}
    assert set(signals.secrets) <= {"api_key", "password", "private_key", "token"}


@given(TEXTS)
@settings(deadline=None, max_examples=100)
def test_the_same_text_has_the_same_signals(text):
    request = RouteRequest.from_prompt(text)
    assert read_signals(request) == read_signals(request)


@given(st.lists(st.text(alphabet="abcdefé-'", min_size=1, max_size=12), max_size=60))
def test_words_of_latin_text_are_counted_as_split_counts_them(words):
    assert count_words(kinds("  ".join(words))) == len(words)


@given(st.lists(st.integers(0, 10**9), max_size=30))
def test_numbers_in_a_row_are_all_counted(numbers):
    assert count_numbers(kinds(" and ".join(map(str, numbers)))) == len(numbers)


@given(st.text(alphabet="abcdefgh .,!?\n", max_size=300))
def test_prose_without_digits_and_at_signs_holds_no_personal_data(text):
    assert find_pii(reveal(text)) == ()


@given(st.text(alphabet="abcdefgh ", max_size=80), st.text(alphabet="abcdefgh ", max_size=80))
def test_an_address_is_found_wherever_it_stands(before, after):
    assert find_pii(reveal(f"{before} anna@example.org {after}")) == ("email",)


@given(st.lists(st.sampled_from("\u200b\u200d\u2060\u00ad\ufeff\u202e"), min_size=0, max_size=3))
def test_invisible_characters_hide_no_card(hidden):
    mark = "".join(hidden)
    assert find_pii(reveal(f"4111{mark}1111{mark}1111{mark}1111")) == ("credit_card",)
