"""The local model server: a real child process with a real SmolLM2, started, shared, killed and ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import aiohttp
import pytest

from router_core.errors import ContextTooLong, ModelNotReady
from router_core.providers import model_state
from router_core.providers.base import Call, Completion, TextChunk
from router_core.providers.catalog import CATALOG, find
from router_core.providers.local import LocalProvider
from router_core.providers.local_child import Runtime, llama_missing
from router_core.providers.local_server import LocalServer
from router_core.request import Message
from tests.local_models import SMALL, small_model_folder


@pytest.fixture(scope="session")
def models() -> Path:
    return small_model_folder()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder by which processes find the child of the server below."""
    return tmp_path_factory.mktemp("local-server")


@pytest.fixture(scope="module")
def server(models: Path, run: Path) -> Iterator[LocalServer]:
    """A server for all tests that leave it as it is; to load the model takes seconds."""
    server = LocalServer(models, run)
    server.ensure()
    try:
        yield server
    finally:
        server.close()


def call(prompt: str, **fields: object) -> Call:
    given = {"model": "small", "messages": (Message("user", prompt),), "timeout_s": 60.0, "max_output_tokens": 24}
    return Call(**{**given, "temperature": 0.0, **fields})  # type: ignore[arg-type]


async def ask(provider: LocalProvider, one: Call) -> tuple[str, Completion]:
    text, end = "", None
    async with aclosing(provider.stream(one)) as items:
        async for item in items:
            if isinstance(item, TextChunk):
                text += item.text
            else:
                end = item
    assert end is not None
    return text, end


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


