from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from app.panels.drift import weeks
from app.settings import HOME_VARIABLE
from telemetry.drift.distribution import category_shares, histograms
from telemetry.drift.tables import DRIFT_DETAIL, DRIFT_METRIC, DRIFT_RUN, KEY
from telemetry.query.drift import cell, heatmap
from telemetry.storage.engine import open_engine
from telemetry.storage.migrations import migrate

MAIN = Path(__file__).parents[3] / "app" / "main.py"
W45, W46 = date(2026, 11, 2), date(2026, 11, 9)
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def url(tmp_path, monkeypatch):
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    return f"sqlite:///{tmp_path / 'routescope.db'}"


def stored(url, *rows):
    engine = open_engine(url)
    migrate(engine, "the test")
    now = datetime(2026, 11, 23, 9, tzinfo=UTC)
    run = {"run_id": "r", "started": now, "finished": now + timedelta(seconds=2), "seconds": 2.0}
    with engine.begin() as connection:
        connection.execute(sa.insert(DRIFT_RUN), {**run, "weeks": 2, "cells": 3, "tested": 3, "drifted": 1})
        if rows:
            heavy = ("statistics", "reference", "current", "examples")
            light = [{name: value for name, value in each.items() if name not in heavy} for each in rows]
            connection.execute(sa.insert(DRIFT_METRIC), light)
            details = [{name: each[name] for name in (*KEY, "run_id", *heavy)} for each in rows]
            connection.execute(sa.insert(DRIFT_DETAIL), details)
    return engine


def row(model, week, state="ok", *, metric="latency_ms", unit="ms", simulated=False, effect=0.1, shapes=None, **more):
    enough = state != "not_enough_data"
    if shapes is None:
        rng = np.random.default_rng(7)
        shapes = histograms(rng.normal(200, 20, 300), rng.normal(300, 20, 300))
    return {
        "week": week,
        "model": model,
        "simulated": simulated,
        "metric": metric,
        "purpose": "user",
        "against": "trailing",
        "scope": "model",
        "part": "",
        "side": "model",
        "cause": "model" if state == "drift" else None,
        "examples": "[]",
        "run_id": "r",
        "kind": "numeric",
        "unit": unit,
        "state": state,
        "n": 300 if enough else 4,
        "n_reference": 900,
        "effect_name": "wasserstein_log" if enough else None,
        "effect": effect if enough else None,
        "threshold": 0.2 if enough else None,
        "p_name": None,
        "p": 0.0001 if enough else None,
        "q": 0.0004 if enough else None,
        "statistics": "{}",
        "reference": shapes[0].to_json(),
        "current": shapes[1].to_json(),
        **more,
    }


def opened(**query):
    page = AppTest.from_file(str(MAIN), default_timeout=120)
    for name, value in query.items():
        page.query_params[name] = value
    return page.switch_page("pages/drift.py").run()


def shown(page):
    assert not page.exception
    return "\n".join(str(element.proto.body) for element in page.get("html"))


def test_a_store_that_was_never_looked_at_says_how_to_get_there(url):
    told = shown(opened())
    assert "routescope drift run --all" in told
    assert "routescope demo --weeks 8" in told


def test_a_run_that_found_nothing_is_told_apart_from_no_run(url):
    stored(url)
    assert "The last run, 2026-11-23 09:00:02 UTC, found no week to compare." in shown(opened())


def test_the_latest_week_is_told_first_and_its_drift_is_open(url):
    stored(url, row("sprint", W45), row("sprint", W46, "drift", effect=0.5), row("harbor", W46))
    told = shown(opened())
    assert "In 2026-W46, 1 model drifted: sprint (latency; the model changed)." in told
    assert "Model drift: on the same prompts the model answers otherwise than before. Moved: latency." in told
    assert "sprint, 2026-W46" in told
    assert "▲ drifted" in told
    assert "2.50" in told
    assert "&lt; 0.001" in told
    assert "Simulated" not in told


def test_the_address_names_the_square_that_is_open(url):
    stored(url, row("sprint", W45), row("sprint", W46, "drift", effect=0.5))
    told = shown(opened(model="sprint", week="2026-W45", intent="chat"))
    assert "sprint, 2026-W45" in told
    assert "not used on this page: intent chat." in told
    assert "▲ drifted" not in told


def test_choosing_a_square_puts_it_into_the_address(url):
    stored(url, row("sprint", W45), row("sprint", W46, "drift", effect=0.5))
    page = opened()
    chooser = next(each for each in page.selectbox if each.label == "Model and week")
    chooser.set_value(0).run()
    assert (page.query_params["model"], page.query_params["week"]) == ("sprint", "2026-W45")
    assert "sprint, 2026-W45" in shown(page)


def test_an_address_that_names_no_square_opens_the_latest_drift(url):
    stored(url, row("sprint", W46, "drift", effect=0.5))
    assert "sprint, 2026-W46" in shown(opened(model=HOSTILE, week="never"))


def test_simulated_weeks_are_marked_and_kept_apart_from_real_ones(url):
    stored(url, row("sprint", W46), row("sprint", W46, "drift", simulated=True, effect=0.5))
    real = shown(opened())
    assert "nothing drifted" in real
    assert "Simulated" not in real
    page = opened(traffic="simulated")
    assert "Simulated: this is demo traffic" in shown(page)


