"""What a piece of evidence holds, and what a check finds when somebody changed it."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from router_core import semconv
from telemetry import export
from telemetry.errors import EvidenceError, ExportFailed
from telemetry.evidence import bundle
from telemetry.evidence.bundle import Period, write_file
from telemetry.evidence.check import check
from telemetry.evidence.key import SigningKey
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_reader
from tests.traces import START, Attempt, Routed, emit

PERIOD = Period(START - timedelta(days=1), START + timedelta(days=10))
CLOUD, LOCAL = {semconv.BRANCH_LOCATION: "cloud"}, {semconv.BRANCH_LOCATION: "local"}
STAYS = {"rule": "stays", "outcome": "required", "reason": "1 of 2 models may be used", "owner": "=security"}
SENSITIVE = {
    semconv.DATA_CLASS: "sensitive",
    semconv.VERDICTS: json.dumps([STAYS, {"rule": "other", "outcome": "passed", "reason": "no", "owner": "x"}]),
}
DECISIONS = (
    Routed("a" * 32, attempts=(Attempt("cloudy", extra=CLOUD),)),
    Routed(
        "b" * 32,
        at=START + timedelta(minutes=1),
        attempts=(Attempt("near", extra=LOCAL),),
        extra=SENSITIVE,
        policy_version="v2",
    ),
    Routed(
        "c" * 32, at=START + timedelta(minutes=2), attempts=(), status="denied", extra=SENSITIVE, purpose="playground"
    ),
    Routed("d" * 32, at=START + timedelta(days=20)),
    Routed("e" * 32, simulated=True),
    Routed("f" * 32, extra={semconv.SOURCE: "otlp"}),
)


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    url = f"sqlite:///{tmp_path / 'store' / 't.db'}"
    with Telemetry.open(url, home=tmp_path / "store") as telemetry:
        telemetry.record_policy_version("v1", "p", 'name = "p"\n', "=ada", at=START)
        telemetry.record_policy_version("../v2", "p", 'name = "q"\n', "bob", at=START + timedelta(days=1))
        for routed in DECISIONS:
            emit(telemetry.tracer_provider.get_tracer("test"), routed)
    return open_reader(url)


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return SigningKey.of_home(tmp_path / "keys")


@pytest.fixture
def evidence(engine: sa.Engine, key: SigningKey, tmp_path: Path) -> Path:
    path = tmp_path / "evidence.zip"
    write_file(engine, PERIOD, path, key, by="ada")
    return path


def content(path: Path, name: str) -> str:
    with zipfile.ZipFile(path) as archive:
        return archive.read(name).decode()


def changed(path: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """The file with each of its files as ``change`` gives it; left out for None."""
    other = path.with_name("changed.zip")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(other, "w") as target:
        for name in source.namelist():
            data = change(name, source.read(name))
            if data is not None:
                target.writestr(name, data)
    return other


def test_every_purpose_of_the_period_is_in_it_but_nothing_simulated_or_only_reported(evidence: Path) -> None:
    rows = [json.loads(line) for line in content(evidence, "decisions.jsonl").splitlines()]
    assert [row["decision_id"][0] for row in rows] == ["a", "b", "c"]
    assert [row["decision_id"][0] for row in csv.DictReader(io.StringIO(content(evidence, "decisions.csv")))] == [
        "a",
        "b",
        "c",
    ]
    branches = [json.loads(line) for line in content(evidence, "branches.jsonl").splitlines()]
    assert [(row["model"], row["location"]) for row in branches] == [("cloudy", "cloud"), ("near", "local")]


def test_simulated_decisions_are_in_it_when_they_are_asked_for(
    engine: sa.Engine, key: SigningKey, tmp_path: Path
) -> None:
    def decisions(simulated: bool | None) -> int:
        return write_file(engine, Period(None, PERIOD.end, simulated), tmp_path / "e.zip", key, by="ada").decisions

    assert [decisions(simulated) for simulated in (False, True, None)] == [3, 1, 4]


def test_its_counts_are_those_of_its_rows(evidence: Path) -> None:
    counts = json.loads(content(evidence, "counts.json"))
    assert counts["decisions"] == 3
    assert counts["decisions_by_data_class_and_status"] == [
        {"data_class": "internal", "status": "ok", "count": 1},
        {"data_class": "sensitive", "status": "denied", "count": 1},
        {"data_class": "sensitive", "status": "ok", "count": 1},
    ]
    assert counts["protected_branches_by_location"] == {"local": 1, "cloud": 0, "unknown": 0}
    assert counts["verdicts_by_rule"] == [
        {"rule": "stays", "owner": "=security", "outcome": "required", "decisions": 2}
    ]


def test_the_policies_are_in_it_as_they_were_with_who_recorded_them(evidence: Path) -> None:
    listed = list(csv.DictReader(io.StringIO(content(evidence, "policies/versions.csv"))))
    assert [(row["version"], row["recorded_by"]) for row in listed] == [("v1", "'=ada"), ("../v2", "bob")]
    assert [content(evidence, row["file"]) for row in listed] == ['name = "p"\n', 'name = "q"\n']


def test_no_file_of_it_leaves_the_folder_it_is_unpacked_to(evidence: Path) -> None:
    with zipfile.ZipFile(evidence) as archive:
        assert not [name for name in archive.namelist() if ".." in name or name.startswith("/")]


def test_what_was_not_touched_is_intact_and_says_whose_it_is(evidence: Path, key: SigningKey) -> None:
    found = check(evidence)
    assert found.intact
    assert found.fingerprint == key.public.fingerprint
    assert found.manifest["made_by"] == "ada"
    assert check(evidence, fingerprint=key.public.fingerprint.upper().replace(":", " ")).intact


def test_the_readme_tells_the_numbers_and_how_to_check_without_us(evidence: Path, key: SigningKey) -> None:
    told = " ".join(content(evidence, "README.txt").split())
    assert "1 stayed local, 0 went to a cloud, and of 0 no policy said where they ran" in told
    assert key.public.fingerprint in told


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_openssl_agrees_with_the_signature(evidence: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(evidence) as archive:
        archive.extractall(tmp_path / "unpacked")
    steps = "base64 -d manifest.sig > manifest.raw && openssl pkeyutl -verify -pubin -inkey public_key.pem -rawin "
    steps += "-in manifest.json -sigfile manifest.raw"
    done = subprocess.run(["sh", "-c", steps], cwd=tmp_path / "unpacked", capture_output=True, text=True)
    assert "Verified Successfully" in done.stdout, done.stderr


def test_a_changed_decision_is_found(evidence: Path) -> None:
    def change(name: str, data: bytes) -> bytes:
        return data.replace(b'"sensitive"', b'"internal" ') if name == "decisions.jsonl" else data

    assert check(changed(evidence, change)).faults == (
        "decisions.jsonl: it was changed: its SHA-256 is not the one that was signed",
    )


def test_a_decision_that_was_taken_out_a_file_that_was_and_one_that_was_added_are_found(evidence: Path) -> None:
    def change(name: str, data: bytes) -> bytes | None:
        if name == "branches.csv":
            return None
        return data[:-20] if name == "decisions.csv" else data

    other = changed(evidence, change)
    with zipfile.ZipFile(other, "a") as archive:
        archive.writestr("more.txt", "I was not there")
    said = [fault.split(":")[0] for fault in check(other).faults]
    assert said == ["decisions.csv", "branches.csv", "more.txt"]


def test_a_manifest_that_was_made_to_fit_is_found(evidence: Path) -> None:
    def change(name: str, data: bytes) -> bytes:
        return data.replace(b'"ada"', b'"eve"') if name == bundle.MANIFEST else data

    assert check(changed(evidence, change)).faults == (
        "manifest.json: the signature is not that of this key over this file",
    )


def test_one_who_signs_anew_with_a_key_of_his_own_is_found_by_the_fingerprint(
    engine: sa.Engine, key: SigningKey, tmp_path: Path
) -> None:
    other = SigningKey.of_home(tmp_path / "eve")
    write_file(engine, PERIOD, tmp_path / "eve.zip", other, by="ada")
    assert check(tmp_path / "eve.zip").intact
    assert "not the one asked for" in check(tmp_path / "eve.zip", fingerprint=key.public.fingerprint).faults[0]


def test_a_second_file_of_a_name_is_found(evidence: Path) -> None:
    with zipfile.ZipFile(evidence, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("decisions.jsonl", "{}")
    assert check(evidence).faults[0] == "decisions.jsonl: there are 2 files of this name"


def test_a_file_that_unpacks_to_far_more_than_was_signed_is_not_read_to_its_end(evidence: Path) -> None:
    bomb = bytes(60_000_000)

    def change(name: str, data: bytes) -> bytes:
        return bomb if name == "decisions.csv" else data

    other = evidence.with_name("bomb.zip")
    with zipfile.ZipFile(evidence) as source, zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, change(name, source.read(name)))
    found = check(other)
    assert found.faults[0].startswith("decisions.csv: it has not the ")
    assert found.bytes < 3_000_000


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("manifest.json", None),
        ("manifest.json", b"[]"),
        ("manifest.json", b'{"files": [{"name": 1}]}'),
        ("manifest.json", b'{"format": 2, "files": []}'),
        ("manifest.json", b"[" * 100_000),
        ("public_key.pem", b"none"),
        ("manifest.sig", None),
    ],
)
def test_what_is_no_evidence_is_one_sentence(evidence: Path, name: str, data: bytes | None) -> None:
    other = changed(evidence, lambda found, kept: data if found == name else kept)
    with pytest.raises(EvidenceError):
        check(other)


def test_what_is_no_zip_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK nothing")
    for path in (tmp_path / "x.zip", tmp_path / "none.zip"):
        with pytest.raises(EvidenceError, match="cannot be read as evidence"):
            check(path)


def test_any_changed_byte_is_found_or_refused(evidence: Path) -> None:
    whole = evidence.read_bytes()
    with zipfile.ZipFile(evidence) as archive:
        data = [(info.header_offset + 30 + len(info.filename), info.compress_size) for info in archive.infolist()]
    # Inside of what is packed: elsewhere are dates and flags that say nothing.
    for offset, size in data:
        place = offset + size // 2 + 20
        evidence.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            assert not check(evidence).intact, place
        except EvidenceError:
            continue


def test_memory_does_not_grow_with_the_number_of_decisions(
    key: SigningKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "BATCH", 50)

    def peak(decisions: int, folder: Path) -> int:
        url = f"sqlite:///{folder / 't.db'}"
        with Telemetry.open(url, home=folder, durability="async") as telemetry:
            tracer = telemetry.tracer_provider.get_tracer("test")
            for number in range(decisions):
                emit(tracer, Routed(f"{number:032x}", extra={semconv.REASON: f"{number} " * 300}))
        reader = open_reader(url)
        tracemalloc.start()
        write_file(reader, PERIOD, folder / "e.zip", key, by="ada")
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    few, many = peak(150, tmp_path / "few"), peak(900, tmp_path / "many")
    assert many < 1.5 * few


def test_a_file_that_cannot_be_written_is_one_sentence_and_leaves_nothing(
    engine: sa.Engine, key: SigningKey, tmp_path: Path
) -> None:
    with pytest.raises(ExportFailed, match=r"the evidence cannot be written .*; name another file"):
        write_file(engine, PERIOD, tmp_path / "none" / "e.zip", key, by="ada")


def test_the_same_decisions_have_the_same_hashes(engine: sa.Engine, key: SigningKey, tmp_path: Path) -> None:
    def hashes(name: str) -> dict[str, Any]:
        write_file(engine, PERIOD, tmp_path / name, key, by="ada")
        listed = check(tmp_path / name).manifest["files"]
        return {one["name"]: one["sha256"] for one in listed if one["name"] != "README.txt"}

    assert hashes("one.zip") == hashes("two.zip")
