"""The edge's certificate, made or given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from apps.core.edge.certificate import certificate_ensure
from apps.core.edge.errors import CertificateUnusable

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOSTS = ["trade.example.org", ".example.net", "127.0.0.1", "[::1]"]


def make(folder: Path, now: datetime = NOW, hosts: list[str] = HOSTS) -> str:
    return certificate_ensure(folder=folder, hosts=hosts, now=now)[2]


def test_where_there_is_none_one_is_made_for_every_host(tmp_path: Path) -> None:
    assert "self-signed" in make(tmp_path)
    found = x509.load_pem_x509_certificate((tmp_path / "tls.crt").read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [
        "trade.example.org",
        "*.example.net",
        "example.net",
    ]
    addresses = names.get_values_for_type(x509.IPAddress)
    assert [str(address) for address in addresses] == ["127.0.0.1", "::1"]


def test_only_its_owner_may_read_the_key(tmp_path: Path) -> None:
    make(tmp_path)
    assert (tmp_path / "tls.key").stat().st_mode & 0o777 == 0o600


def test_one_that_is_there_is_kept(tmp_path: Path) -> None:
    make(tmp_path)
    before = (tmp_path / "tls.crt").read_bytes()
    assert "valid for another 396 days" in make(tmp_path, NOW + timedelta(minutes=1))
    assert (tmp_path / "tls.crt").read_bytes() == before


def test_one_of_ours_is_renewed_before_it_runs_out(tmp_path: Path) -> None:
    make(tmp_path)
    assert "renewed" in make(tmp_path, NOW + timedelta(days=370))


def test_one_of_ours_is_made_anew_for_a_new_host(tmp_path: Path) -> None:
    make(tmp_path)
    assert "renewed" in make(tmp_path, hosts=[*HOSTS, "new.example.com"])


@pytest.mark.parametrize(
    ("there", "missing"), [("tls.crt", "tls.key"), ("tls.key", "tls.crt")]
)
def test_one_without_the_other_is_refused_by_name(
    tmp_path: Path, there: str, missing: str
) -> None:
    make(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(
        CertificateUnusable, match=f"{there} is there without {missing}"
    ):
        make(tmp_path)


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    make(tmp_path)
    make(other)
    (other / "tls.key").replace(tmp_path / "tls.key")
    with pytest.raises(CertificateUnusable, match="is not the key of"):
        make(tmp_path)


@pytest.mark.parametrize("name", ["tls.crt", "tls.key"])
def test_what_is_no_pem_is_refused_without_showing_it(
    tmp_path: Path, name: str
) -> None:
    make(tmp_path)
    (tmp_path / name).write_text("CANARY")
    with pytest.raises(CertificateUnusable, match=name) as refused:
        make(tmp_path)
    assert "CANARY" not in refused.value.message


def test_somebody_elses_that_has_run_out_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.core.edge.certificate.OURS", "Somebody")
    make(tmp_path)
    monkeypatch.undo()
    with pytest.raises(CertificateUnusable, match="has run out"):
        make(tmp_path, NOW + timedelta(days=398))


def test_hosts_that_somebody_elses_does_not_name_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.core.edge.certificate.OURS", "Somebody")
    make(tmp_path)
    monkeypatch.undo()
    said = make(tmp_path, hosts=["a.example.net", "other.example.com"])
    assert "does not name other.example.com of ALLOWED_HOSTS" in said
