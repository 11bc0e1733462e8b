"""The banner over a refused policy, over a real gateway that was given one. In a browser: tests/browser."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.launch import read_json
from app.settings import DATABASE_VARIABLE, GATEWAY_VARIABLE, HOME_VARIABLE
from tests.serving import POLICY, gateway, write_policy

MAIN = Path(__file__).parents[4] / "app" / "main.py"
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The policy's file, under a gateway that the dashboard knows."""
    file = write_policy(tmp_path, "http://127.0.0.1:9/v1")
    monkeypatch.delenv(DATABASE_VARIABLE, raising=False)
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    with gateway(tmp_path, file) as (url, _):
        monkeypatch.setenv(GATEWAY_VARIABLE, url)
        st.cache_data.clear()
        st.cache_resource.clear()
        yield file
    st.cache_data.clear()
    st.cache_resource.clear()


def write(file: Path, text: str, *, url: str, refused: bool) -> None:
    """Change the policy and wait until the gateway has judged it."""
    new = file.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(file)
    end = time.monotonic() + 60
    while True:
        health = read_json(f"{url}/healthz")
        if health is not None and (health["policy_refused"] is not None) == refused:
            st.cache_data.clear()
            return
        assert time.monotonic() < end, health
        time.sleep(0.05)


def banner(app: AppTest) -> str | None:
    assert not app.exception
    said = [str(element.proto.body) for element in app.get("html")]
    return next((body for body in said if "rs-banner-bad" in body and "refused" in body), None)


def opened() -> AppTest:
    return AppTest.from_file(str(MAIN), default_timeout=120).run()


def test_the_banner_stands_until_the_file_is_mended(policy: Path) -> None:
    url = os.environ[GATEWAY_VARIABLE]
    sound = policy.read_text(encoding="utf-8")
    app = opened()
    assert banner(app) is None
    write(policy, sound.replace('validators = ["polite"]', 'validators = ["rude"]'), url=url, refused=True)
    health = read_json(f"{url}/healthz")
    line = sound.splitlines().index('validators = ["polite"]') + 1
    assert health is not None
    said = banner(app.run())
    assert said is not None
    assert f"loopback.toml:{line}: routes.chat.validators: " in said
    assert f"Version {health['policy_version']} still decides" in said
    write(policy, sound, url=url, refused=False)
    assert banner(app.run()) is None


def test_what_stands_in_a_refused_file_is_shown_as_text(policy: Path) -> None:
    url = os.environ[GATEWAY_VARIABLE]
    hostile = POLICY.format(url="http://127.0.0.1:9/v1") + f'\n[routes.chat."{HOSTILE}"]\nx = 1\n'
    write(policy, hostile, url=url, refused=True)
    said = banner(opened())
    assert said is not None
    assert "<img" not in said
    assert "&lt;img" in said


def test_without_a_gateway_the_pages_stand_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    monkeypatch.setenv(GATEWAY_VARIABLE, "not an address")
    st.cache_data.clear()
    assert banner(opened()) is None
