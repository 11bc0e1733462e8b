"""Hostile text stays text, wherever it is shown."""

from __future__ import annotations

import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import plain

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "</pre></div><style>*{display:none}</style>",
    "&lt;b&gt;already escaped&amp;",
    "[click](javascript:alert(1))",
    "![pixel](https://example.com/track.gif)",
    "# heading **bold** `code` ~~gone~~ $x^2$ :red[colour] :material/delete:",
    "\x1b[31mred\x1b[0m\x1b]8;;https://example.com\x07link\x1b]8;;\x07",
    "abc\u202egnp.exe",
    "zero\u200bwidth\ufeff",
    "nul\x00 bell\x07 delete\x7f",
    "\ud800 lone surrogate",
    "line\u2028separator",
)


class Tags(HTMLParser):
    """What a browser would take for markup, and the text that it would show."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.text = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("text", HOSTILE)
def test_a_browser_finds_no_tag_in_hostile_text_and_shows_all_of_it(text: str) -> None:
    read = Tags(plain.html(text))
    assert read.tags == []
    assert read.text == plain.visible(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_escaped_text_can_end_an_attribute(text: str) -> None:
    assert not set("<>\"'") & set(plain.html(text))


@given(st.text(alphabet=st.characters()))
def test_nothing_invisible_is_left_but_line_breaks_and_tabs(text: str) -> None:
    left = {unicodedata.category(character) for character in plain.visible(text) if character not in "\n\t"}
    assert not left & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


@given(st.text())
def test_any_text_can_be_sent_to_a_browser(text: str) -> None:
    plain.html(text).encode("utf-8")


def test_a_writing_direction_is_spelled_out() -> None:
    assert plain.visible("abc\u202egnp.exe") == "abc[U+202E]gnp.exe"


def test_an_escape_character_is_shown_as_its_picture() -> None:
    assert plain.visible("\x1b[31mred") == "␛[31mred"


def test_markdown_marks_lose_their_meaning() -> None:
    assert plain.markdown("**b** [x](y)\n# h") == r"\*\*b\*\* \[x\]\(y\) \# h"


@given(st.text(min_size=1), st.integers(min_value=1, max_value=20))
def test_a_limit_cuts_the_text_before_it_is_spelled_out(text: str, limit: int) -> None:
    cut = plain.visible(text, limit)
    assert cut == plain.visible(text) if len(text) <= limit else cut.endswith(plain.ELLIPSIS)
