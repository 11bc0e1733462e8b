"""Every validator scores any text between 0 and 1 and says why in one line."""

from hypothesis import given, settings
from hypothesis import strategies as st

from router_core.request import RouteRequest
from router_core.validators.agreement import Agreement
from router_core.validators.base import CompleteAnswer
from router_core.validators.length import Length
from router_core.validators.refusal import Refusal
from router_core.validators.schema import Schema

VALIDATORS = (
    Refusal("refusal", 0.5),
    Length("length", 0.5, min_words=3, max_words=20, max_ratio=2.0),
    Schema("schema", 1.0, {"type": "object", "required": ["a"]}),
    Agreement("agreement", 0.5, ("probe",)),
)
ANSWERS = st.builds(
    CompleteAnswer,
    st.one_of(
        st.text(max_size=300), st.builds(lambda piece, times: piece * times, st.text(max_size=8), st.integers(0, 900))
    ),
    st.sampled_from(["stop", "length", None]),
    st.just("model"),
)
SCHEMAS = st.one_of(
    st.none(),
    st.fixed_dictionaries({}, optional={"type": st.sampled_from(["object", "x", 3]), "pattern": st.text(max_size=20)}),
    st.dictionaries(st.text(max_size=10), st.none() | st.integers() | st.text(max_size=5), max_size=4),
)


@given(ANSWERS, st.lists(ANSWERS, max_size=3), st.text(max_size=100), SCHEMAS)
@settings(deadline=None, max_examples=200)
def test_any_answer_gets_a_share_and_a_reason(answer, siblings, prompt, schema):
    request = RouteRequest.from_prompt(prompt, response_schema=schema)
    for validator in VALIDATORS:
        score = validator.score(answer, siblings, request)
        assert 0 <= score.value <= 1
        assert score.reason.endswith(".") and "\n" not in score.reason
