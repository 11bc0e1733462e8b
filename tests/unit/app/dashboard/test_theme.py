"""Every text can be read on every ground it stands on, in both themes, and the keyboard's place is seen."""

from __future__ import annotations

import math
import re
import tomllib
from pathlib import Path
from typing import Final

import pytest

from app.dashboard import theme
from app.dashboard.theme import Mode
from tests.contrast import lab, ratio

ROOT: Final = Path(__file__).parents[4]
STYLE: Final = (ROOT / "app" / "static" / "style.css").read_text(encoding="utf-8")
TEXTS: Final = sorted(set(re.findall(r"(?<![-\w])color: var\(--rs-([a-z-]+)\)", STYLE)) - {"on-accent"})
"""What the style writes text in."""


def grounds(mode: Mode) -> dict[str, str]:
    """What text stands on: cards, what the pointer is on, the page, the sidebar and code."""
    with (ROOT / ".streamlit" / "config.toml").open("rb") as config:
        said = tomllib.load(config)["theme"][mode]
    colours = theme.palette(mode)
    return {
        "card": colours.ground,
        "row pointed at": colours.hover,
        "page": said["backgroundColor"],
        "sidebar": said["sidebar"]["backgroundColor"],
        "code": said["codeBackgroundColor"],
    }


def test_the_style_writes_in_every_tone() -> None:
    assert {"ink", "muted", "accent", "ok", "warn", "bad"} <= set(TEXTS)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_every_colour_of_text_can_be_read_on_every_ground(mode: Mode, text: str) -> None:
    colour = getattr(theme.palette(mode), text)
    for place, ground in grounds(mode).items():
        assert ratio(colour, ground) >= 4.5, (place, colour, ground)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_links_and_what_stands_on_the_accent_can_be_read(mode: Mode) -> None:
    colours = theme.palette(mode)
    with (ROOT / ".streamlit" / "config.toml").open("rb") as config:
        link = tomllib.load(config)["theme"][mode]["linkColor"]
    assert ratio(colours.on_accent, colours.accent) >= 4.5
    assert min(ratio(link, ground) for ground in grounds(mode).values()) >= 4.5


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_no_model_has_the_colour_of_a_verdict(mode: Mode) -> None:
    """15 in CIELAB (CIE 1976) are seen at once, even between small marks."""
    colours = theme.palette(mode)
    for verdict in (colours.ok, colours.warn, colours.bad):
        for colour in colours.series:
            assert math.dist(lab(colour), lab(verdict)) >= 15, (colour, verdict)


def test_no_text_is_made_paler_by_a_share_of_the_ground() -> None:
    assert re.findall(r"(?<![-\w])opacity: *([\d.]+)", STYLE) == []


def test_a_link_on_which_the_keyboard_stands_has_a_ring_that_is_seen() -> None:
    ring = re.search(r"a:focus-visible \{ outline: 2px solid var\(--rs-accent\)", STYLE)
    assert ring is not None
    for mode in ("light", "dark"):
        accent = theme.palette(mode).accent
        assert min(ratio(accent, ground) for ground in grounds(mode).values()) >= 3
