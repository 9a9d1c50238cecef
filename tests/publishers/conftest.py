"""A sandbox for the tests of one file, and what the tests of all platforms do with it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from publishers.base import Level, Publisher, Surroundings
from publishers.http import Http
from sandbox.server import Serving, serve
from tests.publishers.contract import ARTICLE

P = TypeVar("P", bound=Publisher)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Serving]:
    with serve(port=0) as serving:
        yield serving


def order(sandbox: Serving, path: str, **body: Any) -> Any:
    answer = requests.post(f"{sandbox.url}/_sandbox/{path}", json=body or None, timeout=5)
    assert answer.ok, answer.text
    return answer.json() if answer.content else None


def made(kind: type[P], credentials: Mapping[str, Any], settings: Mapping[str, Any]) -> P:
    """A publisher that may call the address in its settings, be it private, and does not wait for long."""
    http = Http(private_origins=frozenset({kind.origin(settings)}), deadline=3, read=2)
    surroundings = Surroundings(http=http, files=Path("/nonexistent"))
    return kind(credentials=credentials, settings=settings, surroundings=surroundings)


def said(publisher: Publisher, **changes: Any) -> list[tuple[Level, str]]:
    """What is said beforehand about Ada's article with some changes."""
    return [(finding.level, finding.field) for finding in publisher.check(replace(ARTICLE, **changes))]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that nobody has reason to trust, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    start = datetime.now(UTC) - timedelta(days=1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start + timedelta(days=9))
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(key.private_bytes(*form) + signed.public_bytes(serialization.Encoding.PEM))
    return path
