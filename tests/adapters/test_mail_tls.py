"""A mail server whose certificate proves nothing: no message and no password go there."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from risk.adapters import notify
from risk.errors import DeliveryError


def self_signed(folder: Path) -> ssl.SSLContext:
    """A certificate for the loopback address that nobody else has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


class Server:
    """Speaks just enough SMTP to come to the handshake; keeps what it hears behind it."""

    def __init__(self, context: ssl.SSLContext, *, from_the_first_byte: bool) -> None:
        self._context, self._from_the_first_byte = context, from_the_first_byte
        self.heard_in_clear: list[bytes] = []
        self.heard_behind_tls: list[bytes] = []
        self.handshakes_refused = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with self._listener:
            connection, _ = self._listener.accept()
        with connection:
            connection.settimeout(10)
            if not self._from_the_first_byte:
                connection.sendall(b"220 sink.local\r\n")
                for answer in (b"250-sink.local\r\n250 STARTTLS\r\n", b"220 go ahead\r\n"):
                    self.heard_in_clear.append(connection.recv(1024))
                    connection.sendall(answer)
            try:
                with self._context.wrap_socket(connection, server_side=True) as safe:
                    self.heard_behind_tls.append(safe.recv(1024))
            except (ssl.SSLError, OSError):
                self.handshakes_refused += 1

    def end(self) -> None:
        self._thread.join(timeout=10)


@pytest.mark.parametrize("mode", ["starttls", "ssl"])
def test_a_certificate_that_nobody_signed_gets_neither_message_nor_password(
    tmp_path: Path, mode: str
) -> None:
    server = Server(self_signed(tmp_path), from_the_first_byte=mode == "ssl")
    channel = notify.open_channel(
        "mail",
        f"mailtos://desk:secret@127.0.0.1:{server.port}?from=desk@example.org&to=trader@example.org"
        f"&smtp=127.0.0.1&mode={mode}",
    )
    with pytest.raises(DeliveryError) as refused:
        notify.send(channel, "title", "body")
    server.end()
    assert refused.value.reason == "unreachable"
    assert not refused.value.is_permanent  # tried again: a certificate may be renewed
    assert server.handshakes_refused == 1
    assert server.heard_behind_tls == []
    commands = [line.split()[0].upper() for line in b"".join(server.heard_in_clear).splitlines()]
    assert set(commands) <= {b"EHLO", b"STARTTLS"}
