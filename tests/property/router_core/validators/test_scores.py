"""Every validator scores any text between 0 and 1, or not at all, and says why in one line; weights are monotone."""

from hypothesis import given, settings
from hypothesis import strategies as st

from router_core.policy.schema import WeightedCombination
from router_core.request import RouteRequest
from router_core.result import ScoreRecord
from router_core.validators.agreement import Agreement
from router_core.validators.base import Asked, CompleteAnswer
from router_core.validators.combination import combine, is_open
from router_core.validators.custom import Custom
from router_core.validators.judge import Judge
from router_core.validators.language import Language
from router_core.validators.length import Length
from router_core.validators.logprob import Logprob
from router_core.validators.pattern import Contains, Regex
from router_core.validators.refusal import Refusal
from router_core.validators.schema import Schema
from router_core.validators.self_consistency import SelfConsistency
from router_core.validators.truncation import Truncation

VALIDATORS = (
    Refusal("refusal", 0.5),
    Length("length", 0.5, min_words=3, max_words=20, max_ratio=2.0),
    Truncation("truncation", 0.5),
    Schema("schema", 1.0, {"type": "object", "required": ["a"]}),
    Regex("regex", 1.0, must_match=["^(a|b)*$", r"\pL+"], must_not_match=["x"], ignore_case=True),
    Contains("contains", 1.0, must_contain=["a"], must_not_contain=["b"], ignore_case=True),
    Language("language", 0.5),
    Logprob("logprob", 0.5),
    Agreement("agreement", 0.5, ("probe",)),
    SelfConsistency("self_consistency", 0.5),
    Judge("judge", 0.5, "strong", "Be right."),
)
TEXTS = st.one_of(
    st.text(st.characters(codec=None), max_size=300),
    st.builds(lambda piece, times: piece * times, st.text(max_size=8), st.integers(0, 900)),
    st.text(st.sampled_from('`~{}[]":,.\n grade0123456789'), max_size=60),
)
ANSWERS = st.builds(
    CompleteAnswer,
    TEXTS,
    st.sampled_from(["stop", "length", None]),
    st.just("model"),
    st.none() | st.floats(max_value=0, allow_nan=False),
)
ASKED = st.one_of(
    st.builds(Asked, st.just("probe"), ANSWERS), st.builds(Asked, st.just("probe"), st.none(), st.just("it failed"))
)
SCHEMAS = st.one_of(
    st.none(),
    st.fixed_dictionaries({}, optional={"type": st.sampled_from(["object", "x", 3]), "pattern": st.text(max_size=20)}),
    st.dictionaries(st.text(max_size=10), st.none() | st.integers() | st.text(max_size=5), max_size=4),
)


@given(ANSWERS, st.lists(ASKED, min_size=1, max_size=3), st.text(max_size=100), SCHEMAS)
@settings(deadline=None, max_examples=200)
def test_any_answer_gets_a_share_and_a_reason(answer, asked, prompt, schema):
    request = RouteRequest.from_prompt(prompt, response_schema=schema)
    for validator in VALIDATORS:
        for ask in validator.asks(answer, request):
            assert ask.reason
        score = validator.score(answer, asked, request)
        assert score.value is None or 0 <= score.value <= 1
        assert score.reason.endswith(".") and "\n" not in score.reason


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@given(ANYTHING)
def test_whatever_foreign_code_gives_becomes_a_share_and_a_reason(given):
    score = Custom("own", 0.5, lambda answer, request: given, {}).score(
        CompleteAnswer("a", "stop", "model"), (), RouteRequest.from_prompt("b")
    )
    assert score.value is not None and 0 <= score.value <= 1
    assert score.reason.endswith(".") and "\n" not in score.reason


NAMES = ("a", "b", "c", "d")
SHARES = st.floats(0, 1)
WEIGHTS = st.dictionaries(st.sampled_from(NAMES), st.floats(0.01, 1000), max_size=4)


def record(name, share, passed=None):
    return ScoreRecord(name, share, 0.5, bool(share is not None and share >= 0.5) if passed is None else passed, "So.")


@given(st.lists(SHARES, min_size=4, max_size=4), st.integers(0, 3), SHARES, WEIGHTS, SHARES)
def test_a_higher_score_never_lowers_the_weighted_mean(shares, place, other, weights, threshold):
    entry = WeightedCombination(kind="weighted", threshold=threshold, weights=weights)
    low, high = sorted((shares[place], other))
    means = []
    for share in (low, high):
        verdict = combine(entry, [record(n, share if i == place else shares[i]) for i, n in enumerate(NAMES)])
        assert verdict is not None and verdict.score is not None
        assert 0 <= verdict.score <= 1
        means.append(verdict)
    assert means[0].score <= means[1].score
    assert means[0].passed <= means[1].passed


@given(
    st.lists(st.tuples(st.none() | SHARES, st.booleans()), min_size=1, max_size=3),
    st.lists(SHARES, min_size=3, max_size=3),
    WEIGHTS,
    SHARES,
)
def test_once_the_verdict_is_closed_no_later_score_could_have_changed_it(spoken, later, weights, threshold):
    entry = WeightedCombination(kind="weighted", threshold=threshold, weights=weights)
    first = [
        record(name, share, passed if share is None else None)
        for name, (share, passed) in zip(NAMES, spoken, strict=False)
    ]
    waiting = NAMES[len(first) :]
    if is_open(entry, first, waiting):
        return
    early = combine(entry, first)
    late = combine(entry, [*first, *(record(name, share) for name, share in zip(waiting, later, strict=False))])
    assert early is not None and late is not None
    if abs((late.score or 0.0) - threshold) > 1e-9:
        assert early.passed == late.passed
