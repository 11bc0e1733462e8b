"""The short cuts of the refusal validator never say otherwise than its patterns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from router_core.validators.refusal import _REFUSALS, _RUN, _refuses, _run_in

WORDS = (
    *(
        "i",
        "I'm",
        "can",
        "can't",
        "cannot",
        "not",
        "won't",
        "will",
        "do",
        "don't",
        "am",
        "unable",
        "to",
        "sorry,",
        "but",
    ),
    *("help", "answer", "have", "the", "ability", "as", "an", "AI", "language", "model", "this", "request", "violates"),
    *("ich", "kann", "nicht", "helfen", "je", "ne", "peux", "pas", "aider", "no", "puedo", "non", "posso", "aiutar"),
    *("thi\u017f", "reque\u017ft", "_", "1", "desculpe,", "n\u00e3o", "river"),
)


@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join))
def test_an_opening_refuses_exactly_when_the_pattern_finds_it(opening: str) -> None:
    assert _refuses(opening) == (_REFUSALS.search(opening) is not None)


@given(
    st.text("ab \n1", max_size=40),
    st.text("ab-\n", min_size=1, max_size=24),
    st.integers(1, 30),
    st.text("ab ", max_size=9),
)
def test_a_run_is_found_exactly_where_the_pattern_finds_it(before: str, group: str, times: int, after: str) -> None:
    text = before + group * times + after
    found, wanted = _run_in(text), _RUN.search(text)
    assert (found and found.span()) == (wanted and wanted.span())
