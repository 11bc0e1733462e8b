"""A match of the whole prompt is sure; a match of a part as sure as the part is large."""

import pytest

from router_core.tools.trigger import MAX_CHARACTERS, Question, Trigger


@pytest.mark.parametrize("prompt", ["Opening hours?", "  opening   HOURS ", "«Opening hours»", "\uff2fpening hours!"])
def test_a_listed_phrase_matches_whatever_its_case_spaces_and_marks(prompt):
    found = Trigger(exact=["opening hours"]).match(Question(prompt))
    assert found is not None and found.confidence == 1.0


def test_accents_do_not_count():
    assert Trigger(exact=["Öffnungszeiten"]).match(Question("offnungszeiten?"))
    assert Trigger(keywords=["à quelle heure"]).match(Question("A quelle heure ouvrez-vous ?"))


def test_a_listed_phrase_does_not_match_a_part():
    assert Trigger(exact=["opening hours"]).match(Question("opening hours of the Louvre")) is None


def test_a_pattern_gives_its_groups():
    found = Trigger(pattern=r"order (?P<order>\d+)( from (?P<day>\w+))?").match(Question("Where is my ORDER 4711?"))
    assert found is not None
    assert found.groups == {"order": "4711"}
    assert found.confidence == 1.0


@pytest.mark.parametrize(
    ("prompt", "confidence"),
    [
        ("What are your opening hours?", 1.0),
        ("Hours of opening, please!", 1.0),
        ("What are the opening hours of the Louvre?", 0.8333),
        ("Who invented opening hours and how did trade unions react?", 0.6667),
        ("When do you open?", None),
    ],
)
def test_keywords_are_as_sure_as_the_share_of_content_words_they_cover(prompt, confidence):
    found = Trigger(keywords=["opening hours"]).match(Question(prompt))
    assert (found and found.confidence) == confidence


def test_a_star_stands_for_the_rest_of_a_word():
    trigger = Trigger(keywords=["cancel* order*"])
    assert trigger.match(Question("Cancelling orders"))
    assert trigger.match(Question("Cancel my order"))
    assert trigger.match(Question("My cat ordered cancan")) is None


def test_the_surest_of_several_ways_counts():
    trigger = Trigger(pattern="hours", keywords=["opening hours"])
    found = trigger.match(Question("Opening hours?"))
    assert found is not None
    assert (found.confidence, found.reason) == (1.0, "The keywords cover 2 of the prompt's 2 content words.")


def test_a_document_matches_nothing():
    trigger = Trigger(exact=["x"], pattern="hours", keywords=["hours"])
    assert trigger.match(Question("hours " * MAX_CHARACTERS)) is None


@pytest.mark.parametrize("prompt", ["?", "🦆", "\u202e", "...", "   "])
def test_a_prompt_without_words_matches_no_keyword(prompt):
    assert Trigger(exact=["opening hours"], keywords=["opening hours"]).match(Question(prompt)) is None
