"""Addresses of images that could only be fetched from within a network are told from public ones, without a look-up."""

from __future__ import annotations

import pytest

from app.gateway.public import is_public
from tests.hostile import INNER_ADDRESSES
from tests.sockets import sockets


@pytest.mark.parametrize("url", INNER_ADDRESSES)
def test_an_address_within_a_network_is_none_for_an_image(url: str) -> None:
    with sockets() as opened:
        assert not is_public(url)
    assert opened == []


@pytest.mark.parametrize(
    "url",
    [
        "https://images.example.org/a.png?w=100&h=@2x",
        "https://example.org:8443/a%20b.png",
        "https://93.184.215.14/a.png",
        "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/a.png",
        "https://xn--bcher-kva.example.org./a.png",
    ],
)
def test_a_public_address_stays_one(url: str) -> None:
    with sockets() as opened:
        assert is_public(url)
    assert opened == []
