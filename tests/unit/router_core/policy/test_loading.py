"""A policy file is read, or refused with all of its faults at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from router_core.errors import Fault, PolicyError
from router_core.policy.loading import MAX_POLICY_BYTES, LoadedPolicy, load_policy, parse_policy

SOUND = """\
format = 1
name = "test"
default_route = "chat"
tiers = ["small", "large"]

[models.tiny]
tier = "small"
location = "local"
fallback = "huge"
provider = { kind = "scripted", script = "tiny" }

[models.huge]
tier = "large"
location = "cloud"
approvals = ["regulated"]
provider = { kind = "scripted", script = "huge" }

[validators.polite]
kind = "refusal"

[[rules]]
name = "regulated"
any_of = [{ data_classes = ["regulated"] }]
then = { kind = "require", approvals = ["regulated"] }

[routes.chat]
validators = ["polite"]
strategy = { kind = "cascade", tiers = ["small", "large"] }
"""

PATH = Path("policy.toml")


def line_of(text: str, needle: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if needle in line)


def faults_of(text: str) -> tuple[Fault, ...]:
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, PATH)
    return caught.value.faults


def only_fault(text: str) -> Fault:
    found = faults_of(text)
    assert len(found) == 1, found
    return found[0]


def changed(old: str, new: str, text: str = SOUND) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)


def loaded(text: str) -> LoadedPolicy:
    return parse_policy(text, PATH)


def test_a_sound_policy_has_no_fault() -> None:
    assert loaded(SOUND).policy.models["tiny"].fallback == "huge"


def test_an_unknown_model_is_named_with_its_line_and_the_nearest_name() -> None:
    text = changed('fallback = "huge"', 'fallback = "hugr"')
    fault = only_fault(text)
    assert fault.file == f"policy.toml:{line_of(text, 'hugr')}"
    assert fault.key == "models.tiny.fallback"
    assert fault.problem == "there is no model 'hugr'"
    assert fault.remedy == "did you mean 'huge'?"


def test_a_name_that_is_near_none_lists_the_known_ones() -> None:
    assert only_fault(changed('fallback = "huge"', 'fallback = "xyzzy"')).remedy == "known: huge, tiny"


def test_fallbacks_that_go_round_are_shown_as_the_round_they_go() -> None:
    fault = only_fault(changed('approvals = ["regulated"]\n', 'approvals = ["regulated"]\nfallback = "tiny"\n'))
    assert fault.problem == "fallbacks go round: tiny -> huge -> tiny"
    assert fault.remedy == "remove one of them"


def test_a_model_that_falls_back_on_itself_is_a_round_of_one() -> None:
    assert only_fault(changed('fallback = "huge"', 'fallback = "tiny"')).problem == ("fallbacks go round: tiny -> tiny")


def test_a_negative_budget_is_out_of_range() -> None:
    text = changed('validators = ["polite"]', 'validators = ["polite"]\ncaps = { usd = "-0.05" }')
    fault = only_fault(text)
    assert fault.key == "routes.chat.caps.usd"
    assert fault.file == f"policy.toml:{line_of(text, 'caps')}"
    assert (fault.problem, fault.remedy) == ("'-0.05' is out of range", "give a value at least 0")


@pytest.mark.parametrize(("threshold", "remedy"), [("1.2", "at most 1"), ("-0.1", "at least 0")])
def test_a_threshold_outside_of_0_to_1_is_out_of_range(threshold: str, remedy: str) -> None:
    fault = only_fault(changed('kind = "refusal"', f'kind = "refusal"\nthreshold = {threshold}'))
    assert fault.key == "validators.polite.threshold"
    assert fault.problem == f"{threshold} is out of range"
    assert remedy in fault.remedy


@pytest.mark.parametrize("threshold", ["nan", "inf"])
def test_a_threshold_that_is_no_number_is_refused(threshold: str) -> None:
    fault = only_fault(changed('kind = "refusal"', f'kind = "refusal"\nthreshold = {threshold}'))
    assert fault.key == "validators.polite.threshold"


def test_a_tier_without_a_model_is_a_fault_of_the_route_that_uses_it() -> None:
    text = changed('tiers = ["small", "large"] }', 'tiers = ["small", "medium"] }')
    text = changed('tiers = ["small", "large"]\n', 'tiers = ["small", "medium", "large"]\n', text)
    fault = only_fault(text)
    assert fault.key == "routes.chat.strategy.tiers"
    assert fault.problem == "tier 'medium' has no model"
    assert fault.remedy == "give a model this tier, or leave the tier out"


def test_an_unknown_tier_of_an_intent_is_found_below_its_route() -> None:
    fault = only_fault(SOUND + '\n[routes.chat.intents.code]\ntiers = ["larg"]\n')
    assert fault.key == "routes.chat.intents.code.tiers"
    assert fault.remedy == "did you mean 'large'?"


def test_an_unknown_key_is_a_fault_at_its_own_line() -> None:
    text = changed('location = "cloud"', 'location = "cloud"\nlocatoin = "eu"')
    fault = only_fault(text)
    assert fault.file == f"policy.toml:{line_of(text, 'locatoin')}"
    assert fault.key == "models.huge.locatoin"
    assert fault.problem == "there is no such key"


def test_an_unknown_kind_lists_the_known_ones() -> None:
    fault = only_fault(changed('kind = "refusal"', 'kind = "refusals"'))
    assert fault.problem == "kind 'refusals' is unknown"
    assert "'refusal', 'length', 'truncation', 'schema'" in fault.remedy


def test_a_missing_kind_is_said() -> None:
    fault = only_fault(changed('kind = "refusal"', "threshold = 0.5"))
    assert (fault.key, fault.problem) == ("validators.polite", "it has no kind")


def test_a_missing_key_is_named_by_its_nearest_parents_line() -> None:
    text = changed('tier = "large"\n', "")
    fault = next(f for f in faults_of(text) if f.key == "models.huge.tier")
    assert fault.file == f"policy.toml:{line_of(text, '[models.huge]')}"
    assert (fault.problem, fault.remedy) == ("it is missing", "add it")


def test_a_rule_named_twice_is_a_fault_of_the_second() -> None:
    again = '\n[[rules]]\nname = "regulated"\nany_of = [{}]\nthen = { kind = "deny", message = "no" }\n'
    fault = only_fault(SOUND + again)
    assert fault.key == "rules.1.name"
    assert fault.file == f"policy.toml:{len(SOUND.splitlines()) + 3}"
    assert fault.problem == "rule 'regulated' stands twice"


def test_a_requirement_that_no_model_satisfies_is_a_fault() -> None:
    fault = only_fault(changed('then = { kind = "require", approvals = ["regulated"] }', IMPOSSIBLE))
    assert fault.key == "rules.0.then"
    assert fault.problem == "no model of the policy satisfies it, so the rule would deny every request"


IMPOSSIBLE = 'then = { kind = "require", approvals = ["regulated"], location = "local" }'


def test_a_rule_that_requires_nothing_is_a_fault() -> None:
    text = changed('then = { kind = "require", approvals = ["regulated"] }', 'then = { kind = "require" }')
    assert only_fault(text).problem == "it requires nothing"


def test_an_immediate_stream_with_validators_is_a_fault() -> None:
    fault = only_fault(changed('validators = ["polite"]', 'validators = ["polite"]\nstream = "immediate"'))
    assert fault.key == "routes.chat.stream"
    assert 'stream = "accepted"' in fault.remedy


def test_an_immediate_stream_with_an_intents_validators_is_a_fault_too() -> None:
    text = changed('validators = ["polite"]\n', 'stream = "immediate"\n')
    text += '\n[routes.chat.intents.code]\nvalidators = ["polite"]\n'
    assert only_fault(text).key == "routes.chat.intents.code.validators"


def test_an_unknown_probe_is_a_fault() -> None:
    text = SOUND + '\n[validators.second]\nkind = "agreement"\nprobes = ["hug"]\n'
    assert only_fault(text).key == "validators.second.probes"


def test_an_address_that_is_none_is_a_fault() -> None:
    old = 'provider = { kind = "scripted", script = "huge" }'
    fault = only_fault(changed(old, 'provider = { kind = "openai", base_url = "localhost:11434", model = "m" }'))
    assert fault.key == "models.huge.provider.base_url"
    assert "http://" in fault.remedy


@pytest.mark.parametrize("url", ["http://[::1", "http://127.0.0.1:port/v1", "http://127.0.0.1:99999/v1"])
def test_an_address_that_cannot_be_parsed_is_a_fault_and_no_crash(url: str) -> None:
    old = 'provider = { kind = "scripted", script = "huge" }'
    fault = only_fault(changed(old, f'provider = {{ kind = "openai", base_url = "{url}", model = "m" }}'))
    assert fault.key == "models.huge.provider.base_url"


def test_an_unknown_default_route_is_a_fault() -> None:
    fault = only_fault(changed('default_route = "chat"', 'default_route = "chatt"'))
    assert (fault.key, fault.remedy) == ("default_route", "did you mean 'chat'?")


def test_all_faults_come_at_once_in_the_order_of_the_file() -> None:
    text = changed('fallback = "huge"', 'fallback = "hugr"')
    text = changed('location = "cloud"', 'location = "moon"', text)
    text = changed('kind = "refusal"', 'kind = "refusal"\nthreshold = 7', text)
    text = changed('validators = ["polite"]', 'validators = ["polit"]\ncaps = { branches = 0 }', text)
    keys = [fault.key for fault in faults_of(text)]
    assert keys == [
        "models.tiny.fallback",
        "models.huge.location",
        "validators.polite.threshold",
        "routes.chat.validators",
        "routes.chat.caps.branches",
    ]


def test_every_fault_reads_as_one_line_with_place_key_problem_and_remedy() -> None:
    text = changed('fallback = "huge"', 'fallback = "hugr"')
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, PATH)
    line = line_of(text, "hugr")
    assert str(caught.value) == (
        f"policy.toml:{line}: models.tiny.fallback: there is no model 'hugr'; did you mean 'huge'?"
    )


def test_parts_of_the_wrong_shape_are_reported_and_stop_nothing() -> None:
    text = 'format = 1\nname = "x"\ndefault_route = "chat"\ntiers = "small"\nmodels = 3\nrules = 4\nroutes = []\n'
    keys = {fault.key for fault in faults_of(text)}
    assert {"tiers", "models", "rules", "routes"} <= keys


def test_broken_toml_is_one_fault_that_says_where() -> None:
    fault = only_fault("format = = 1")
    assert fault.key == "syntax"
    assert "line 1" in fault.problem


def test_endless_nesting_is_one_fault() -> None:
    assert only_fault("a = " + "[" * 100_000).key == "syntax"


def test_an_empty_file_says_all_that_is_missing() -> None:
    missing = {fault.key for fault in faults_of("") if fault.problem == "it is missing"}
    assert missing == {"format", "name", "default_route", "tiers", "models", "routes"}


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="there is no such file; give the path of a policy"):
        load_policy(tmp_path / "nowhere.toml")


def test_a_folder_is_no_policy(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="it cannot be read"):
        load_policy(tmp_path)


def test_a_file_that_is_not_utf8_says_at_which_byte(tmp_path: Path) -> None:
    file = tmp_path / "latin.toml"
    file.write_bytes('name = "Zürich"'.encode("latin-1"))
    with pytest.raises(PolicyError, match="byte 9: it is not UTF-8 text; save the file as UTF-8"):
        load_policy(file)


def test_a_file_with_a_byte_order_mark_loads(tmp_path: Path) -> None:
    file = tmp_path / "windows.toml"
    file.write_bytes(b"\xef\xbb\xbf" + SOUND.replace("\n", "\r\n").encode())
    assert load_policy(file).version == loaded(SOUND).version


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "huge.toml"
    with file.open("wb") as out:
        out.truncate(MAX_POLICY_BYTES + 1)
    with pytest.raises(PolicyError, match="larger than 4 MiB"):
        load_policy(file)


def test_the_version_ignores_comments_layout_and_order() -> None:
    reordered = changed('name = "test"\n', "")
    reordered = '# a comment\n\nname    =   "test"\n' + reordered
    assert loaded(reordered).version == loaded(SOUND).version


def test_the_version_changes_with_any_value() -> None:
    assert loaded(changed('name = "test"', 'name = "tests"')).version != loaded(SOUND).version


def test_the_version_changes_with_the_rubric_that_a_judge_reads_from_a_file(tmp_path: Path) -> None:
    judge = '[validators.good]\nkind = "judge"\nmodel = "MODEL"\nrubric_file = "rubric.md"\n'
    model = next(iter(loaded(SOUND).policy.models))
    text, path = f"{SOUND}\n{judge.replace('MODEL', model)}", tmp_path / "policy.toml"
    versions = []
    for rubric in ("Be exact.", "Be exact.", "Be kind."):
        (tmp_path / "rubric.md").write_text(rubric)
        versions.append(parse_policy(text, path).version)
    assert versions[0] == versions[1] != versions[2]


def test_the_version_is_twelve_hex_digits() -> None:
    assert len(loaded(SOUND).version) == 12
    int(loaded(SOUND).version, 16)


def test_relative_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    file = tmp_path / "here.toml"
    file.write_text(SOUND, encoding="utf-8")
    assert load_policy(file).folder == tmp_path


def test_a_quoted_key_with_dots_is_found_at_its_own_line() -> None:
    text = changed("[models.huge]", '[models."huge.v1"]')
    text = changed('fallback = "huge"', 'fallback = "huge.v1"', text)
    text = changed('location = "cloud"', 'location = "moon"', text)
    fault = only_fault(text)
    assert fault.file == f"policy.toml:{line_of(text, 'moon')}"
