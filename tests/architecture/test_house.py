"""The house: what holds for every room, told by looking at the source."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.core.management import call_command

from config.environment import Environment

ROOT = Path(__file__).parents[2]
TOOLING = ROOT / ".." / "shared" / "design" / "tooling.toml"
LONGEST_FILE = 300
# Read by docker compose, which makes addresses of them, and not by the service.
OF_COMPOSE = (
    "app_scale",
    "engines",
    "http_port",
    "listen_address",
    "postgres_password",
    "redis_password",
    "tls_dir",
    "web_concurrency",
    "worker_processes",
    "worker_scale",
)
SOURCES = sorted(
    path
    for folder in ("apps", "config")
    for path in (ROOT / folder).rglob("*.py")
    if "/migrations/" not in str(path)
)
PRODUCT = [path for path in SOURCES if "/tests/" not in str(path)]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_imports_keep_the_contracts_of_the_house() -> None:
    checker = shutil.which("lint-imports") or str(ROOT / ".venv/bin/lint-imports")
    done = subprocess.run(  # noqa: S603 - our own tool
        [checker, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_a_room_is_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_only_config_reads_the_environment(path: Path) -> None:
    if path.is_relative_to(ROOT / "config"):
        return
    reads = re.findall(r"os\.environ|os\.getenv|pydantic_settings", path.read_text())
    assert reads == []


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_what_is_public_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text())
    silent = [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and path.name not in {"apps.py", "admin.py"}
        and ast.get_docstring(node) is None
    ]
    if path.name not in {"apps.py", "admin.py", "urls.py", "__init__.py"}:
        assert ast.get_docstring(tree), "the module says not what it is for"
    assert silent == []


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_nothing_is_left_unfinished_or_swallowed(path: Path) -> None:
    marks = r"\b(TODO|FIXME|XXX|NotImplementedError)\b|except( Exception)?:\s*pass"
    assert re.findall(marks, path.read_text()) == []


def test_there_is_no_room_without_a_name() -> None:
    nameless = {"utils.py", "helpers.py", "misc.py", "common.py"}
    assert [path for path in SOURCES if path.name in nameless] == []


def test_the_openapi_document_is_fresh_and_without_warnings(tmp_path: Path) -> None:
    fresh = tmp_path / "openapi.yaml"
    # In a process of its own: the errors that tests make up are no part of it.
    command = [sys.executable, "manage.py", "spectacular", "--fail-on-warn"]
    done = subprocess.run(  # noqa: S603 - our own command
        [*command, "--validate", "--file", str(fresh)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    committed = ROOT / "docs" / "openapi.yaml"
    assert fresh.read_text() == committed.read_text(), "run `make schema`"


@pytest.mark.django_db
def test_no_model_waits_for_a_migration() -> None:
    call_command("makemigrations", "--check", "--dry-run")


def test_the_example_environment_names_every_setting_and_no_other() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    named = [
        found[1].lower()
        for line in lines
        if (found := re.match(r"(?:# )?([A-Z][A-Z0-9_]+)=", line))
    ]
    assert sorted(named) == sorted({*Environment.model_fields, *OF_COMPOSE})


def test_the_example_environment_shows_the_true_defaults() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    shown = dict(
        line[2:].split("=", 1) for line in lines if re.match(r"# [A-Z0-9_]+=", line)
    )
    for name, text in shown.items():
        if name.lower() in OF_COMPOSE:
            continue
        default = Environment.model_fields[name.lower()].default
        match default:
            case None | () | {}:
                assert text == "", name
            case bool():
                assert text == str(default).lower(), name
            case tuple():
                assert text == ",".join(default), name
            case float() | int():
                assert float(text) == default, name
            case Path():
                assert ROOT / text == default, name
            case _:
                assert text == default, name


@pytest.mark.skipif(not TOOLING.exists(), reason="the shared tooling is not here")
def test_the_shared_tooling_is_taken_over_word_for_word() -> None:
    ours = (ROOT / "pyproject.toml").read_text().splitlines()
    theirs = TOOLING.read_text().replace("=80", "=90").splitlines()
    position = 0
    for line in theirs:
        position = ours.index(line, position)


def test_the_lock_is_what_a_fresh_resolution_gives(tmp_path: Path) -> None:
    uv = shutil.which("uv") or str(ROOT / ".tools" / "bin" / "uv")
    if not Path(uv).exists():
        pytest.skip("uv is not here")
    for name in ("pyproject.toml", ".python-version", "README.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    fresh = tmp_path / "requirements.lock"
    options = [
        *("--quiet", "--all-extras", "--no-dev", "--no-emit-project", "--no-header"),
        *("--no-emit-package", "polars", "--no-emit-package", "polars-runtime-32"),
        *("--no-annotate", "--format", "requirements-txt"),
    ]
    done = subprocess.run(  # noqa: S603 - our own tool
        [uv, "export", *options, "--output-file", str(fresh)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and re.search("error sending request|dns|connect", done.stderr):
        pytest.skip("the package registry is out of reach")
    assert done.returncode == 0, done.stderr
    assert fresh.read_text() == (ROOT / "requirements.lock").read_text(), "make lock"


def test_the_lock_names_no_address() -> None:
    assert "://" not in (ROOT / "requirements.lock").read_text()
    with (ROOT / "pyproject.toml").open("rb") as file:
        assert "exclude-newer" in tomllib.load(file)["tool"]["uv"]
