"""Scoring whole requests: who else is asked, what becomes of each, and how scores become one verdict."""

from __future__ import annotations

import json
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from router_core import semconv
from router_core.errors import UpstreamFailure
from router_core.events import BranchEnded, BranchStarted, Token
from router_core.policy.entry_points import VALIDATORS
from router_core.policy.loading import LoadedPolicy, parse_policy
from router_core.pricing import Usage
from router_core.providers.scripted import Replies, Reply
from router_core.request import Context, RouteRequest
from router_core.result import Decision, ScoreRecord
from tests.installed import install
from tests.routing import Bench, policy

PROMPT = "Say hello"
REFUSAL = "I'm sorry, but I can't help with that."
LOCAL_ONLY = """
[[rules]]
name = "sensitive-stays-local"
any_of = [{ data_classes = ["sensitive"] }]
then = { kind = "require", location = "local" }
"""


def grade(number: int) -> str:
    return json.dumps({"reason": "so be it", "grade": number})


def judged(model: str = "twin", more: str = "", **settings: Any) -> LoadedPolicy:
    """Answers are refused when impolite, then judged by ``model``."""
    settings.setdefault("validators", ["polite", "judged"])
    rules = settings.pop("rules", "")
    table = f'[validators.judged]\nkind = "judge"\nmodel = "{model}"\nrubric = "It must greet."\n{more}\n'
    return policy(rules=table + rules, **settings)


def again(samples: int, **settings: Any) -> LoadedPolicy:
    rules = f'[validators.again]\nkind = "self_consistency"\nsamples = {samples}\nextract = "number"\n'
    return policy(validators=["again"], rules=rules, **settings)


def twin_above(loaded: LoadedPolicy) -> LoadedPolicy:
    """The same policy with the second local model in the upper tier."""
    below, above = (f'[models.twin]\ntier = "{tier}"' for tier in ("small", "large"))
    assert below in loaded.text
    return parse_policy(loaded.text.replace(below, above), Path("test.toml"))


def outcomes(decision: Decision) -> list[tuple[str, str, str]]:
    return [(branch.kind, branch.model, branch.outcome) for branch in decision.branches]


def score_of(decision: Decision, validator: str, branch: int = 0) -> ScoreRecord:
    return next(score for score in decision.branches[branch].scores if score.validator == validator)


async def decide(bench: Bench, prompt: str = PROMPT, **fields: Any) -> Decision:
    return (await bench.router.aroute(RouteRequest.from_prompt(prompt, **fields))).decision


# --- judges -----------------------------------------------------------------------------------------------------
async def test_an_answer_that_its_judge_grades_well_stands_and_the_judgement_is_paid_for() -> None:
    bench = Bench(
        judged(),
        tiny=Replies(Reply(("Hello.",), usage=Usage(10, 1))),
        twin=Replies(Reply((grade(9),), usage=Usage(200, 20))),
        huge=Replies(),
    )
    decision = await decide(bench)
    assert outcomes(decision) == [("model", "tiny", "accepted"), ("judge", "twin", "compared")]
    assert decision.cost_usd == pytest.approx((10 + 2 + 200 + 40) / 1e6)
    assert (decision.branches[0].score, decision.branches[0].threshold) == (0.9, 0.7)
    assert score_of(decision, "judged").reason == "twin gives it 9 of 10."


async def test_an_answer_that_its_judge_grades_badly_escalates() -> None:
    bench = Bench(judged(), tiny=Replies("Hello."), twin=Replies(grade(3)), huge=Replies("Hello, Anna."))
    decision = await decide(bench)
    assert outcomes(decision) == [
        ("model", "tiny", "rejected"),
        ("judge", "twin", "compared"),
        ("model", "huge", "accepted"),
    ]
    assert decision.escalated
    assert "tiny scored 0.30 on judged, below 0.70 (twin gives it 3 of 10)" in decision.reason


async def test_the_judge_sees_rubric_prompt_and_answer_at_temperature_zero_and_not_the_requests_own_settings() -> None:
    twin = Replies(grade(9))
    bench = Bench(judged(more="max_output_tokens = 77"), tiny=Replies("Hello."), twin=twin, huge=Replies())
    await decide(bench, stop=("}",), temperature=1.0, max_output_tokens=20)
    (call,) = twin.calls
    assert (call.temperature, call.stop, call.max_output_tokens, call.response_schema) == (0.0, (), 77, None)
    assert "It must greet." in call.messages[0].content
    assert PROMPT in call.messages[1].content
    assert "Hello." in call.messages[1].content


