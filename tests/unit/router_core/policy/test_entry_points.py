"""Code of other packages: found by name, or a sentence that says what is the matter."""

import pytest

from router_core.policy.entry_points import VALIDATORS, UnusableEntryPoint, installed, load, make
from tests.installed import install

CODE = """
def words(answer, request, least=1):
    return min(1.0, len(answer.text.split()) / least)

number = 3

class Greeter:
    def __init__(self, greeting):
        if not greeting:
            raise ValueError("no greeting")
        self.greeting = greeting

    def greet(self):
        return self.greeting
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed package that offers some things."""
    points = {"words": "own_checks:words", "number": "own_checks:number", "gone": "no_such_module:x"}
    install(tmp_path, monkeypatch, CODE, VALIDATORS, **points, greeter="own_checks:Greeter")


def test_an_entry_point_is_found_by_name(package):
    assert installed(VALIDATORS) == ["gone", "greeter", "number", "words"]
    assert load(VALIDATORS, "words").__name__ == "words"


def test_what_is_made_has_the_policys_settings(package):
    assert make(VALIDATORS, "greeter", {"greeting": "Hello."}, "greet").greet() == "Hello."


@pytest.mark.parametrize(
    ("name", "why", "remedy"),
    [
        ("nobody", "no installed package offers 'nobody'", "installed: gone, greeter, number, words"),
        ("gone", r"'gone' cannot be imported \(ModuleNotFoundError\)", "mend the package"),
        ("number", r"'number' cannot be called \(it is of type int\)", "ask its authors"),
    ],
)
def test_an_entry_point_that_cannot_be_loaded_says_why(package, name, why, remedy):
    with pytest.raises(UnusableEntryPoint, match=why) as raised:
        load(VALIDATORS, name)
    assert remedy in raised.value.remedy


@pytest.mark.parametrize(
    ("settings", "method", "why"),
    [
        ({"greeting": ""}, "greet", r"'greeter' could not be made \(ValueError: no greeting\)"),
        ({"word": "x"}, "greet", r"'greeter' could not be made \(TypeError"),
        ({"greeting": "x"}, "plan", "'greeter' made something without a method plan"),
    ],
)
def test_what_cannot_be_made_or_used_says_why(package, settings, method, why):
    with pytest.raises(UnusableEntryPoint, match=why):
        make(VALIDATORS, "greeter", settings, method)
