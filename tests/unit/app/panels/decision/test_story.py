"""A decision's story says what its record says, and nothing that the record does not know."""

from __future__ import annotations

from typing import Any

from app.panels.decision.story import headline, story


def branch(index: int, model: str, outcome: str, **more: Any) -> dict[str, Any]:
    return {
        "index": index,
        "kind": "model",
        "model": model,
        "tier": None,
        "outcome": outcome,
        "latency_ms": 100.0,
    } | more


def document(**more: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "route": "chat",
        "purpose": "user",
        "status": "ok",
        "signals": {"intent": "code", "intent_confidence": 0.87, "words": 1, "language": "und", "code": True},
        "verdicts": [],
        "candidates": [{"model": "small"}, {"model": "large"}],
        "branches": [branch(0, "small", "accepted", score=0.9, threshold=0.6)],
        "chosen": "small",
        "chosen_kind": "model",
        "cost_usd": 0.001,
        "baseline_model": "large",
        "baseline_cost_usd": 0.004,
        "baseline_source": "estimated",
        "savings_usd": 0.003,
        "latency_ms": 120.0,
        "ttft_ms": None,
    }
    return told | more


def test_a_plain_answer_is_told_from_question_to_bill() -> None:
    assert story(document()) == [
        "A user asked the route chat: 1 word, intent code (87 % sure), with code.",
        "All 2 models that could be asked were eligible.",
        "small was tried first; its answer came after 100 ms, scored 0.90, at least the threshold of 0.60, "
        "and was accepted.",
        "The answer of small was complete after 120 ms.",
        "It cost $0.001 in all. The baseline, large, would have cost $0.004 (estimated): $0.003 saved, 75 %.",
    ]


def test_a_model_that_alone_could_be_asked_is_not_told_as_all_of_the_policy() -> None:
    assert story(document(candidates=[{"model": "small"}]))[1] == "The one model that could be asked was eligible."


def test_an_escalation_names_the_score_the_validator_and_the_next_model() -> None:
    low = {"validator": "agreement", "passed": False, "reason": "the answers differ"}
    told = story(
        document(
            branches=[
                branch(0, "small", "rejected", score=0.2, threshold=0.6, scores=[low], cost_usd=0.0005),
                branch(1, "large", "accepted", cost_usd=0.0005),
            ],
            chosen="large",
            escalated=True,
        )
    )
    assert told[2].endswith(
        "scored 0.20, below the threshold of 0.60 (agreement: the answers differ), and was not used. "
        "So the request escalated to large."
    )
    assert "$0.0005 of it on answers not used" in told[-1]


def test_an_answer_given_though_none_passed_is_not_called_accepted() -> None:
    low = {"validator": "agreement", "passed": False, "reason": "the answers differ"}
    told = document(
        branches=[
            branch(0, "small", "rejected", score=0.2, threshold=0.6, scores=[low]),
            branch(1, "large", "accepted", score=0.3, threshold=0.6, scores=[low]),
        ],
        chosen="large",
        escalated=True,
    )
    assert story(told)[3] == (
        "large was tried next; its answer came after 100 ms, scored 0.30, below the threshold of 0.60 "
        "(agreement: the answers differ)."
    )
    assert story(told)[4] == "No answer passed its checks, so that of large was given, complete after 120 ms."
    assert headline(told) == "Escalated, then answered by large, though no answer passed its checks"
    assert "accepted" not in " ".join(story(told))


def test_when_none_passed_and_an_earlier_answer_was_better_it_is_the_one_given() -> None:
    told = document(
        branches=[
            branch(0, "small", "accepted", score=0.5, threshold=0.6),
            branch(1, "large", "rejected", score=0.3, threshold=0.6),
        ],
        escalated=True,
    )
    assert story(told)[2].endswith("below the threshold of 0.60. So the request escalated to large.")
    assert story(told)[3].endswith("below the threshold of 0.60, and was not used.")
    assert story(told)[4].startswith("No answer passed its checks, so that of small was given")


