from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.drift.embedding import CHARACTERS, CharacterGrams

EMBED = CharacterGrams().embed


def alike(one: str, other: str) -> float:
    first, second = EMBED([one, other])
    return float(first @ second)


@given(st.text(max_size=60))
def test_every_text_has_a_vector_of_length_one_or_none_at_all(text: str):
    (vector,) = EMBED([text])
    length = float(np.linalg.norm(vector))
    assert length == pytest.approx(1.0, abs=1e-5) or (
        length == 0.0 and len(text.lower().encode("utf-8", "replace")) < 3
    )


def test_texts_in_other_words_lie_further_apart_than_those_in_the_same():
    asked = "Please translate this letter into German."
    assert alike(asked, "please translate this letter into german.") == pytest.approx(1.0, abs=1e-5)
    assert alike(asked, "Please translate this note into German.") > alike(asked, "def add(a, b): return a + b") + 0.2


def test_what_lies_beyond_the_limit_is_not_looked_at():
    begin = "word " * (CHARACTERS // 5)
    assert alike(begin + "one", begin + "quite another end") == pytest.approx(1.0, abs=1e-5)


def test_a_lone_surrogate_is_embedded_like_any_sign():
    assert np.isfinite(EMBED(["broken \ud800 text", ""])).all()