async def test_a_judge_that_can_promise_json_is_held_to_a_schema() -> None:
    huge = Replies(grade(9))
    await decide(Bench(judged("huge"), tiny=Replies("Hello."), twin=Replies(), huge=huge))
    assert huge.calls[0].response_schema is not None
    assert huge.calls[0].response_schema["required"] == ["reason", "grade"]


async def test_a_judge_is_not_paid_for_when_the_answer_fell_short_already_nor_on_the_last_branch() -> None:
    bench = Bench(judged(), tiny=Replies(REFUSAL), twin=Replies(), huge=Replies("Hello."))
    decision = await decide(bench)
    assert outcomes(decision) == [("model", "tiny", "rejected"), ("model", "huge", "accepted")]


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (UpstreamFailure("503"), "twin gave no judgement: it failed (upstream_failure)."),
        ("What a nice answer! 10/10", "What twin said is no judgement."),
    ],
    ids=["fails", "talks"],
)
async def test_without_a_grade_the_policy_decides_and_the_score_stays_unknown(reply: Any, why: str) -> None:
    for on_error, first in (("pass", "accepted"), ("fail", "rejected")):
        loaded = judged(more=f'on_error = "{on_error}"')
        bench = Bench(loaded, tiny=Replies("Hello."), twin=Replies(reply, repeat_last=True), huge=Replies("Hello."))
        decision = await decide(bench)
        assert decision.status == "ok"
        assert decision.branches[0].outcome == first
        record = score_of(decision, "judged")
        assert (record.score, record.passed, record.reason) == (None, on_error == "pass", why)
        assert not decision.fell_back
        (span,) = [span for span in bench.spans if span.name == "validate judged"]
        assert span.attributes is not None
        assert semconv.SCORE not in span.attributes
        assert span.attributes[semconv.PASSED] is (on_error == "pass")


async def test_an_answer_that_could_not_be_judged_is_told_so_in_the_story() -> None:
    bench = Bench(judged(), tiny=Replies("Hello."), twin=Replies("no grade"), huge=Replies("Hello."))
    assert "tiny could not be scored on judged (What twin said is no judgement)" in (await decide(bench)).reason


async def test_a_sensitive_prompt_never_reaches_a_judge_in_the_cloud() -> None:
    huge = Replies()
    loaded = twin_above(judged("huge", rules=LOCAL_ONLY, more='on_error = "pass"'))
    bench = Bench(loaded, tiny=Replies("Hello."), twin=Replies(), huge=huge)
    decision = await decide(bench, context=Context(data_class="sensitive"))
    assert huge.calls == []
    assert outcomes(decision) == [("model", "tiny", "accepted")]
    reason = "huge gave no judgement: it is cloud, the rule asks for local."
    assert score_of(decision, "judged") == ScoreRecord("judged", None, 0.7, True, reason)


async def test_of_a_redacted_prompt_the_judge_sees_no_more_than_models_do() -> None:
    rule = '[[rules]]\nname = "mask"\nany_of = [{ pii = true }]\nthen = { kind = "redact" }\n'
    tiny, twin = Replies("Hello."), Replies(grade(9))
    bench = Bench(judged(rules=rule), tiny=tiny, twin=twin, huge=Replies())
    await decide(bench, "Write to anna.smith@example.com and say hello")
    assert "write to" in str(twin.calls[0].messages).lower()
    for call in (*tiny.calls, *twin.calls):
        assert "anna.smith" not in str(call)


async def test_a_judgement_that_does_not_fit_the_judges_window_is_not_asked_for() -> None:
    loaded = judged(
        "huge", huge="context_window = 300", more='max_output_tokens = 280\non_error = "pass"', tiers='"small", "large"'
    )
    bench = Bench(loaded, tiny=Replies("Hello."), twin=Replies(), huge=Replies())
    record = score_of(await decide(bench), "judged")
    assert "do not fit its context window" in record.reason


async def test_a_judge_that_the_caps_do_not_allow_is_not_asked() -> None:
    bench = Bench(judged(route="caps = { branches = 1 }"), tiny=Replies("Hello."), twin=Replies(), huge=Replies())
    record = score_of(await decide(bench), "judged")
    assert (record.score, record.passed) == (None, False)
    assert "twin gave no judgement: " in record.reason


