"""The watch over a file: what counts as a change, when it is over, and that each is told once."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.policy_watch import LOOK_EVERY_S, Change, PolicyWatch, follow
from router_core.clock import ManualClock


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "policy.toml"
    made.write_text("one")
    return made


def told(watch: PolicyWatch, looks: int = 4) -> list[Change]:
    """What a few looks in a row say, without those that say nothing."""
    return [change for change in (watch.look() for _ in range(looks)) if change != "none"]


def replace_by_rename(file: Path, text: str) -> None:
    other = file.with_name("policy.toml.new")
    other.write_text(text)
    other.replace(file)


def test_a_file_that_nobody_touches_is_never_told(file: Path) -> None:
    assert told(PolicyWatch(file)) == []


def test_a_file_written_in_place_is_told_once(file: Path) -> None:
    watch = PolicyWatch(file)
    file.write_text("two, and longer")
    assert told(watch) == ["changed"]


def test_a_file_replaced_by_a_rename_is_told_once(file: Path) -> None:
    watch = PolicyWatch(file)
    replace_by_rename(file, "two")
    assert told(watch) == ["changed"]


def test_a_change_of_equal_size_and_date_is_told(file: Path) -> None:
    watch = PolicyWatch(file)
    before = file.stat()
    file.write_text("six")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_mtime_ns, file.stat().st_size) == (before.st_mtime_ns, before.st_size)
    assert told(watch) == ["changed"]


def test_what_is_written_right_after_the_watch_was_made_is_a_change(file: Path) -> None:
    watch = PolicyWatch(file)
    replace_by_rename(file, "two")
    assert watch.look() == "none", "the first look cannot know whether more comes"
    assert watch.look() == "changed"


def test_a_file_that_is_being_written_is_not_told_before_it_rests(file: Path) -> None:
    watch = PolicyWatch(file)
    with file.open("w") as writing:
        for _ in range(5):
            writing.write("a piece of it\n")
            writing.flush()
            assert watch.look() == "none"
    assert told(watch) == ["changed"]


def test_a_file_that_is_gone_is_told_and_that_it_is_back_too(file: Path) -> None:
    watch = PolicyWatch(file)
    aside = file.rename(file.with_name("aside"))
    assert told(watch) == ["changed"]
    aside.rename(file)
    assert told(watch) == ["changed"], "though its inode, size and date are those from before"


def test_a_file_that_is_back_before_the_second_look_is_told_once(file: Path) -> None:
    watch = PolicyWatch(file)
    file.unlink()
    assert watch.look() == "none"
    file.write_text("two")
    assert told(watch) == ["changed"]


def test_a_link_in_the_middle_of_a_chain_of_links_is_followed(tmp_path: Path) -> None:
    """As Kubernetes mounts a configuration: ..data points to a dated folder, and is exchanged by a rename."""
    for day in ("monday", "tuesday"):
        (tmp_path / day).mkdir()
        (tmp_path / day / "policy.toml").write_text(day)
    (tmp_path / "..data").symlink_to("monday")
    (tmp_path / "policy.toml").symlink_to("..data/policy.toml")
    watch = PolicyWatch(tmp_path / "policy.toml")
    (tmp_path / "..next").symlink_to("tuesday")
    (tmp_path / "..next").replace(tmp_path / "..data")
    assert told(watch) == ["changed"]


def test_links_that_lead_nowhere_or_in_a_circle_are_no_error(tmp_path: Path) -> None:
    link = tmp_path / "policy.toml"
    link.symlink_to("nowhere")
    watch = PolicyWatch(link)
    link.unlink()
    link.symlink_to(link)
    assert told(watch) == ["changed"]


def test_ten_changes_between_two_looks_are_one(file: Path) -> None:
    watch = PolicyWatch(file)
    for number in range(10):
        replace_by_rename(file, f"version {number}")
    assert told(watch) == ["changed"]


def test_who_asks_is_told_at_the_next_look_and_once_though_nothing_changed(file: Path) -> None:
    watch = PolicyWatch(file)
    watch.ask()
    watch.ask()
    assert told(watch) == ["asked"]


def test_a_change_that_was_read_because_somebody_asked_is_not_told_again(file: Path) -> None:
    watch = PolicyWatch(file)
    replace_by_rename(file, "two")
    watch.ask()
    assert told(watch) == ["asked"]


class Walked(ManualClock):
    """A clock that writes down how long it was slept on, and cancels the sleeper at the end."""

    def __init__(self, looks: int) -> None:
        super().__init__(datetime(2026, 11, 23, tzinfo=UTC))
        self.left = looks

    async def sleep(self, seconds: float) -> None:
        self.left -= 1
        if self.left < 0:
            raise asyncio.CancelledError
        await super().sleep(seconds)


async def test_following_looks_twice_a_second_and_reloads_at_each_change(file: Path) -> None:
    clock, watch = Walked(12), PolicyWatch(file)
    reloads: list[tuple[Change, int]] = []

    async def reload(change: Change) -> None:
        reloads.append((change, clock.monotonic_ns()))
        if len(reloads) == 1:
            watch.ask()

    replace_by_rename(file, "two")
    with suppress(asyncio.CancelledError):
        await follow(watch, reload, clock)
    step = round(LOOK_EVERY_S * 1e9)
    assert reloads == [("changed", 2 * step), ("asked", 3 * step)]
