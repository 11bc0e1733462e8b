"""From a decision to a verdict: through the real gateway, judged by a scripted upstream, kept as rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from app.evaluating.build import sole_model
from app.evaluating.round import Report, Round
from app.jobs.errand import Errands
from app.wiring import Service
from router_core.policy.loading import LoadedPolicy, parse_policy
from telemetry.query.evaluation_work import obstacles, work
from telemetry.query.evaluations import EvaluationView, of_decision
from telemetry.storage.engine import reading
from telemetry.storage.evaluation import EVALUATION, EVALUATION_TASK
from telemetry.storage.models import REQUEST
from tests.serving import gateway, write_policy
from tests.upstream import Upstream, answer, status

EVALUATION_PART = """
[routes.judging]
strategy = {{ kind = "cascade", tiers = ["large"] }}

[telemetry]
content = "{content}"

[evaluation.evaluators.helpful]
kind = "judge"
route = "route/judging"
rubric = "Good answers name a river."

[evaluation.evaluators.facts]
kind = "reference"
file = "facts.jsonl"

[evaluation.evaluators.form]
kind = "rules"
validators = ["polite"]

[evaluation.routes.chat]
evaluators = {evaluators}
rate = 1.0
per_day = {per_day}
{shadow}
"""
REFUSAL = "I'm sorry, but I can't help with that."
GOOD, NONSENSE = answer('{"reason": "It names the Rhine.", "grade": 9}'), answer("I would say it is quite good!")


@dataclass
class Bench:
    url: str
    service: Service
    upstream: Upstream

    @property
    def engine(self) -> sa.Engine:
        return self.service.telemetry.engine

    def ask(self, prompt: str = "Name a river", said: str = "The Rhine.", *before: str) -> str:
        """The id of a decision that a user asked for."""
        self.upstream.plays(*(answer(text) for text in (*before, said)))
        body = {"model": "route/chat", "messages": [{"role": "user", "content": prompt}]}
        response = httpx.post(f"{self.url}/v1/chat/completions", json=body, timeout=60)
        assert response.status_code == 200, response.text
        return str(response.headers["x-routescope-decision-id"])

    def policy(self, *evaluators: str, per_day: int = 100, shadow: str = "", content: str = "full") -> LoadedPolicy:
        loaded = self.service.loaded
        base = loaded.text.partition("[evaluation.")[0].replace('content = "full"', f'content = "{content}"')
        part = EVALUATION_PART.partition("[evaluation.")
        names = json.dumps(evaluators or ["helpful"])
        return parse_policy(
            base + part[1] + part[2].format(evaluators=names, per_day=per_day, shadow=shadow), loaded.path
        )

    def round(self, loaded: LoadedPolicy, url: str | None = None) -> Report:
        return Round(self.engine, loaded, Errands(url or self.url, patience_s=60)).run()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    home = tmp_path_factory.mktemp("home")
    with Upstream() as upstream, pytest.MonkeyPatch.context() as patch:
        policy = write_policy(home, upstream.base_url)
        parts = EVALUATION_PART.format(content="full", evaluators='["helpful"]', per_day=9, shadow="")
        policy.write_text(policy.read_text() + parts)
        (home / "facts.jsonl").write_text('{"prompt": "What is 6 x 7 in words?", "expected": "42"}\n')
        patch.setenv("LOOPBACK_KEY", "lb-0123456789abcdef")
        with gateway(home, policy) as (url, service):
            yield Bench(url, service, upstream)


@pytest.fixture
def bench(running: Bench) -> Bench:
    """With no decisions of users to look at but those of the test."""
    with running.engine.begin() as connection:
        for table in (EVALUATION, EVALUATION_TASK):
            connection.execute(sa.delete(table))
        connection.execute(sa.update(REQUEST).values(purpose="playground"))
    return running


def said(bench: Bench, decision_id: str) -> dict[tuple[str, str], EvaluationView]:
    return {(one.name, one.answer): one for one in of_decision(bench.engine, decision_id)}


def test_a_judges_verdict_is_kept_with_its_reason_its_cost_and_its_own_decision(bench: Bench) -> None:
    decision = bench.ask()
    bench.upstream.plays(GOOD)
    report = bench.round(bench.policy())
    assert (report.picked, report.judged, report.no_verdict) == (1, 1, 0)
    [one] = of_decision(bench.engine, decision)
    assert (one.score, one.label, one.method, one.judge_model) == (0.9, "good", "judge", "large")
    assert one.explanation == "It names the Rhine."
    assert one.cost_nano == report.cost_nano > 0
    with reading(bench.engine) as connection:
        judge = connection.execute(sa.select(REQUEST).where(REQUEST.c.decision_id == one.judge_decision_id)).one()
        row = connection.execute(sa.select(EVALUATION)).one()
    assert (judge.purpose, judge.parent_decision_id) == ("judge", decision)
    assert (row.sampled, row.model, row.stronger, row.chosen) == (True, "small", True, "small")
    assert json.loads(row.scores)[0]["validator"] == "polite"


def test_a_second_round_judges_nothing_again(bench: Bench) -> None:
    bench.ask()
    bench.upstream.plays(GOOD)
    bench.round(bench.policy())
    again = bench.round(bench.policy())
    assert (again.picked, again.judged, again.cost_nano) == (0, 0, 0)


def test_what_a_judge_says_that_is_no_verdict_is_recorded_as_none_and_not_as_0(bench: Bench) -> None:
    decision = bench.ask()
    bench.upstream.plays(NONSENSE)
    report = bench.round(bench.policy())
    assert (report.judged, report.no_verdict) == (1, 1)
    [one] = of_decision(bench.engine, decision)
    assert (one.score, one.label) == (None, None)
    assert one.explanation is not None and one.explanation.startswith("no verdict: what the judge replied is not")


def test_a_judge_that_can_only_be_one_model_is_not_asked_about_its_own_answer(bench: Bench) -> None:
    decision = bench.ask("Name a river", "The Rhine.", REFUSAL)
    bench.upstream.plays(GOOD)
    bench.round(bench.policy())
    with reading(bench.engine) as connection:
        asked = connection.scalar(
            sa.select(sa.func.count()).where(REQUEST.c.purpose == "judge", REQUEST.c.parent_decision_id == decision)
        )
    assert asked == 1
    found = said(bench, decision)
    assert (found["helpful", "given"].score, found["helpful", "given"].cost_nano) == (None, 0)
    assert found["helpful", "given"].score is None
    assert "judge its own answer" in str(found["helpful", "given"].explanation)
    assert found["helpful", "rejected"].model == "small"
    assert found["helpful", "rejected"].label == "good"


def test_a_model_that_turned_out_to_judge_its_own_answer_leaves_no_verdict(bench: Bench) -> None:
    decision = bench.ask("Name a river", "The Rhine.", REFUSAL)
    loaded = bench.policy()
    elsewhere = parse_policy(loaded.text.replace('route = "route/judging"', 'route = "route/chat"'), loaded.path)
    assert (sole_model(loaded.policy, "route/judging"), sole_model(loaded.policy, "small")) == ("large", "small")
    # The rejected answer of the small model is not judged by itself; the given one by whom the judge's route came to.
    bench.upstream.plays(answer(REFUSAL), GOOD)
    bench.round(elsewhere)
    found = said(bench, decision)
    assert found["helpful", "given"].score is None
    assert "large was asked to judge its own answer" in str(found["helpful", "given"].explanation)
    assert "small would judge its own answer" in str(found["helpful", "rejected"].explanation)


def test_references_and_rules_judge_without_a_call(bench: Bench) -> None:
    right, unknown = bench.ask("What is 6 x 7 in words?", "The answer is 42."), bench.ask("Name a river")
    report = bench.round(bench.policy("facts", "form"))
    assert (report.judged, report.left_out, report.cost_nano) == (3, 1, 0)
    assert {name: one.label for (name, _), one in said(bench, right).items()} == {"facts": "good", "form": "good"}
    assert {name for name, _ in said(bench, unknown)} == {"form"}
    assert "facts has no expected answer for this prompt" in report.why


def test_a_budget_lets_the_rest_wait_and_says_so(bench: Bench) -> None:
    for _ in range(3):
        bench.ask()
    bench.upstream.plays(GOOD, GOOD)
    report = bench.round(bench.policy(per_day=2))
    assert (report.judged, report.waiting) == (2, 1)
    again = bench.round(bench.policy(per_day=2))
    assert (again.judged, again.waiting) == (0, 1)
    [told] = obstacles(bench.engine)
    assert (told.state, told.why, told.tasks) == ("waiting", "the day's budget for this is spent", 1)


def test_a_shadow_call_is_made_after_the_answer_and_judged_as_the_answer_is(bench: Bench) -> None:
    decision = bench.ask()
    bench.upstream.plays(answer("The Danube."), GOOD, GOOD)
    policy = bench.policy(shadow='shadow = { model = "large", rate = 1.0 }')
    text = policy.text.replace('route = "route/judging"', 'route = "small"')
    report = bench.round(parse_policy(text, policy.path))
    assert (report.shadowed, report.judged) == (1, 2)
    with reading(bench.engine) as connection:
        rows = connection.execute(sa.select(EVALUATION).order_by(EVALUATION.c.purpose)).all()
    assert [(row.purpose, row.chosen, row.parent_decision_id, row.sampled) for row in rows] == [
        ("shadow", "large", decision, True),
        ("user", "small", None, True),
    ]
    assert {(one.kind, one.name): one.states for one in work(bench.engine)} == {
        ("shadow", "large"): {"done": 1},
        ("judge", "helpful"): {"done": 2},
    }


def test_what_an_upstream_cannot_answer_now_is_tried_again_and_given_up_at_last(bench: Bench) -> None:
    bench.ask()
    outcomes = []
    for _ in range(3):
        bench.upstream.plays(status(500))
        report = bench.round(bench.policy())
        outcomes.append((report.waiting, report.failed))
    assert outcomes == [(1, 0), (1, 0), (0, 1)]
    assert work(bench.engine)[0].states == {"failed": 1}


def test_a_gateway_that_is_away_is_one_sentence_and_only_what_needs_no_model_goes_on(bench: Bench) -> None:
    bench.ask("What is 6 x 7 in words?", "It is 42.")
    report = bench.round(bench.policy("helpful", "facts", "form"), "http://127.0.0.1:9")
    [note] = report.notes
    assert "does not answer" in note
    assert (report.judged, report.waiting) == (2, 1)
    assert {one.name: one.states for one in work(bench.engine)} == {
        **{"helpful": {"waiting": 1}, "facts": {"done": 1}, "form": {"done": 1}}
    }


def test_a_round_of_one_route_leaves_the_others_for_later(bench: Bench) -> None:
    bench.ask("What is 6 x 7 in words?", "It is 42.")
    loaded, errands = bench.policy("facts"), Errands(bench.url, patience_s=60)
    elsewhere = Round(bench.engine, loaded, errands).run(routes=("draft",))
    assert (elsewhere.picked, elsewhere.judged) == (1, 0)
    assert Round(bench.engine, loaded, errands).run(routes=("chat",)).judged == 1


@pytest.mark.parametrize("content", ["off", "hash"])
def test_where_no_answers_are_kept_it_says_so_and_does_nothing(bench: Bench, content: str) -> None:
    bench.ask()
    report = bench.round(bench.policy(content=content))
    assert report.picked == 0
    assert f'content is "{content}"' in report.notes[0]


def test_a_decision_whose_answer_was_not_kept_is_left_out_with_its_reason(bench: Bench) -> None:
    from telemetry.storage.models import CONTENT

    bench.ask()
    with bench.engine.begin() as connection:
        connection.execute(sa.delete(CONTENT))
    report = bench.round(bench.policy())
    assert report.left_out == 1
    assert any("was not kept" in why for why in report.why)


def test_a_policy_without_evaluation_says_what_is_missing(bench: Bench) -> None:
    base = bench.service.loaded.text.partition("[evaluation.")[0]
    report = bench.round(parse_policy(base, Path("p.toml")))
    assert report.notes == ["the policy has no [evaluation.routes.NAME]: nothing is judged"]
