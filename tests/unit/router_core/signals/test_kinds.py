"""Each character of a text is of one kind."""

from router_core.signals.kinds import CJK, DIGIT, LETTER, SPACE, kinds


def test_each_character_has_its_kind():
    assert list(kinds("aé 7漢")) == [LETTER, LETTER, SPACE, DIGIT, CJK]


def test_a_lone_surrogate_has_a_kind_too():
    assert len(kinds("a\ud800b")) == 3


def test_ascii_has_the_kinds_that_it_has_among_other_characters():
    ascii_text = "".join(map(chr, range(128)))
    assert kinds(ascii_text).tolist() == kinds(ascii_text + "\u00e9")[:-1].tolist()