async def test_a_model_that_only_judges_is_no_baseline() -> None:
    bench = Bench(judged("huge", tiers='"small"'), tiny=Replies("Hello."), twin=Replies(), huge=Replies())
    assert (await decide(bench)).baseline_model in ("tiny", "twin")


async def test_the_span_of_a_judge_is_a_branch_like_any_other() -> None:
    bench = Bench(judged(), tiny=Replies("Hello."), twin=Replies(grade(8)), huge=Replies())
    await decide(bench)
    (span,) = [span for span in bench.branches if (span.attributes or {})[semconv.BRANCH_KIND] == "judge"]
    attributes = dict(span.attributes or {})
    assert span.name == "branch twin"
    assert attributes[semconv.OPERATION_NAME] == "chat"
    assert attributes[semconv.BRANCH_OUTCOME] == "compared"
    assert attributes[semconv.BRANCH_REASON] == "judged has it judge tiny's answer"
    assert attributes[semconv.COST_NANO] > 0
    assert semconv.OUTPUT_MESSAGES not in attributes


# --- self-consistency -------------------------------------------------------------------------------------------
async def test_a_model_that_says_the_same_again_is_believed_and_each_sample_is_a_branch() -> None:
    tiny = Replies("It is 42.", "42", "So, 42", "41")
    bench = Bench(again(3), tiny=tiny, twin=Replies(), huge=Replies())
    decision = await decide(bench, seed=7)
    assert outcomes(decision) == [("model", "tiny", "accepted"), *[("probe", "tiny", "compared")] * 3]
    assert decision.branches[0].score == pytest.approx(2 / 3)
    assert [(call.temperature, call.seed) for call in tiny.calls] == [(None, 7), (0.7, 8), (0.7, 9), (0.7, 10)]
    assert {call.messages for call in tiny.calls} == {tiny.calls[0].messages}


async def test_a_model_that_contradicts_itself_is_not() -> None:
    bench = Bench(again(2), tiny=Replies("42", "41", "40"), twin=Replies(), huge=Replies("42"))
    decision = await decide(bench)
    assert (decision.chosen, decision.escalated) == ("huge", True)
    assert "None of 2 further answers of tiny says the same" in decision.reason


async def test_samples_are_made_as_far_as_the_caps_allow_and_the_rest_is_told() -> None:
    bench = Bench(
        again(3, route="caps = { branches = 3 }"), tiny=Replies("42", "42", "42"), twin=Replies(), huge=Replies()
    )
    decision = await decide(bench)
    assert len(decision.branches) == 3
    record = score_of(decision, "again")
    assert record.score == 1.0
    assert record.reason.startswith("2 of 2 further answers of tiny say the same; tiny gave none: ")


async def test_samples_are_asked_side_by_side() -> None:
    slow = Reply.saying("42", first_chunk_s=1.0)
    bench = Bench(again(3), tiny=Replies("42", slow, slow, slow), twin=Replies(), huge=Replies())
    events = await bench.events(PROMPT)
    steps = [type(event) for event in events if isinstance(event, BranchStarted | BranchEnded)]
    assert steps == [BranchStarted, BranchEnded, *[BranchStarted] * 3, *[BranchEnded] * 3]


async def test_samples_are_no_retries_and_need_no_retry_budget() -> None:
    bench = Bench(
        again(10, route="caps = { branches = 20 }"), tiny=Replies(*["42"] * 11), twin=Replies(), huge=Replies()
    )
    assert score_of(await decide(bench), "again").reason == "10 of 10 further answers of tiny say the same."


# --- agreement --------------------------------------------------------------------------------------------------
async def test_a_probe_that_may_not_be_asked_is_named_with_the_reason() -> None:
    huge = Replies()
    loaded = twin_above(policy(validators=["second"], probes='"twin", "huge"', rules=LOCAL_ONLY))
    bench = Bench(loaded, tiny=Replies("42"), twin=Replies("42"), huge=huge)
    decision = await decide(bench, context=Context(data_class="sensitive"))
    assert (decision.chosen, huge.calls) == ("tiny", [])
    assert score_of(decision, "second").reason == (
        "1 of 1 other answers says the same (twin); huge gave none: it is cloud, the rule asks for local."
    )


