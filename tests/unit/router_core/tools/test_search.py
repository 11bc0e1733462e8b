"""Search answers short questions from documents, with a source and an honest confidence."""

from pathlib import Path

import pytest

from router_core.errors import PolicyError
from router_core.request import RouteRequest
from router_core.signals.read import read_signals
from router_core.tools.search import Search

DOCS = Path(__file__).parents[4] / "policies" / "docs"
THRESHOLD = 0.75


@pytest.fixture(scope="module")
def faq():
    return Search("faq", DOCS, threshold=THRESHOLD, timeout_s=2.0)


async def ask(tool, prompt):
    request = RouteRequest.from_prompt(prompt)
    return await tool.resolve(request, read_signals(request))


@pytest.mark.parametrize(
    ("question", "source"),
    [
        ("What is a policy?", "policies.md#what-is-a-policy"),
        ("How are savings computed?", "costs.md#how-are-savings-computed"),
        ("what does escalation mean", "escalation.md#what-does-escalation-mean"),
        ("How do I add a key?", "models.md#how-do-i-add-an-api-key"),
        ("How do local models get downloaded?", "models.md#how-do-i-download-a-local-model"),
        ("Are prompts stored?", "privacy.md#are-prompts-and-answers-stored"),
        ("When is an answer complete?", "decisions.md#when-is-an-answer-complete"),
    ],
)
async def test_a_question_that_the_documents_answer_is_answered_with_its_source(faq, question, source):
    found = await ask(faq, question)
    assert found is not None
    assert found.confidence >= THRESHOLD
    assert found.citations == (source,)
    assert f"Source: {source}" in found.text


@pytest.mark.parametrize(
    "question",
    [
        "What is the capital of France?",
        "Why is the sky blue?",
        "What does it cost to fly to France?",
        "How do I start the car?",
        "What is a decision tree?",
        "What is the price of gold?",
        "What is a good route to Berlin?",
        "What is a model?",
    ],
)
async def test_a_question_about_something_else_stays_below_the_threshold(faq, question):
    found = await ask(faq, question)
    assert found is None or found.confidence < THRESHOLD


@pytest.mark.parametrize(
    "prompt",
    [
        "Write a poem about savings and baseline costs",
        "How are savings computed? " + "Here is our report on savings. " * 40,
        "How are savings computed?\n```python\nsavings = baseline - cost\n```",
    ],
)
async def test_tasks_documents_and_code_are_not_for_search(faq, prompt):
    assert await ask(faq, prompt) is None


@pytest.mark.parametrize(
    "prompt",
    [
        '"',
        '"" OR NEAR(a b) AND ?',
        "policy* NOT cost?",
        "heading : policy?",
        "what \0 is a policy?",
        "^policy + {cost} - (x?",
        "?",
        "what what what?",
        "🦆?",
        "\u202ewhat is a policy?",
        "''; DROP TABLE passage; --?",
    ],
)
async def test_syntax_in_a_question_is_only_text(faq, prompt):
    await ask(faq, prompt)
    again = await ask(faq, "What is a policy?")
    assert again is not None and again.confidence == 1.0


async def test_a_lone_word_needs_a_heading_of_its_own(tmp_path):
    (tmp_path / "a.md").write_text("# Trains\n\nTrains run daily.\n\n# Other\n\nBoats and trains.", encoding="utf-8")
    tool = Search("faq", tmp_path, THRESHOLD, 2.0)
    trains, boats = await ask(tool, "What about trains?"), await ask(tool, "What about boats?")
    assert trains is not None and (trains.confidence, trains.citations) == (1.0, ("a.md#trains",))
    assert boats is not None and boats.confidence == 0.5


async def test_the_reason_repeats_nothing_of_the_question(faq):
    found = await ask(faq, "How are the zanzibar savings computed?")
    assert found is not None
    assert "zanzibar" not in found.reason
    assert found.reason == "costs.md#how-are-savings-computed has 2 of the question's 3 content words."


@pytest.mark.parametrize("make", [lambda p: p / "none", lambda p: p, lambda p: p / "file"])
def test_a_folder_that_cannot_be_searched_is_a_fault_with_a_remedy(tmp_path, make):
    (tmp_path / "file").write_text("x")
    with pytest.raises(PolicyError) as raised:
        Search("faq", make(tmp_path), THRESHOLD, 2.0)
    (fault,) = raised.value.faults
    assert fault.key == "tools.faq.folder"
    assert fault.remedy


def _questions():
    lines = (Path(__file__).parent / "search_set" / "questions.tsv").read_text(encoding="utf-8").splitlines()
    return [tuple(line.split("\t")) for line in lines if not line.startswith("#")]


async def test_german_french_and_spanish_questions_find_other_inflections_and_no_wrong_passage():
    # 24 questions that the pages answer and 16 that they do not. 17 are answered; without like words it would be 8.
    tool = Search("faq", Path(__file__).parent / "search_set" / "pages", THRESHOLD, 2.0)
    right, wrong = 0, []
    for question, wanted in _questions():
        found = await ask(tool, question)
        if found is not None and found.confidence >= THRESHOLD:
            if found.citations[0].endswith(f"#{wanted}"):
                right += 1
            else:
                wrong.append(question)
    assert right >= 17
    assert wrong == []


async def test_english_questions_are_met_by_stemmed_words_alone(tmp_path):
    (tmp_path / "a.md").write_text("# Golden rules\n\nThe goldsmith keeps golden rules.", encoding="utf-8")
    tool = Search("faq", tmp_path, THRESHOLD, 2.0)
    assert await ask(tool, "What is the current price of gold in London?") is None
    assert await ask(tool, "What are the golden rules of this house?") is not None


@pytest.mark.parametrize(
    "question",
    [
        "How do I clean a cast iron pan?",
        "How long does delivery take?",
        "How much does a cast iron pan cost?",
        "Is linseed oil healthy?",
        "How do I boil an egg?",
        "Who invented cast iron?",
        "Which pan is best for fish?",
    ],
)
async def test_a_question_that_shares_words_with_a_page_but_not_its_matter_stays_below_the_threshold(question):
    found = await ask(Search("pages", DOCS.parent / "support" / "pages", THRESHOLD, 2.0), question)
    assert found is None or found.confidence < THRESHOLD
