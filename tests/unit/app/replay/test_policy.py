"""Which policy a replay stands on, and what a log must hold for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.replay.log import ReplayLog
from app.replay.policy import plan_of_log, plan_of_policy
from app.replay.run import complete
from router_core.errors import ReplayError, UnknownRoute
from router_core.policy.schema import ScriptedProvider, TokensPriceEntry
from tests.logs import rows, write_log
from tests.routing import policy

PROMPTS = [
    ("2 + 2?", {"tiny": "4", "twin": "4", "huge": "4"}, "4"),
    ("3?", {"tiny": "1", "twin": "2", "huge": "3"}, "3"),
]


def opened(folder: Path, written=None) -> ReplayLog:
    return ReplayLog.open(write_log(folder / "log.jsonl", rows(PROMPTS) if written is None else written))


def test_without_a_policy_the_cheapest_two_are_compared_and_the_dearest_decides(tmp_path: Path) -> None:
    with opened(tmp_path) as log:
        plan = plan_of_log(log, (), None)
        assert plan.models == ("tiny", "twin", "huge")
        assert plan.notes == ("no --policy: tiny, twin are the cheapest by mean cost, huge the dearest",)
        assert plan.loaded.policy.validators["agreement"].probes == ("twin",)


def test_models_may_be_named(tmp_path: Path) -> None:
    with opened(tmp_path) as log:
        assert plan_of_log(log, ("huge", "tiny"), "twin").models == ("huge", "tiny", "twin")
        assert plan_of_log(log, ("twin", "huge"), None).models == ("twin", "huge", "tiny")


def test_names_may_hold_what_toml_escapes(tmp_path: Path) -> None:
    written = [{**row, "model": f'a "b" \\ {row["model"]} \u00e9'} for row in rows(PROMPTS)]
    costs = {"tiny": 1, "twin": 2, "huge": 3}
    for row in written:
        row["cost_usd"] = next(cost for name, cost in costs.items() if name in row["model"])
    with opened(tmp_path, written) as log:
        assert plan_of_log(log, (), None).models[0] == 'a "b" \\ tiny \u00e9'


def test_a_misspelt_model_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    with opened(tmp_path) as log, pytest.raises(ReplayError, match="no model 'hugee'; did you mean 'huge'"):
        plan_of_log(log, (), "hugee")


def test_a_log_without_costs_needs_names(tmp_path: Path) -> None:
    with opened(tmp_path, [{**row, "cost_usd": None} for row in rows(PROMPTS)]) as log:
        with pytest.raises(ReplayError, match="name it with --strong"):
            plan_of_log(log, (), None)
        with pytest.raises(ReplayError, match="needs two cheap models"):
            plan_of_log(log, (), "huge")
        assert plan_of_log(log, ("tiny", "twin"), "huge").models == ("tiny", "twin", "huge")


def test_two_models_are_too_few_for_a_cascade(tmp_path: Path) -> None:
    with (
        opened(tmp_path, [row for row in rows(PROMPTS) if row["model"] != "twin"]) as log,
        pytest.raises(ReplayError, match="needs two cheap models"),
    ):
        plan_of_log(log, (), None)


def test_a_log_without_responses_cannot_be_validated(tmp_path: Path) -> None:
    written = [{name: value for name, value in row.items() if name != "response"} for row in rows(PROMPTS)]
    with opened(tmp_path, written) as log:
        with pytest.raises(ReplayError, match=r"no column response, so the validators of route cascade \(agreement\)"):
            plan_of_log(log, (), None)
        with pytest.raises(ReplayError, match=r"route chat \(polite\)"):
            plan_of_policy(policy(), None, log)
        plan = plan_of_policy(policy(validators=[]), None, log)
        assert len(complete(plan, log)) == 2


def test_every_model_of_the_route_must_be_in_the_log(tmp_path: Path) -> None:
    written = [{**row, "model": row["model"].replace("huge", "huge-2024")} for row in rows(PROMPTS)]
    with (
        opened(tmp_path, written) as log,
        pytest.raises(ReplayError, match=r"may call 'huge', which the log does not have; did you mean 'huge-2024'\?"),
    ):
        plan_of_policy(policy(), None, log)


def test_an_unknown_route_is_told(tmp_path: Path) -> None:
    with opened(tmp_path) as log, pytest.raises(UnknownRoute, match="there is no route"):
        plan_of_policy(policy(), "route/none", log)


def test_the_policys_models_are_called_in_the_log_and_tools_are_left_out(tmp_path: Path) -> None:
    extra = {**rows(PROMPTS)[0], "model": "other"}
    with opened(tmp_path, [*rows(PROMPTS), extra]) as log:
        loaded = policy(tools=["calculator"], prices={"tiny": 'price = { kind = "compute", usd_per_second = "0.01" }'})
        plan = plan_of_policy(loaded, None, log)
    assert plan.notes == (
        "tools (calculator) are not tried: the log has no grades of their answers",
        "not of route chat, for comparison only: other",
    )
    models = plan.loaded.policy.models
    assert all(isinstance(model.provider, ScriptedProvider) for model in models.values())
    assert plan.loaded.policy.routes["chat"].tools == ()
    assert plan.loaded.version == loaded.version
    # 0.01 USD a second at 100 tokens read and 10 written a second.
    price = models["tiny"].price
    assert isinstance(price, TokensPriceEntry)
    assert (price.input, price.output) == (100, 1000)


def test_prompts_that_not_all_answered_cannot_be_replayed(tmp_path: Path) -> None:
    with opened(tmp_path, [row for row in rows(PROMPTS) if (row["prompt"], row["model"]) != ("3?", "twin")]) as log:
        assert complete(plan_of_log(log, (), None), log) == [1]
    alone = [row for row in rows(PROMPTS) if (row["prompt"] == "3?") == (row["model"] == "huge")]
    with (
        opened(tmp_path, alone) as log,
        pytest.raises(ReplayError, match="no prompt was answered by all of tiny, twin"),
    ):
        complete(plan_of_log(log, (), None), log)
