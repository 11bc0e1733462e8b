"""Sends a message by SMTP: one mail to all recipients of a channel."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from telemetry.alerts.message import subject_line, text_of
from telemetry.alerts.outbox import Event
from telemetry.alerts.webhook import is_loopback
from telemetry.errors import DeliveryFailed

TIMEOUT_S: Final = 15.0
_PORTS: Final = {"smtp": 587, "smtps": 465}
_LONGEST_SUBJECT: Final = 200


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One channel by e-mail."""

    name: str
    server: str = field(repr=False)
    """``smtp://user:password@host:587`` (STARTTLS, but on loopback), or ``smtps://...:465``. User and password are
    percent-encoded, and may be left out."""
    sender: str = field(repr=False)
    recipients: tuple[str, ...] = field(repr=False)
    dashboard: str | None = None
    timeout_s: float = TIMEOUT_S

    def send(self, events: Sequence[Event]) -> None:
        """Send one mail.

        Raises:
            DeliveryFailed: with no address in it.
        """
        parts = checked(self.server)
        mail = self._mail(events)
        try:
            with self._connected(parts) as server:
                if parts.username:
                    server.login(unquote(parts.username), unquote(parts.password or ""))
                refused = server.send_message(mail)
        except smtplib.SMTPAuthenticationError:
            raise DeliveryFailed("the mail server refused the user or the password") from None
        except smtplib.SMTPRecipientsRefused:
            raise DeliveryFailed("the mail server refused every recipient") from None
        except smtplib.SMTPResponseException as error:
            raise DeliveryFailed(f"the mail server refused with code {error.smtp_code}") from None
        except smtplib.SMTPNotSupportedError:
            raise DeliveryFailed(
                "the mail server offers no STARTTLS or no login; use smtps:// or leave the user out"
            ) from None
        except TimeoutError:
            raise DeliveryFailed(f"the mail server did not answer within {self.timeout_s:g} s") from None
        except ssl.SSLError as error:
            raise DeliveryFailed(f"the mail server's TLS is not accepted ({error.reason or 'unknown'})") from None
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise DeliveryFailed(f"the mail server cannot be reached ({type(error).__name__})") from None
        if refused:
            raise DeliveryFailed(f"the mail server refused {len(refused)} of {len(self.recipients)} recipients")

    def _connected(self, parts: SplitResult) -> smtplib.SMTP:
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        context = ssl.create_default_context()
        if parts.scheme == "smtps":
            return smtplib.SMTP_SSL(host, port, timeout=self.timeout_s, context=context)
        server = smtplib.SMTP(host, port, timeout=self.timeout_s)
        if not is_loopback(host):
            try:
                server.starttls(context=context)
            except BaseException:
                server.close()
                raise
        return server

    def _mail(self, events: Sequence[Event]) -> EmailMessage:
        mail = EmailMessage()
        try:
            mail["From"] = _address(self.sender)
            mail["To"] = tuple(_address(one) for one in self.recipients)
        except (MessageError, ValueError, IndexError):
            raise DeliveryFailed("the sender or a recipient is no e-mail address") from None
        mail["Subject"] = f"RouteScope {subject_line(events)}"[:_LONGEST_SUBJECT]
        mail["Date"] = format_datetime(datetime.now(UTC))
        # Once for each event: a mail that is sent again is recognised by readers and by people.
        mail["Message-ID"] = f"<{events[0].event_id}.{len(events)}@routescope.invalid>"
        mail.set_content(text_of(events, self.dashboard) + "\n")
        return mail


def checked(url: str) -> SplitResult:
    """The parts of a mail server's URL.

    Raises:
        DeliveryFailed: it is none, or would send a password in clear to another machine.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise DeliveryFailed("the mail server's URL cannot be read; write smtp://USER:PASSWORD@HOST:587") from None
    if parts.scheme not in _PORTS or not host or port == 0:
        raise DeliveryFailed("the mail server's URL is none; write smtp://USER:PASSWORD@HOST:587 or smtps://...:465")
    return parts


def _address(text: str) -> Address:
    return Address(addr_spec=text.strip())