def test_too_little_data_is_said_and_not_called_steady(url):
    stored(url, row("sprint", W45), row("sprint", W46, "not_enough_data"))
    told = shown(opened(model="sprint", week="2026-W46"))
    assert "2026-W46 has too few requests so far. In 2026-W45, nothing drifted" in told
    assert "Not enough data to judge: 4 in the week, 900 before" in told


def test_a_drift_that_goes_on_says_since_when(url):
    stored(url, *(row("sprint", week, "drift", effect=0.5) for week in (W45, W46)))
    assert "sprint (latency; the model changed; since 2026-W45)" in shown(opened())


def test_what_moved_is_told_with_its_moment_its_examples_and_where(url):
    moment = datetime(2026, 11, 11, 14, 30, tzinfo=UTC)
    ends = {"change_low": moment - timedelta(hours=5), "change_high": moment + timedelta(hours=3)}
    values = {"before": 412.0, "after": 290.0, "examples": '["01a2b3"]', "like_effect": 0.5, "like_share": 0.93}
    what = {"metric": "answer_characters", "unit": "characters", "change_at": moment, **values, **ends}
    stored(
        url,
        row("sprint", W46, "drift", effect=0.5, **what),
        row("sprint", W46, "drift", effect=0.6, **what) | {"scope": "route", "part": "draft"},
    )
    page = opened()
    told = shown(page)
    assert "412 characters → 290 characters (-30 %)" in told
    assert "It changed about Wed 2026-11-11 14:30 UTC, 95 % sure between 2026-11-11 09:30 and 2026-11-11 17:30." in told
    assert "On the same prompts 0.500, 2.50 times the threshold; 93.0 % of the week have their like in" in told
    assert "q: how likely chance alone makes an effect like it" in told
    assert "route draft" in told and "3.0 x the threshold" in told
    assert any("Example 1" in link.proto.label for link in page.get("page_link"))


def test_other_references_and_canaries_are_chosen_in_the_address(url):
    stored(
        url,
        row("sprint", W46),
        row("sprint", W46, "drift", effect=0.5) | {"against": "previous"},
        row("sprint", W46, "drift", effect=0.5, metric="ttft_ms") | {"purpose": "canary", "cause": "input"},
    )
    assert "nothing drifted" in shown(opened())
    assert "1 model drifted: sprint (latency; the model changed)" in shown(opened(against="week before"))
    assert "No week is pinned." in shown(opened(against="pinned week"))
    canaries = shown(opened(of="canaries"))
    assert "Canaries: the same prompts every week" in canaries
    assert "Input drift: what was asked changed." in canaries


def test_the_metric_in_the_address_is_the_one_that_is_drawn(url):
    stored(url, row("sprint", W46, "drift", effect=0.5), row("sprint", W46, metric="ttft_ms"))
    page = opened(metric="ttft_ms")
    chooser = next(each for each in page.selectbox if each.label == "Metric")
    assert chooser.options[chooser.index] == "time to first token"


def test_hostile_names_of_models_are_text(url):
    stored(url, row(HOSTILE, W46, "drift", effect=0.5))
    told = shown(opened())
    assert "<img" not in told
    assert "&lt;img src=x" in told


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_states_differ_by_more_than_colour(url, mode):
    engine = stored(
        url, row("a", W46), row("b", W46, "drift", effect=0.5), row("c", W46, "not_enough_data"), row(HOSTILE, W45)
    )
    drawn = weeks.heat_map(heatmap(engine), mode, None).to_dict()["data"]
    by_name = {trace["name"]: trace for trace in drawn}
    assert set(by_name) == {"· steady", "▲ drifted", "not enough data"}
    assert list(by_name["▲ drifted"]["text"]) == ["▲ 1 · model"]
    assert by_name["not enough data"]["marker"]["pattern"]["shape"] == "/"
    tip = by_name["▲ drifted"]["hovertext"][0]
    assert "n = 300" in tip
    assert "latency, 2.50 of its threshold" in tip
    assert not any("<img" in text for trace in drawn for text in trace["hovertext"])


def test_costs_are_drawn_in_dollars_and_both_sizes_are_named(url):
    rng = np.random.default_rng(1)
    shapes = histograms(rng.normal(2e6, 1e5, 300), rng.normal(3e6, 1e5, 300))
    engine = stored(url, row("a", W46, metric="cost", unit="nano-USD", shapes=shapes))
    (metric,) = cell(engine, "a", W46, False)
    drawn = weeks.distributions(metric, "light").to_dict()
    assert drawn["layout"]["xaxis"]["title"]["text"] == "cost per branch (USD)"
    assert max(drawn["data"][0]["x"]) < 0.01
    assert [trace["name"] for trace in drawn["data"]] == ["Reference (weeks before), n = 900", "This week, n = 300"]


def test_categories_stand_side_by_side(url):
    shapes = category_shares(list("abc"), np.array([20.0, 30.0, 0.0]), np.array([0.0, 25.0, 25.0]))
    engine = stored(url, row("a", W46, metric="intent", unit="share", shapes=shapes))
    (metric,) = cell(engine, "a", W46, False)
    drawn = weeks.distributions(metric, "dark").to_dict()
    assert drawn["layout"]["barmode"] == "group"
    assert set(drawn["data"][0]["x"]) == {"a", "b", "c"}


def test_a_damaged_database_is_a_card_and_not_a_traceback(url, tmp_path):
    (tmp_path / "routescope.db").write_bytes(b"not a database at all" * 100)
    assert "This part could not be shown" in shown(opened())
