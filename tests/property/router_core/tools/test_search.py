"""Whatever is asked, search does not break."""

import asyncio
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from router_core.request import RouteRequest
from router_core.signals.read import read_signals
from router_core.tools.passages import passages
from router_core.tools.search import Search

DOCS = Path(__file__).parents[4] / "policies" / "docs"
FAQ = Search("faq", DOCS, 0.6, 2.0)
WORDS = st.sampled_from(
    ["policy", "cost", "OR", "AND", "NOT", "NEAR(", ")", '"', "*", ":", "heading:", "^", "\0", "-", "{", "'"]
)


@given(st.one_of(st.text(max_size=100), st.lists(WORDS, max_size=30).map(" ".join)))
@settings(deadline=None, max_examples=150)
def test_any_question_is_answered_with_a_share_or_not_at_all(text):
    request = RouteRequest.from_prompt(f"What is {text}?")
    found = asyncio.run(FAQ.resolve(request, read_signals(request)))
    assert found is None or (0 <= found.confidence <= 1 and len(found.citations) == 1)


@given(st.lists(st.sampled_from(["# Heading", "## Two", "text", "", "```", "more words here"]), max_size=40))
def test_cutting_a_document_loses_no_line_of_text(lines):
    text = "\n".join(lines)
    kept = "\n".join(passage.text for passage in passages("a.md", text)).split("\n")
    assert kept.count("text") == lines.count("text")
    assert kept.count("more words here") == lines.count("more words here")
