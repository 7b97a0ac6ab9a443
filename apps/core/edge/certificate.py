"""The edge's certificate: somebody's own, checked, or one made here."""

from __future__ import annotations

import ipaddress
import os
from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from apps.core.edge.errors import CertificateUnusable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

CERTIFICATE, KEY = "tls.crt", "tls.key"
# The longest that browsers take from anybody whom the user has told them to trust.
SELF_SIGNED_DAYS = 397
RENEW_DAYS = 30
OURS = "Parallax self-signed"


def certificate_ensure(
    *, folder: Path, hosts: Sequence[str], now: datetime
) -> tuple[Path, Path, str]:
    """Return the certificate and its key, made where there is none.

    Args:
        folder: Where `tls.crt` and `tls.key` are, or will be.
        hosts: Names and addresses that the certificate is for.
        now: UTC.

    Returns:
        The certificate's path, the key's path, and what there is to say about them.

    Raises:
        CertificateUnusable: One is there without the other, they do not belong
            together, they cannot be read, or the certificate has run out.
    """
    crt, key = folder / CERTIFICATE, folder / KEY
    if not crt.exists() and not key.exists():
        _make(crt, key, hosts, now)
        return crt, key, f"{CERTIFICATE}: self-signed, for {', '.join(hosts)}"
    for there, missing in ((crt, key), (key, crt)):
        if not missing.exists():
            msg = f"{there.name} is there without {missing.name} in {folder}; put both."
            raise CertificateUnusable(msg)
    certificate = _load(crt, key)
    left = certificate.not_valid_after_utc - now
    if _is_ours(certificate) and (
        left < timedelta(days=RENEW_DAYS) or _uncovered(certificate, hosts)
    ):
        _make(crt, key, hosts, now)
        return crt, key, f"{CERTIFICATE}: self-signed, renewed for {', '.join(hosts)}"
    if left < timedelta(0):
        until = certificate.not_valid_after_utc.isoformat()
        msg = f"{crt.name} has run out: it was valid until {until}. Put a new one."
        raise CertificateUnusable(msg)
    return crt, key, _describe(certificate, hosts, left)


def _load(crt: Path, key: Path) -> x509.Certificate:
    try:
        certificate = x509.load_pem_x509_certificates(crt.read_bytes())[0]
    except (ValueError, OSError) as error:
        msg = f"{crt.name} cannot be read as a PEM certificate: {error}"
        raise CertificateUnusable(msg) from error
    try:
        private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except OSError as error:
        msg = f"{key.name} cannot be read by user {os.getuid()}: {error.strerror}"
        raise CertificateUnusable(msg) from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        # What the library says may quote the file; the key stays out of it.
        msg = f"{key.name} is not a PEM private key without a password."
        raise CertificateUnusable(msg) from error
    if private.public_key() != certificate.public_key():
        msg = f"{key.name} is not the key of {crt.name}; put the two that belong together."
        raise CertificateUnusable(msg)
    return certificate


def _make(crt: Path, key: Path, hosts: Sequence[str], now: datetime) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, OURS),
            x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:64]),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        # A clock that is a little behind must not refuse it.
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=SELF_SIGNED_DAYS))
        .add_extension(
            x509.SubjectAlternativeName(_alternatives(hosts)),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    private_write(key, pem)
    private_write(crt, certificate.public_bytes(serialization.Encoding.PEM))


def private_write(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, as a whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    partial.replace(path)


def _alternatives(hosts: Sequence[str]) -> list[x509.GeneralName]:
    # To Django a leading dot stands for the name itself as well.
    whole = [host[1:] for host in hosts if host.startswith(".")]
    return list(dict.fromkeys(_alternative(host) for host in (*hosts, *whole)))


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        # Django's leading dot stands for all names below.
        return x509.DNSName(f"*{host}" if host.startswith(".") else host)


def _is_ours(certificate: x509.Certificate) -> bool:
    found = certificate.issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return [attribute.value for attribute in found] == [OURS]


def _uncovered(certificate: x509.Certificate, hosts: Sequence[str]) -> list[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
    except x509.ExtensionNotFound:
        return list(hosts)
    covered = set(extension.value)
    return [host for host in hosts if not _covers(covered, host)]


def _covers(covered: set[x509.GeneralName], host: str) -> bool:
    wanted = _alternative(host)
    if wanted in covered:
        return True
    _, _, parent = host.partition(".")
    return bool(parent) and x509.DNSName(f"*.{parent}") in covered


def _describe(
    certificate: x509.Certificate, hosts: Sequence[str], left: timedelta
) -> str:
    text = f"{CERTIFICATE}: valid for another {left.days} days"
    if uncovered := _uncovered(certificate, hosts):
        text += f"; it does not name {', '.join(uncovered)} of ALLOWED_HOSTS"
    return text
