"""Ports that are kept for a part, also while it is down."""

from __future__ import annotations

import socket

import pytest

from risk.runtime.parts import LOOPBACK, Ports


def test_two_desks_that_want_the_same_port_get_different_ones() -> None:
    first, second, third = Ports(), Ports(), Ports()
    wanted = first.take()
    first.close()
    assert first.take(wanted) == wanted
    assert second.take(wanted) != wanted
    first.close()
    assert third.take(wanted) == wanted
    second.close()
    third.close()


def test_a_port_that_somebody_listens_on_is_not_taken() -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        ports = Ports()
        assert ports.take(port) != port
        ports.close()


def test_a_kept_port_refuses_until_its_server_listens_and_after_it_is_gone() -> None:
    ports = Ports()
    port = ports.take()
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((LOOPBACK, port), timeout=5)
        with socket.create_server((LOOPBACK, port)):
            socket.create_connection((LOOPBACK, port), timeout=5).close()
    ports.close()
