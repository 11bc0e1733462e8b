"""Invariants of what answers say."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from router_core.validators.extract import agree, canonical_json, extract, parse_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KINDS = st.sampled_from(["auto", "number", "choice", "json", "text"])


@given(st.text(max_size=300), KINDS)
@settings(deadline=None)
def test_extracting_never_raises(text, wanted):
    found = extract(text, wanted)
    assert found is None or wanted in ("auto", found.kind)


@given(st.text(max_size=200), st.text(max_size=200), KINDS)
@settings(deadline=None)
def test_agreement_does_not_depend_on_the_order(one, other, wanted):
    assert agree(one, other, wanted) == agree(other, one, wanted)


@given(st.text(max_size=200), KINDS)
@settings(deadline=None)
def test_an_answer_that_says_something_agrees_with_itself(text, wanted):
    assert agree(text, text, wanted) == (extract(text, wanted) is not None)


@given(st.integers(-(10**15), 10**15))
def test_an_integer_is_the_same_with_and_without_thousands(number):
    plain, grouped = extract(str(number), "number"), extract(f"{number:,}", "number")
    assert plain is not None and grouped is not None
    assert plain.value == grouped.value == Fraction(number)


@given(VALUES)
@settings(deadline=None)
def test_canonical_json_is_json_and_a_fixed_point(value):
    text = canonical_json(value)
    assert canonical_json(parse_json(text)) == text
