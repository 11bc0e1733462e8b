"""Sends a message to a webhook: one POST, no redirect followed, within a total time."""

from __future__ import annotations

import http.client
import ipaddress
import json
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias
from urllib.parse import SplitResult, urlsplit

from telemetry.alerts.message import document, slack
from telemetry.alerts.outbox import Event
from telemetry.errors import DeliveryFailed

Form: TypeAlias = Literal["slack", "json"]

TIMEOUT_S: Final = 10.0
_MOST_READ: Final = 64 * 1024
_LOOPBACK_NAMES: Final = ("localhost",)
_OK: Final = range(200, 300)
_MOVED: Final = range(300, 400)


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook."""

    name: str
    url: str = field(repr=False)
    """``https://...``, or ``http://`` on loopback. Whoever knows it can post, so it is shown nowhere."""
    form: Form = "slack"
    dashboard: str | None = None
    timeout_s: float = TIMEOUT_S

    def send(self, events: Sequence[Event]) -> None:
        """Post a message.

        Raises:
            DeliveryFailed: with neither the address nor what the receiver said in it.
        """
        parts = checked(self.url)
        body = slack(events, self.dashboard) if self.form == "slack" else document(events, self.dashboard)
        payload = json.dumps(body).encode()
        until = time.monotonic() + self.timeout_s
        connection = _connection(parts, self.timeout_s)
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            headers = {"Content-Type": "application/json", "User-Agent": "routescope"}
            connection.request("POST", target, payload, headers)
            if connection.sock is not None:
                connection.sock.settimeout(max(until - time.monotonic(), 0.01))
            response = connection.getresponse()
            status = response.status
            response.read(_MOST_READ)
        except TimeoutError:
            raise DeliveryFailed(f"it did not answer within {self.timeout_s:g} s") from None
        except ssl.SSLError as error:
            raise DeliveryFailed(f"its certificate or its TLS is not accepted ({error.reason or 'unknown'})") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            # Without the error's own words: they may repeat the address.
            raise DeliveryFailed(f"it cannot be reached ({type(error).__name__})") from None
        finally:
            connection.close()
        if status in _MOVED:
            raise DeliveryFailed(
                f"it answered HTTP {status}, a redirect; redirects are not followed, give the final URL"
            )
        if status not in _OK:
            raise DeliveryFailed(f"it answered HTTP {status}")


def checked(url: str) -> SplitResult:
    """The parts of a URL that may be posted to.

    Raises:
        DeliveryFailed: it is none, or unencrypted to another machine.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise DeliveryFailed("its URL cannot be read; write https://HOST/PATH") from None
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise DeliveryFailed("its URL is no web address; write https://HOST/PATH")
    if parts.username is not None or parts.password is not None:
        raise DeliveryFailed("its URL has a user or a password in it; put what it has to know into the path")
    if parts.scheme == "http" and not is_loopback(host):
        raise DeliveryFailed("its URL is http to another machine; use https, http is for loopback alone")
    if not parts.path.isascii() or not parts.query.isascii():
        raise DeliveryFailed("its URL holds characters that need to be percent-encoded")
    return parts


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its very name; no name is looked up."""
    if host.lower() in _LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _connection(parts: SplitResult, timeout_s: float) -> http.client.HTTPConnection:
    assert parts.hostname is not None
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=timeout_s, context=context)
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout_s)