def test_a_fallback_names_the_failure() -> None:
    failed = branch(0, "small", "failed", error_message="no answer within 8,000 ms")
    told = story(document(branches=[failed, branch(1, "large", "accepted")], chosen="large", fell_back=True))
    assert told[2] == (
        "small was tried first and failed after 100 ms: no answer within 8,000 ms. So the router fell back to large."
    )
    assert headline(document(chosen="large", fell_back=True)) == "Answered by large after a fallback"


def test_exclusions_name_their_rule_or_their_cause() -> None:
    candidates = [
        {"model": "small"},
        {"model": "cloud", "excluded_by": "rule:personal data stays local", "excluded_reason": "it runs in the cloud"},
        {"model": "big", "excluded_by": "ready", "excluded_reason": None},
    ]
    assert story(document(candidates=candidates))[1] == (
        "Of 3 models, 1 stayed eligible. Excluded: "
        'cloud by the rule "personal data stays local" (it runs in the cloud); big was not ready.'
    )


def test_a_denial_names_its_rule_and_costs_nothing_more_than_it_did() -> None:
    denied = document(
        status="denied",
        verdicts=[{"rule": "no secrets", "outcome": "denied", "reason": "a key was found."}],
        branches=[],
        chosen=None,
        cost_usd=0.0,
        baseline_cost_usd=None,
        savings_usd=None,
        error_message="denied by no secrets.",
    )
    told = story(denied)
    assert told[1].startswith('The rule "no secrets" denied the request: a key was found.')
    assert "The request was denied after 120 ms: denied by no secrets." in told
    assert headline(denied) == "Denied before any model was called"


def test_unknown_money_is_said_and_not_taken_for_zero() -> None:
    told = story(document(cost_usd=None, savings_usd=None))[-1]
    assert told.startswith("What it cost is not known, since a part has no price.")
    assert "$0 " not in told


def test_spending_more_than_the_baseline_is_not_called_a_saving() -> None:
    assert "$0.001 more was spent, 25 %." in story(document(savings_usd=-0.001))[-1]


def test_a_tool_answers_with_no_model_called() -> None:
    tool = branch(0, "calculator", "accepted", kind="tool", latency_ms=0.4)
    told = document(branches=[tool], chosen="calculator", chosen_kind="tool")
    assert headline(told) == "Answered by the tool calculator, no model called"
    assert story(told)[2].startswith("The tool calculator was tried first; its answer came after 0.40 ms")


def test_a_record_with_hardly_anything_known_is_told_without_guessing() -> None:
    bare = {"route": "chat", "purpose": "odd", "status": "failed", "signals": {}, "branches": [], "candidates": []}
    assert story(bare) == [
        "Somebody asked the route chat.",
        "The request ended without an answer.",
        "What it cost is not known, since a part has no price. There is no baseline to compare with.",
    ]


def test_an_explanation_says_that_nothing_was_called() -> None:
    planned = document(status="planned", branches=[branch(0, "small", "planned", latency_ms=None)], chosen=None)
    assert story(planned)[-1] == "This is an explanation: nothing was called."
    assert "would be tried first" in story(planned)[2]


def test_a_second_attempt_is_told_as_one_and_names_its_deployment() -> None:
    failed = branch(0, "small", "failed", error_message="it says 503", deployment="east", started_ms=0.0)
    again = branch(1, "small", "accepted", deployment="west", started_ms=300.0)
    told = story(document(branches=[failed, again]))
    assert (
        told[2]
        == "small (deployment east) was tried first and failed after 100 ms: it says 503. So it was asked again."
    )
    assert told[3].startswith("small (deployment west) was tried again; its answer came")


def test_what_was_asked_side_by_side_did_not_follow_from_one_another() -> None:
    branches = [
        branch(0, "small", "rejected", started_ms=0.0),
        branch(1, "twin", "accepted", started_ms=1.0),
        branch(2, "large", "cancelled", started_ms=2.0),
    ]
    told = story(document(branches=branches, chosen="twin"))
    assert told[2].endswith("and was not used.")
    assert told[3].startswith("twin was tried at the same time; its answer came")
    assert told[4].startswith("large was tried at the same time and was cancelled")