# --- thresholds -------------------------------------------------------------------------------------------------
async def test_a_threshold_may_be_higher_for_one_intent() -> None:
    route = "[routes.chat.intents.math]\nthresholds = { second = 0.8 }"
    loaded = policy(validators=["second"], probes='"twin", "huge"', route=route)
    for prompt, chosen in (("Compute 12 * 7 + 3", "huge"), (PROMPT, "tiny")):
        bench = Bench(loaded, tiny=Replies("87"), twin=Replies("87"), huge=Replies("86", "87"))
        decision = await decide(bench, prompt)
        record = score_of(decision, "second")
        assert (record.score, record.threshold) == (0.5, 0.8 if chosen == "huge" else 0.5)
        assert decision.chosen == chosen


async def test_a_route_may_ask_for_more_than_the_validator_itself() -> None:
    loaded = policy(validators=["second"], probes='"twin", "huge"', route="thresholds = { second = 1.0 }")
    bench = Bench(loaded, tiny=Replies("87"), twin=Replies("87"), huge=Replies("86", "87"))
    assert (await decide(bench)).chosen == "huge"


# --- weights ----------------------------------------------------------------------------------------------------
WORDY = '[validators.wordy]\nkind = "length"\nmin_words = 10\n'


def weighted(combine: str, rules: str = WORDY, validators: tuple[str, ...] = ("wordy", "second")) -> LoadedPolicy:
    return policy(validators=validators, rules=rules, route=f'combine = {{ kind = "weighted", {combine} }}')


async def test_by_weights_the_branch_states_the_mean_and_each_part_its_weight() -> None:
    loaded = weighted("threshold = 0.7, weights = { second = 3 }")
    bench = Bench(loaded, tiny=Replies("It is 42 in all."), twin=Replies("42"), huge=Replies())
    decision = await decide(bench)
    branch = decision.branches[0]
    assert (branch.outcome, branch.score, branch.threshold) == ("accepted", (0.5 + 3) / 4, 0.7)
    assert [(score.validator, score.score, score.weight) for score in branch.scores] == [
        ("wordy", 0.5, 1.0),
        ("second", 1.0, 3.0),
    ]
    assert "its answer scored 0.88 of 0.70 on all its validators together" in decision.reason
    span = bench.branches[0]
    assert (span.attributes or {})[semconv.BRANCH_SCORE] == 0.875
    (validate,) = [span for span in bench.spans if span.name == "validate second"]
    assert (validate.attributes or {})[semconv.WEIGHT] == 3.0


async def test_by_weights_a_mean_below_the_threshold_escalates_and_the_story_tells_the_parts() -> None:
    loaded = weighted("threshold = 0.7")
    bench = Bench(loaded, tiny=Replies("It is 42 in all."), twin=Replies("41"), huge=Replies("42"))
    decision = await decide(bench)
    assert decision.chosen == "huge"
    assert "tiny scored 0.25 on combined, below 0.70 (The weighted mean of wordy 0.50, second 0.00)" in decision.reason


@pytest.mark.parametrize(
    ("combine", "answer", "chosen"),
    [
        ("threshold = 0.9", "It is 42 in all.", "huge"),
        ("threshold = 0.4, weights = { wordy = 9 }", "It is 42 in all.", "tiny"),
        ('threshold = 0.1, required = ["wordy"]', "42", "huge"),
    ],
    ids=["out of reach", "reached", "required"],
)
async def test_by_weights_nobody_is_asked_once_that_could_change_nothing(
    combine: str, answer: str, chosen: str
) -> None:
    bench = Bench(weighted(combine), tiny=Replies(answer), twin=Replies(), huge=Replies("42"))
    decision = await decide(bench)
    assert decision.chosen == chosen
    assert {branch.kind for branch in decision.branches} == {"model"}


async def test_a_schema_of_the_request_holds_whatever_the_weights_say() -> None:
    loaded = policy(validators=["polite"], route='combine = { kind = "weighted", threshold = 0.1 }')
    bench = Bench(loaded, tiny=Replies("no JSON"), twin=Replies(), huge=Replies('{"a": 1}'))
    decision = await decide(bench, response_schema={"type": "object"})
    assert decision.chosen == "huge"
    assert "scored 0.00 on schema" in decision.reason


