"""What can go wrong between the dashboard and the gateway, each as one sentence for the reader.

GatewayError                 `code` and `status` as the gateway gave them
├── GatewayUnreachable       no connection, or no answer in time
├── OperatorsOnly            not asked: who looks is a viewer
└── GatewayGarbled           it answered, but not in the words of this version
"""

from __future__ import annotations


class GatewayError(Exception):
    """The gateway refused, or could not be asked. ``str(error)`` is one sentence to show."""

    def __init__(self, message: str, *, code: str = "gateway_error", status: int | None = None) -> None:
        self.code = code
        self.status = status
        super().__init__(message)


class GatewayUnreachable(GatewayError):
    """Nobody answers at the gateway's address."""


class OperatorsOnly(GatewayError):
    """Only operators may, and whoever looks is none."""


class GatewayGarbled(GatewayError):
    """What came back is not what this version of the gateway sends."""