def test_budgets_and_breakers_exclude_in_words() -> None:
    candidates = [
        {"model": "small"},
        {"model": "large", "excluded_by": "budget:team", "excluded_reason": "it could cost $1"},
        {"model": "twin", "excluded_by": "breaker", "excluded_reason": "open for another 4 s"},
    ]
    told = story(document(candidates=candidates))
    assert 'large by the budget "team" (it could cost $1)' in told[1]
    assert "twin failed of late and is not called for a while (open for another 4 s)" in told[1]


def test_a_budget_that_denies_is_not_called_a_rule() -> None:
    verdict = {"rule": "budget:team", "outcome": "denied", "reason": "$20 of $20 is spent this day"}
    told = story(document(verdicts=[verdict], status="failed", chosen=None))
    assert 'The budget "team" denied the request: $20 of $20 is spent this day.' in told[1]


def test_what_rules_did_to_a_request_is_told_with_its_signals() -> None:
    signals = {"words": 9, "domain": "medical", "injection": 0.75, "injection_kinds": ["instruction_override"]}
    verdicts = [
        {"rule": "careful", "outcome": "raised", "reason": "risk counts as high, stated was low"},
        {"rule": "mask", "outcome": "redacted", "reason": "models get placeholders: 2 email"},
        {"rule": "send", "outcome": "rerouted", "reason": "the request for route chat goes on as route contained"},
        {"rule": "other", "outcome": "passed", "reason": "its conditions do not hold"},
    ]
    told = story(document(route="contained", signals=signals, verdicts=verdicts))
    assert told[0] == (
        "A user's request ran as the route contained: 9 words, about medical matters, "
        "looking like an injection (instruction override, 0.75)."
    )
    assert told[1] == (
        'The rule "careful": risk counts as high, stated was low. '
        'The rule "mask": models get placeholders: 2 email. '
        'The rule "send": the request for route chat goes on as route contained. '
        "All 2 models that could be asked were eligible."
    )


def test_a_tool_that_is_not_sure_enough_is_no_escalation() -> None:
    tool = branch(0, "handbook", "rejected", kind="tool", score=0.1, threshold=0.75, scores=[])
    told = story(document(branches=[tool, branch(1, "small", "accepted")]))
    assert told[2].endswith("and was not used. So the request went on to small.")


def test_a_conversation_that_stayed_and_one_that_was_left_are_told_apart() -> None:
    candidates = [{"model": "small", "answered_before": True}, {"model": "large", "cold_cache_usd": 0.002}]
    assert (
        "It stayed with small, since that model answered this conversation before: its prompt cache is warm."
        in story(document(candidates=candidates))
    )
    left = story(document(candidates=candidates, chosen="large"))
    assert "small answered this conversation before; large had to read it anew. That costs about $0.002 more." in left
    candidates[1]["cold_cache_usd"] = None
    left = story(document(candidates=candidates, chosen="large"))
    assert "small answered this conversation before; large had to read it anew. What that costs is not known." in left


def test_how_calls_of_functions_went_is_told() -> None:
    signals = {"tool_rounds": 3, "tool_errors": 2, "tool_repeats": 1, "tool_trouble": 0.75}
    (asked, *_) = story(document(signals=signals))
    assert asked == (
        "A user asked the route chat: after 3 rounds of function calls, 2 of the last four failed, "
        "1 of the last four repeated (trouble 0.75)."
    )


def test_what_the_cache_gave_again_is_told_without_a_model() -> None:
    hit = branch(0, "cache", "accepted", kind="cache", reason="small gave this answer 3 min ago")
    told = document(branches=[hit], chosen="cache", chosen_kind="cache", cost_usd=0.0, savings_usd=0.004)
    assert headline(told) == "Answered from the cache, no model called"
    assert "The cache held the answer and gave it again: small gave this answer 3 min ago." in story(told)
    assert "The answer of the cache was complete after 120 ms." in story(told)
