"""Addresses of images that could only be fetched from within a network are told from public ones, without a look-up."""

from __future__ import annotations

import pytest

from app.gateway.public import is_public
from tests.sockets import sockets

INNER = (
    "https://127.0.0.1/a.png",
    "https://127.1/a.png",
    "https://2130706433/a.png",
    "https://0x7f000001/a.png",
    "https://0177.0.0.1/a.png",
    "https://127.0.0.1./a.png",
    "https://0.0.0.0/a.png",
    "https://10.0.0.8/a.png",
    "https://172.16.0.1:8443/a.png",
    "https://192.168.1.1/a.png",
    "https://100.64.0.1/a.png",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::1]/a.png",
    "https://[::ffff:127.0.0.1]/a.png",
    "https://[64:ff9b::7f00:1]/a.png",
    "https://[2002:7f00:1::]/a.png",
    "https://[fd00:ec2::254]/latest/",
    "https://[fe80::1]/a.png",
    "https://224.0.0.1/a.png",
    "https://localhost/a.png",
    "https://LOCALHOST./a.png",
    "https://metadata.google.internal/computeMetadata/v1/",
    "https://printer.local/a.png",
    "https://intranet/a.png",
    "https://example.org@127.0.0.1/a.png",
    "https://example.org\\@127.0.0.1/a.png",
    "https://127.0.0.1%2eexample.org/a.png",
    "https://\u2460\u2461\u2466.0.0.1/a.png",
    "https://[::1/a.png",
    "https://example.org:port/a.png",
    "https:///a.png",
    "https://..example.org/a.png",
)


@pytest.mark.parametrize("url", INNER)
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
