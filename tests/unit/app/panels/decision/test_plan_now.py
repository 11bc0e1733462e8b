"""What is different today, in words; what is the same is said once."""

from __future__ import annotations

from typing import Any

from app.panels.decision.plan_now import differences, first_asked


def candidate(
    model: str, score: float | None = 1.0, by: str | None = None, cost: float | None = 0.001
) -> dict[str, Any]:
    reason = None if by is None else f"why {model} is out"
    return {
        "model": model,
        "score": score,
        "excluded_by": by,
        "excluded_reason": reason,
        "expected_cost_usd": cost,
    }


def branch(index: int, model: str, kind: str = "model") -> dict[str, Any]:
    return {"index": index, "model": model, "kind": kind}


def made(**more: Any) -> dict[str, Any]:
    document = {
        "status": "ok",
        "policy_name": "p",
        "policy_version": "v1",
        "chosen": "small",
        "chosen_kind": "model",
        "branches": [branch(0, "small")],
        "candidates": [candidate("small"), candidate("large", 0.5)],
        "risk": "low",
        "signals": {"intent": "chat"},
        "cost_usd": 0.0008,
    }
    return document | more


def planned(**more: Any) -> dict[str, Any]:
    nothing: dict[str, Any] = {
        "status": "planned",
        "chosen": None,
        "chosen_kind": None,
        "branches": [],
        "cost_usd": None,
    }
    return made(**(nothing | more))


def test_the_same_policy_and_choice_are_said_with_who_would_come_next() -> None:
    assert differences(made(), planned()) == [
        "The policy is the same as then, p v1.",
        "The same choice: small would be asked first, as then. After it, if need be: large.",
        "If the answer of small is accepted, it is expected to cost $0.001. All that was spent then: $0.0008.",
    ]


def test_another_policy_and_another_choice_are_named_with_what_is_expected_of_it() -> None:
    now = planned(
        policy_version="v2",
        candidates=[candidate("small", 0.2), candidate("large", 0.9, cost=0.02), candidate("tiny", 0)],
    )
    told = differences(made(), now)
    assert told[0] == "Then the policy p v1 decided; now it is p v2."
    assert told[1].startswith("Another choice: large would be asked first; then small was asked first.")
    assert "New in the policy: tiny." in told
    assert told[-1] == (
        "If the answer of large is accepted, it is expected to cost $0.0200; then $0.001 was expected of it. "
        "All that was spent then: $0.0008."
    )


def test_an_escalation_of_then_is_said() -> None:
    then = made(chosen="large", branches=[branch(1, "large"), branch(0, "small")])
    assert "In the end large answered then." in differences(then, planned())[1]


def test_a_model_that_is_out_now_or_in_now_or_out_for_another_reason_is_told_with_the_reason() -> None:
    then = made(
        candidates=[candidate("a"), candidate("b", by="rule:local-only"), candidate("c", by="ready"), candidate("d")]
    )
    now = planned(
        candidates=[
            candidate("a", by="context_window"),
            candidate("b"),
            candidate("c", by="budget:month"),
            candidate("e"),
        ]
    )
    told = differences(then, now)
    assert "a would be excluded now: context window (why a is out). Then it was eligible." in told
    assert 'b would be eligible now. Then it was excluded: the rule "local-only" (why b is out).' in told
    assert (
        'c is excluded as it was then, for another reason: the budget "month" (why c is out); '
        "then ready (why c is out)." in told
    )
    assert "No longer in the policy: d." in told and "New in the policy: e." in told


def test_a_request_that_is_read_differently_says_in_what() -> None:
    now = planned(signals={"intent": "code"}, risk="high")
    assert "The request is read differently: intent code (then chat), risk high (then low)." in differences(made(), now)


def test_a_tool_that_would_answer_costs_nothing() -> None:
    told = differences(made(), planned(chosen="calculator", chosen_kind="tool"))
    assert told[1] == (
        "Another choice: calculator would answer, and no model would be asked; then small was asked first."
    )
    assert told[-1] == "It would cost nothing; then it cost $0.0008 in all."


def test_the_tool_that_answered_then_is_the_same_choice() -> None:
    then = made(chosen="calculator", chosen_kind="tool", branches=[branch(0, "calculator", "tool")])
    assert differences(then, planned(chosen="calculator", chosen_kind="tool"))[1].startswith(
        "The same choice: calculator"
    )


def test_a_request_that_would_be_refused_says_why() -> None:
    now = planned(candidates=[], error_message="the rule too-risky denies it.")
    assert differences(made(), now)[1] == "Now it would get no answer: the rule too-risky denies it."
    denied = made(chosen=None, chosen_kind=None, branches=[], status="denied")
    assert differences(denied, now)[1].startswith("Then it got no answer, and now it would get none either.")
    assert "Then it got no answer; now small would be asked first." in differences(denied, planned())[1]


def test_a_price_that_is_not_known_is_said() -> None:
    now = planned(candidates=[candidate("small", cost=None)])
    assert "What small would cost is not known, since it has no price." in differences(made(), now)[-1]


def test_who_is_asked_first_is_no_judge_and_no_tool_that_gave_up() -> None:
    tried = [branch(0, "calculator", "tool"), branch(2, "small"), branch(1, "referee", "judge")]
    assert first_asked(made(branches=tried)) == "small"
    assert first_asked(made(branches=[], status="denied")) is None
