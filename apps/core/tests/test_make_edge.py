"""What nginx is given, from the settings."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command

from apps.core.edge.snippets import EdgeSettings, snippets_make

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django import Settings


def snippets(**changes: object) -> dict[str, str]:
    given = {
        "hosts": ["trade.example.org", ".example.net"],
        "https_port": 443,
        "admin_allow": ["10.0.0.0/8"],
        "metrics_allow": [],
        "requests_per_second": 100,
        "body_bytes": 1000,
        "upload_bytes": 5000,
    }
    return snippets_make(EdgeSettings(**(given | changes)))  # type: ignore[arg-type]


@pytest.fixture
def folders(tmp_path: Path, settings: Settings) -> tuple[Path, Path]:
    settings.ALLOWED_HOSTS = ["trade.example.org"]
    settings.STATIC_ROOT = tmp_path / "collected"
    settings.STATIC_ROOT.mkdir()
    (settings.STATIC_ROOT / "a.css").write_text("body {}")
    (tmp_path / "tls").mkdir()
    return tmp_path / "tls", tmp_path / "edge"


def edge(folders: tuple[Path, Path]) -> str:
    out = StringIO()
    tls, to = folders
    call_command("make_edge", "--tls", str(tls), "--to", str(to), stdout=out)
    return out.getvalue()


def test_everything_that_nginx_includes_is_written(folders: tuple[Path, Path]) -> None:
    assert "self-signed" in edge(folders)
    assert {path.name for path in folders[1].iterdir()} == {
        "admin.conf", "body.conf", "http.conf", "metrics.conf", "static", "tls.crt",
        "tls.key", "upload.conf",
    }  # fmt: skip
    assert (folders[1] / "static" / "a.css").read_text() == "body {}"


def test_old_static_files_go(folders: tuple[Path, Path], settings: Settings) -> None:
    edge(folders)
    (settings.STATIC_ROOT / "a.css").rename(settings.STATIC_ROOT / "b.css")
    edge(folders)
    assert [path.name for path in (folders[1] / "static").iterdir()] == ["b.css"]


def test_a_certificate_without_its_key_ends_the_start(
    folders: tuple[Path, Path],
) -> None:
    edge(folders)
    (folders[0] / "tls.key").unlink()
    with pytest.raises(CommandError, match=r"tls\.crt is there without tls\.key"):
        edge(folders)


def test_a_folder_that_cannot_be_written_is_named(folders: tuple[Path, Path]) -> None:
    folders[1].write_text("a file")
    with pytest.raises(CommandError, match=r"edge.* cannot be written"):
        edge(folders)


def test_nobody_is_allowed_where_no_network_is() -> None:
    assert snippets()["metrics.conf"] == "deny all;\n"
    assert snippets()["admin.conf"] == "allow 10.0.0.0/8;\ndeny all;\n"


def test_a_redirect_leads_only_to_our_own_names() -> None:
    text = snippets()["http.conf"]
    assert 'default "trade.example.org";' in text
    assert '".example.net" $host;' in text


def test_no_name_is_told_to_nginx_twice() -> None:
    text = snippets(hosts=["a.org", ".a.org", "B.org", "b.org"])["http.conf"]
    assert text.count('a.org" ') == 1
    assert text.count('"b.org" "b.org";') == 1
    assert 'default "a.org";' in text


def test_a_redirect_names_a_port_that_is_not_the_usual_one() -> None:
    assert 'default "";' in snippets()["http.conf"].splitlines()[-1]
    assert 'default ":8443";' in snippets(https_port=8443)["http.conf"]
