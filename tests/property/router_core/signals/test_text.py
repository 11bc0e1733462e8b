"""Runs of characters are found as a pattern would find them."""

import re

from hypothesis import given
from hypothesis import strategies as st

from router_core.signals.text import has_run, run_table

TEXTS = st.text(alphabet=st.sampled_from("aab0-. :é漢\ud800\x01\n"), max_size=60)


@given(TEXTS, st.integers(1, 6))
def test_a_run_is_found_exactly_where_a_pattern_finds_it(text, length):
    assert has_run(text, run_table("ab0-"), length) == bool(re.search(f"[ab0-]{{{length}}}", text))


@given(TEXTS, st.integers(1, 6))
def test_skipped_characters_do_not_interrupt_a_run(text, length):
    found = has_run(text, run_table("ab0"), length, skipped=b" :")
    assert found == bool(re.search(f"[ab0]{{{length}}}", text.replace(" ", "").replace(":", "")))