async def until(condition: object, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not come to pass"
        await asyncio.sleep(0.05)


@pytest.mark.local_model
async def test_the_small_model_answers_twice_streams_and_counts(server: LocalServer) -> None:
    assert (await server.ready(SMALL, 60)).ready
    provider = LocalProvider(SMALL, server)
    assert provider.readiness().ready
    for _ in range(2):
        text, end = await ask(provider, call("Write one sentence about the sea."))
        assert len(text.split()) > 3
        assert end.usage.input_tokens and end.usage.output_tokens
        assert end.finish_reason in ("stop", "length")
    await provider.aclose()


@pytest.mark.local_model
async def test_an_answer_keeps_to_a_schema(server: LocalServer) -> None:
    await server.ready(SMALL, 60)
    provider = LocalProvider(SMALL, server)
    schema = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
    text, _ = await ask(provider, call("How old are you?", response_schema=schema, max_output_tokens=64))
    await provider.aclose()
    assert isinstance(json.loads(text)["age"], int)


@pytest.mark.local_model
async def test_it_states_the_mean_log_probability_of_its_tokens_when_asked(server: LocalServer) -> None:
    await server.ready(SMALL, 60)
    provider = LocalProvider(SMALL, server)
    asked = call("Write one sentence about the sea.", logprobs=True, max_output_tokens=16)
    _, end = await ask(provider, asked)
    _, plain = await ask(provider, call("Write one sentence about the sea.", max_output_tokens=4))
    await provider.aclose()
    assert end.mean_logprob is not None
    assert -10 < end.mean_logprob < 0
    assert plain.mean_logprob is None


@pytest.mark.local_model
async def test_a_prompt_too_long_for_the_window_is_said_to_be(server: LocalServer) -> None:
    await server.ready(SMALL, 60)
    provider = LocalProvider(SMALL, server)
    with pytest.raises(ContextTooLong, match="context size"):
        await ask(provider, call("word " * 9000))
    await provider.aclose()


@pytest.mark.timeout(60)  # seconds; an answer that goes on for nobody takes a minute by itself
@pytest.mark.local_model
async def test_closing_the_stream_stops_the_generation(server: LocalServer) -> None:
    await server.ready(SMALL, 60)
    provider = LocalProvider(SMALL, server)
    for _ in range(4):  # more than there are slots: were they not freed, the last would wait for the first
        endless = call("Count from one to ten thousand, in words.", max_output_tokens=3000)
        async with aclosing(provider.stream(endless)) as items:
            async for _ in items:
                break
    text, _ = await ask(provider, call("Say hello.", max_output_tokens=4))
    await provider.aclose()
    assert text


@pytest.mark.local_model
async def test_strangers_without_the_token_are_turned_away(server: LocalServer, run: Path) -> None:
    await server.ready(SMALL, 60)
    url = f"{server.base_url(SMALL)}/chat/completions"
    async with aiohttp.ClientSession() as session, session.post(url, json={"messages": []}) as response:
        assert response.status == 401
    assert (run / "local-models.json").stat().st_mode & 0o077 == 0


@pytest.mark.local_model
async def test_a_second_process_shares_the_first_ones_child_and_leaves_it_alone(
    server: LocalServer, models: Path, run: Path
) -> None:
    await server.ready(SMALL, 60)
    second = LocalServer(models, run)
    second.ensure()
    assert (await second.ready(SMALL, 60)).ready
    assert second.pid == server.pid
    await second.aclose()
    assert server.pid is not None and alive(server.pid)
    assert (await ask(LocalProvider(SMALL, server), call("Hi")))[0]


@pytest.mark.local_model
async def test_a_killed_child_is_not_ready_and_comes_back(models: Path, tmp_path: Path) -> None:
    server = LocalServer(models, tmp_path)
    server.ensure()
    try:
        await server.ready(SMALL, 60)
        first = server.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await until(lambda: not server.status(SMALL).ready)
        assert "the local model server ended (killed" in server.status(SMALL).reason
        with pytest.raises(ModelNotReady, match="ended"):
            await ask(LocalProvider(SMALL, server), call("Hi"))
        await until(lambda: server.status(SMALL).ready)
        assert server.pid != first
    finally:
        await server.aclose()


@pytest.mark.local_model
async def test_closing_ends_the_child_and_removes_its_runtime_file(models: Path, tmp_path: Path) -> None:
    server = LocalServer(models, tmp_path)
    server.ensure()
    await server.ready(SMALL, 60)
    pid = server.pid
    await server.aclose()
    assert pid is not None and not alive(pid)
    assert Runtime.read(tmp_path) is None
    assert server.status(SMALL).reason == "the local model server is not running"


@pytest.mark.local_model
async def test_the_child_does_not_outlive_a_parent_that_is_killed(models: Path, tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from router_core.providers.local_server import LocalServer;"
        "LocalServer(Path(sys.argv[1]), Path(sys.argv[2])).ensure(); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(models), str(tmp_path)])
    try:
        await until(lambda: (found := Runtime.read(tmp_path)) is not None and SMALL in found.models)
        child = Runtime.read(tmp_path)
        assert child is not None
    finally:
        parent.kill()
        parent.wait()
    await until(lambda: not alive(child.pid))


async def test_a_model_that_is_not_pulled_says_how_to_get_it(tmp_path: Path) -> None:
    server = LocalServer(tmp_path / "models", tmp_path / "run")
    server.ensure()
    status = await server.ready(SMALL, 10)
    assert status.reason == "not pulled: run `routescope models pull smollm2-135m`"
    assert not status.passing
    await server.aclose()


async def test_a_model_that_is_being_pulled_shows_how_far(tmp_path: Path) -> None:
    entry = CATALOG[1]
    model_state.write(entry, tmp_path, model_state.FileState("pulling", entry.bytes // 2, entry.bytes))
    server = LocalServer(tmp_path, tmp_path / "run")
    server.ensure()
    status = await server.ready(entry.name, 10)
    assert (status.reason, status.progress, status.passing) == ("pulling 50 %", 0.5, True)
    await server.aclose()


async def test_a_wrong_file_is_never_loaded(tmp_path: Path) -> None:
    entry = find(SMALL)
    (tmp_path / entry.file).write_bytes(b"GGUF but not ours")
    server = LocalServer(tmp_path, tmp_path / "run")
    server.ensure()
    await until(lambda: "not the file it should be" in server.status(SMALL).reason)
    assert (tmp_path / entry.file).exists()
    await server.aclose()


@pytest.mark.local_model
async def test_a_file_that_appears_is_loaded_and_one_that_goes_is_dropped(models: Path, tmp_path: Path) -> None:
    entry = find(SMALL)
    server = LocalServer(tmp_path / "models", tmp_path / "run")
    server.ensure()
    (tmp_path / "models").mkdir(exist_ok=True)
    shutil.copy(models / entry.file, tmp_path / "models" / f"{entry.file}.new")
    (tmp_path / "models" / f"{entry.file}.new").rename(tmp_path / "models" / entry.file)
    await until(lambda: server.status(SMALL).ready)
    (tmp_path / "models" / entry.file).unlink()
    await until(lambda: "not pulled" in server.status(SMALL).reason)
    await server.aclose()


async def test_an_unknown_model_and_a_missing_server_are_reasons() -> None:
    assert "no local model 'x'" in LocalServer(Path("a"), Path("b")).status("x").reason
    assert LocalProvider("x", None).readiness().reason == "local models are switched off here"
    with pytest.raises(ModelNotReady), contextlib.suppress(StopAsyncIteration):
        await anext(aiter(LocalProvider("x", None).stream(call("hi"))))


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("libgomp.so.1: cannot open shared object file: No such file or directory", "apt-get install libgomp1"),
        ("No module named 'xllamacpp'", "xllamacpp is not installed"),
        ("libfoo.so: bad\nmore", "cannot be loaded: libfoo.so: bad"),
    ],
)
def test_a_llama_that_cannot_be_imported_says_what_to_install(reason: str, words: str) -> None:
    assert words in llama_missing(reason)


def test_a_runtime_file_of_garbage_counts_as_none(tmp_path: Path) -> None:
    for text in ("", "[]", '{"pid": 1}', '{"models": {"x": 3}}'):
        (tmp_path / "local-models.json").write_text(text)
        assert Runtime.read(tmp_path) is None
