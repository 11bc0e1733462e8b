"""Clients that take too long over a request, or never read its answer, lose their connection; others do not."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from app.gateway.connection import LARGEST_HEAD, Connection, Patience

POST = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n"
GET = b"GET /quick HTTP/1.1\r\nhost: x\r\n\r\n"
PIECE = b"x" * 65536


class Hasty(Connection):
    patience = Patience(head_s=0.3, body_s=1.2, idle_s=0.3, linger_s=0.3, stall_s=0.3)


class Application:
    """Reads a body and says how long it is; at other paths answers at once, slowly, or without end."""

    def __init__(self) -> None:
        self.left = threading.Event()
        """A client left before its body had come."""
        self.go_on = threading.Event()
        """A slow answer may come."""
        self.begun = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while scope["path"] == "/":
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left.set()
                return
            body += message["body"]
            if not message["more_body"]:
                break
        if scope["path"] == "/slow":
            self.begun.set()
            await asyncio.to_thread(self.go_on.wait, 60)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while scope["path"] == "/endless":
            await send({"type": "http.response.body", "body": PIECE, "more_body": True})
            if (await _seen(receive)) == "http.disconnect":
                self.left.set()
                return
        await send({"type": "http.response.body", "body": str(len(body)).encode()})


async def _seen(receive: Receive) -> str:
    """What a server says without being waited for."""
    try:
        return str((await asyncio.wait_for(receive(), 0.01))["type"])
    except TimeoutError:
        return ""


@pytest.fixture(scope="module")
def application() -> Application:
    return Application()


@pytest.fixture(scope="module")
def port(application: Application) -> Iterator[int]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    config = uvicorn.Config(application, http=Hasty, ws="none", lifespan="off", log_config=None, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    yield int(listener.getsockname()[1])
    server.should_exit = True
    thread.join(20)


@pytest.fixture
def client(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as made:
        yield made


def rest(client: socket.socket) -> bytes:
    """All that comes until the server closes."""
    found = b""
    while piece := client.recv(65536):
        found += piece
    return found


@pytest.mark.parametrize("begun", [b"", b"G", b"GET / HTTP/1.1\r\nhost: x\r\n"], ids=["nothing", "a byte", "a header"])
def test_a_head_that_does_not_come_is_waited_for_a_while(client: socket.socket, begun: bytes) -> None:
    client.sendall(begun)
    assert rest(client).startswith(b"HTTP/1.1 408 Request Timeout\r\n")


def test_a_head_that_comes_by_drops_is_not_waited_for_longer(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=0.05) as client:
        client.sendall(b"GET / HTTP/1.1\r\n")
        for _ in range(2_000):
            try:
                assert client.recv(65536).startswith(b"HTTP/1.1 408")
                return
            except TimeoutError:
                client.sendall(b"x-drop: 1\r\n")
    pytest.fail("a drop now and then kept the connection open")


def test_a_second_request_has_its_own_time(client: socket.socket) -> None:
    client.sendall(GET)
    assert b"200 OK" in client.recv(65536)
    client.sendall(b"GET")
    assert rest(client).endswith(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")


def test_a_body_that_does_not_come_ends_the_request(client: socket.socket, application: Application) -> None:
    application.left.clear()
    client.sendall(POST + b"\r\n12345")
    assert rest(client).startswith(b"HTTP/1.1 408")
    assert application.left.wait(60)


def test_a_body_in_pieces_is_taken(client: socket.socket) -> None:
    client.sendall(POST + b"\r\n12345")
    client.sendall(b"67890")
    assert b"200 OK" in client.recv(65536)


def test_a_head_without_end_is_cut_off(client: socket.socket) -> None:
    client.sendall(b"GET / HTTP/1.1\r\nx-long: " + b"x" * LARGEST_HEAD)
    assert b"431 Request Header Fields Too Large" in rest(client)


def test_an_answer_that_takes_its_time_is_waited_for(
    client: socket.socket, application: Application, port: int
) -> None:
    application.begun.clear()
    application.go_on.clear()
    # Two bytes too many, as some clients send them: they are no request.
    client.sendall(GET.replace(b"/quick", b"/slow") + b"\r\n")
    assert application.begun.wait(60)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as other:
        rest(other)  # by now a head would have been too late
    application.go_on.set()
    assert b"200 OK" in client.recv(65536)


def test_the_rest_of_a_body_that_nobody_reads_is_let_in_for_a_while_only(client: socket.socket) -> None:
    head = b"POST /quick HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000000\r\n\r\n"
    client.sendall(head)
    assert b"200 OK" in client.recv(65536)
    with pytest.raises(OSError):
        while True:
            client.sendall(PIECE)


def test_a_body_that_came_too_late_to_be_read_is_waited_behind_no_longer_than_any(client: socket.socket) -> None:
    client.sendall(POST.replace(b"/ ", b"/quick ") + b"\r\n12345")
    assert b"200 OK" in client.recv(65536)
    client.sendall(b"67890")
    rest(client)


def test_a_request_behind_another_is_read_to_its_end(client: socket.socket) -> None:
    client.sendall(GET + POST + b"\r\n12345")
    found = client.recv(65536)
    assert b"200 OK" in found
    client.sendall(b"67890")
    while not found.endswith(b"2\r\n10\r\n0\r\n\r\n"):
        piece = client.recv(65536)
        assert piece, found
        found += piece
    assert found.count(b"200 OK") == 2


def test_a_client_that_does_not_read_its_answer_is_left_alone(client: socket.socket, application: Application) -> None:
    application.left.clear()
    client.sendall(GET.replace(b"/quick", b"/endless"))
    assert application.left.wait(60)


def test_requests_that_follow_without_waiting_are_answered_in_turn(client: socket.socket) -> None:
    client.sendall(GET * 3)
    found = b""
    while found.count(b"200 OK") < 3:
        piece = client.recv(65536)
        assert piece, found
        found += piece