# --- log-probabilities ------------------------------------------------------------------------------------------
def sure(on_unknown: str = "fail", more: tuple[str, ...] = ()) -> LoadedPolicy:
    rules = f'[validators.sure]\nkind = "logprob"\nthreshold = 0.5\non_unknown = "{on_unknown}"\n'
    return policy(validators=["sure", *more], rules=rules)


async def test_log_probabilities_are_asked_for_where_a_validator_wants_them_and_of_answers_alone() -> None:
    tiny, twin = Replies(Reply(("42",), mean_logprob=-0.1)), Replies("42")
    bench = Bench(sure(more=("second",)), tiny=tiny, twin=twin, huge=Replies())
    decision = await decide(bench)
    assert decision.chosen == "tiny"
    assert score_of(decision, "sure").score == pytest.approx(0.9048, abs=1e-4)
    assert (tiny.calls[0].logprobs, twin.calls[0].logprobs) == (True, False)
    plain = Replies("Hello.")
    await decide(Bench(policy(), tiny=plain, twin=Replies(), huge=Replies()))
    assert not plain.calls[0].logprobs


async def test_an_unsure_model_escalates() -> None:
    bench = Bench(sure(), tiny=Replies(Reply(("42",), mean_logprob=-2.0)), twin=Replies(), huge=Replies("42"))
    assert (await decide(bench)).escalated


async def test_a_model_that_states_none_is_unknown_and_the_policy_decides() -> None:
    for on_unknown, chosen in (("pass", "tiny"), ("fail", "huge")):
        bench = Bench(sure(on_unknown), tiny=Replies("42"), twin=Replies(), huge=Replies("42"))
        decision = await decide(bench)
        assert decision.chosen == chosen
        assert score_of(decision, "sure").score is None


# --- validators of installed packages ---------------------------------------------------------------------------
async def test_a_validator_of_an_installed_package_scores_and_never_fails_the_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "def greets(answer, request, word):\n"
        "    if 'crash' in answer.text:\n        raise ValueError(answer.text)\n"
        "    return word in answer.text, 'the greeting was looked for'\n"
    )
    install(tmp_path, monkeypatch, code, VALIDATORS, greets="own_checks:greets")
    rules = '[validators.own]\nkind = "custom"\nname = "greets"\nsettings = { word = "Hello" }\n'
    loaded = policy(validators=["own"], rules=rules)
    for text, score, reason in (
        ("Hello.", 1.0, "the greeting was looked for."),
        ("Bye.", 0.0, "the greeting was looked for."),
        ("crash", 0.0, "Validator own failed (ValueError)."),
    ):
        bench = Bench(loaded, tiny=Replies(text), twin=Replies(), huge=Replies("Hello."))
        decision = await decide(bench)
        record = score_of(decision, "own")
        assert (record.score, record.reason, decision.status) == (score, reason, "ok")
        assert decision.escalated is (score == 0.0)


# --- time -------------------------------------------------------------------------------------------------------
async def test_a_judge_gets_no_more_time_than_the_request_has_left_and_its_answer_is_given_all_the_same() -> None:
    slow = Replies(Reply.saying(grade(9), first_chunk_s=5.0))
    bench = Bench(judged(), tiny=Replies("Hello."), twin=slow, huge=Replies())
    decision = await decide(bench, context=Context(deadline_ms=1000))
    assert (decision.status, decision.chosen) == ("ok", "tiny")
    assert decision.latency_ms == pytest.approx(1000)
    assert score_of(decision, "judged").reason == "twin gave no judgement: it failed (timeout)."


async def test_a_caller_that_leaves_while_a_judge_is_at_it_leaves_a_complete_record() -> None:
    hanging = Replies(Reply((grade(9)[:5],), hangs=True))
    bench = Bench(judged(), tiny=Replies("Hello."), twin=hanging, huge=Replies())
    async with aclosing(bench.router.stream(RouteRequest.from_prompt(PROMPT))) as events:
        async for event in events:
            if isinstance(event, Token) and event.index == 1:
                break
    kinds = [(span.attributes or {})[semconv.BRANCH_KIND] for span in bench.branches]
    ends = [(span.attributes or {})[semconv.BRANCH_OUTCOME] for span in bench.branches]
    assert sorted(zip(kinds, ends, strict=True)) == [("judge", "cancelled"), ("model", "rejected")]
    assert (bench.root.attributes or {})[semconv.STATUS] == "cancelled"
