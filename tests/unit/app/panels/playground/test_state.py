from __future__ import annotations

from dataclasses import replace
from functools import reduce

from app.panels.playground.state import PlaygroundState, advance, break_off, finish, stop
from router_core.events import BranchEnded, BranchStarted, Escalated, Failed, Scored, Settled, Token
from tests.scripted_gateway import DECISION_ID, branch, decision, escalating_run, score

RUN = escalating_run(answer="forty-two", draft="no")


def after(*script):
    return reduce(advance, script, PlaygroundState())


def until(kind, number=1):
    """The run up to and including the nth event of a kind."""
    seen = 0
    for place, event in enumerate(RUN):
        seen += isinstance(event, kind)
        if seen == number:
            return RUN[: place + 1]
    raise AssertionError(f"the run has no {number} {kind}")


def test_a_whole_run_ends_with_its_answer_bill_and_decision():
    state = after(*RUN)
    assert state.phase == "done"
    assert state.over
    assert state.decision == decision()
    assert state.decision_id == DECISION_ID
    assert state.commit == "committed"
    assert state.answer is not None
    assert state.answer.text == "forty-two"
    assert state.accepted is not None
    assert (state.accepted.model, state.accepted.text) == ("big", "forty-two")
    assert [(view.model, view.text) for view in state.discarded] == [("tiny", "no")]
    assert [view.standing for view in state.branches] == ["rejected", "accepted"]


def test_the_guard_has_not_spoken_until_its_verdicts_come():
    assert after(*RUN[:1]).verdicts is None
    assert after(*RUN[:1]).signals is not None
    assert len(after(*RUN[:2]).verdicts) == 2
    assert [each.model for each in after(*RUN[:3]).candidates] == ["tiny", "big", "far"]


def test_a_branch_runs_from_its_start_to_its_end():
    running = after(*until(BranchStarted))
    assert running.current is not None
    assert (running.current.standing, running.current.started_ms, running.current.draft) == ("running", 2.0, True)
    ended = after(*until(BranchEnded))
    assert ended.current is None
    assert (ended.branches[0].standing, ended.branches[0].ended_ms) == ("complete", 112.0)


def test_an_unscored_answer_is_not_called_accepted():
    assert after(*until(BranchEnded)).accepted is None
    assert after(*until(Scored)).branches[0].standing == "complete"


def test_a_branch_that_was_left_for_another_is_rejected_at_once():
    state = after(*until(Escalated))
    assert state.branches[0].standing == "rejected"
    assert [move.to_model for move in state.moves] == ["big"]


def test_the_last_answer_given_in_spite_of_a_low_score_is_accepted_by_the_decision():
    low = (score("length", 0.1),)
    whole = decision(branches=(branch(0, "tiny", "accepted", scores=low),))
    state = after(*until(Scored), Settled(whole, "committed"))
    assert state.branches[0].standing == "accepted"
    assert state.branches[0].scores == low
    assert not state.branches[0].below_threshold


def test_an_answer_given_below_its_threshold_is_known_as_such():
    whole = decision(branches=(branch(0, "tiny", "accepted", score=0.1, threshold=0.5),))
    view = after(Settled(whole, "committed")).branches[0]
    assert (view.standing, view.below_threshold) == ("accepted", True)
    passed = decision(branches=(branch(0, "tiny", "accepted", score=0.5, threshold=0.5),))
    assert not after(Settled(passed, "committed")).branches[0].below_threshold


def test_tokens_of_two_branches_do_not_mix():
    begun = (
        BranchStarted(0, "model", "tiny", "", False, 0.0),
        BranchStarted(1, "probe", "big", "", False, 0.0),
        Token(1, "b", False),
        Token(0, "a", False),
        Token(1, "B", False),
    )
    assert [view.text for view in after(*begun).branches] == ["a", "bB"]


def test_events_of_a_branch_that_never_started_change_nothing():
    stray = (Token(7, "x", True), BranchEnded(branch(7, "tiny", "failed"), 3.0), Scored(7, score("length", 1.0)))
    assert after(*stray) == PlaygroundState()


def test_a_validator_that_scores_twice_is_shown_once():
    twice = after(*until(BranchEnded), Scored(0, score("length", 0.1)), Scored(0, score("length", 0.9)))
    assert [each.score for each in twice.branches[0].scores] == [0.9]


def test_stopping_cuts_the_running_branch_and_nothing_comes_after():
    stopped = stop(after(*until(Token)))
    assert stopped.phase == "stopped"
    assert stopped.branches[0].standing == "cancelled"
    assert advance(stopped, RUN[-1]) == stopped
    assert break_off(stopped, "late") == stopped


def test_stopping_what_is_done_changes_nothing():
    done = after(*RUN)
    assert stop(done) == done
    assert finish(done) == done


def test_a_stream_that_breaks_off_keeps_what_came_and_says_why():
    broken = break_off(after(*until(Token)), "the wire was cut")
    assert (broken.phase, broken.error) == ("broken", "the wire was cut")
    assert broken.branches[0].text == "no"
    assert broken.branches[0].standing == "cancelled"


def test_a_failure_without_a_decision_still_ends_the_run():
    failed = finish(after(Failed("not_durable", "could not be kept", 503)))
    assert failed.phase == "done"
    assert failed.decision is None
    assert failed.failure is not None


def test_branches_whose_start_was_missed_come_with_the_decision():
    state = after(Settled(decision(), "spooled"))
    assert [(view.model, view.standing, view.ended_ms) for view in state.branches] == [
        ("tiny", "rejected", 112.0),
        ("big", "accepted", 232.0),
    ]


def test_states_are_values_that_can_be_compared_and_never_change():
    before = after(*until(Token))
    copy = replace(before)
    advance(before, Token(0, "more", False))
    assert before == copy
