"""Faults of tools are told when the policy is loaded, each with its place and a remedy."""

from pathlib import Path

import pytest

from router_core.errors import PolicyError
from router_core.policy.loading import parse_policy
from tests.routing import policy

BASE = policy().text


def faults(text):
    with pytest.raises(PolicyError) as raised:
        parse_policy(BASE + text, Path("test.toml"))
    return [(fault.key, fault.problem) for fault in raised.value.faults]


def rule(text):
    return faults(f'[tools.faq]\nkind = "rules"\n[[tools.faq.answers]]\nname = "a"\n{text}')


def query(text):
    return faults(f'[tools.db]\nkind = "sql"\ndatabase = "x"\n[[tools.db.queries]]\nname = "a"\n{text}')


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        ('answer = "x"', "", "nothing can match it"),
        ('answer = "x"\nkeywords = ["?!"]', ".keywords", "'?!' holds no word"),
        ('answer = "x"\npattern = "("', ".pattern", "it is no pattern: missing )"),
        ('answer = "{x"\nexact = ["y"]', ".answer", "the brace at character 1 belongs to no {name}"),
        ('answer = "{nr}"\npattern = "(?P<number>x)"', ".answer", "there is no named group 'nr'"),
        (
            'answer = "{number}"\npattern = "(?P<number>x)"\nkeywords = ["x"]',
            ".answer",
            "{number} is only known when the pattern matched",
        ),
        ('answer = "x"\nexact = ["y"]\ntranslations = { de = "}" }', ".translations.de", "the brace at character 1"),
    ],
)
def test_a_rule_that_could_not_answer_is_a_fault(text, key, problem):
    ((place, found),) = rule(text)
    assert place == f"tools.faq.answers.0{key}"
    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        ('sql = "SELECT 1"', "", "nothing can match it"),
        ('sql = "DROP TABLE x"\nkeywords = ["x"]', ".sql", "it is no SELECT"),
        ('sql = "SELECT :n"\nkeywords = ["x"]', ".sql", "there is no parameter 'n'"),
        (
            'sql = "SELECT 1"\npattern = "(?P<n>x)"\nparameters = { n = "int" }',
            ".parameters.n",
            "the statement does not use it",
        ),
        (
            'sql = "SELECT :m"\npattern = "(?P<n>x)"\nparameters = { m = "int" }',
            ".parameters",
            "there is no named group 'm'",
        ),
        (
            'sql = "SELECT :n"\npattern = "(?P<n>x)"\nkeywords = ["x"]\nparameters = { n = "int" }',
            ".keywords",
            "keywords give no parameters",
        ),
        (
            'sql = "SELECT :tenant"\npattern = "(?P<tenant>x)"\nparameters = { tenant = "text" }',
            ".parameters.tenant",
            "the caller's tenant comes from his key, not from the prompt",
        ),
        ('sql = "SELECT 1"\nkeywords = ["x"]\nno_rows = "{x}"', ".no_rows", "there is no parameter 'x'"),
    ],
)
def test_a_query_that_could_not_run_is_a_fault(text, key, problem):
    ((place, found),) = query(text)
    assert place == f"tools.db.queries.0{key}"
    assert found == problem


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        ("", "tools.db", "it names no database"),
        ('database = "x"\ndatabase_env = "Y"\nlocation = "local"', "tools.db", "it names two databases"),
        ('database_env = "DB_URL"', "tools.db", "it does not say where its database is"),
        (
            'location = "local"\ndatabase_env = "postgresql://u:s3cret@h/d"',
            "tools.db.database_env",
            "it is an address",
        ),
        ('database = "postgresql://u:s3cret@h/d"', "tools.db.database", "it is an address"),
    ],
)
def test_a_database_is_named_once_and_never_by_its_address(text, key, problem):
    queries = 'queries = [{ name = "a", keywords = ["x"], sql = "SELECT 1" }]'
    ((place, found),) = faults(f'[tools.db]\nkind = "sql"\n{queries}\n{text}')
    assert place == key
    assert found.startswith(problem)
    assert "s3cret" not in found


def test_two_rules_of_one_name_are_a_fault():
    answers = 'answers = [{ name = "a", exact = ["x"], answer = "1" }, { name = "a", exact = ["y"], answer = "2" }]'
    assert faults(f'[tools.faq]\nkind = "rules"\n{answers}') == [
        ("tools.faq.answers.1.name", "answer 'a' stands twice")
    ]


def test_faults_name_the_line():
    text = '[tools.faq]\nkind = "rules"\n[[tools.faq.answers]]\nname = "a"\nanswer = "x"\npattern = "("'
    with pytest.raises(PolicyError) as raised:
        parse_policy(BASE + text, Path("test.toml"))
    (fault,) = raised.value.faults
    assert fault.file == f"test.toml:{BASE.count(chr(10)) + 6}"
