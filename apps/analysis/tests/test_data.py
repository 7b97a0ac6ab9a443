"""Whether the rows of results and their files agree."""

from __future__ import annotations

import io
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from apps.analysis.selectors import parity_folder, results_check, results_folder
from apps.analysis.tests.asking import stored as backtest_stored
from apps.analysis.tests.comparing import parity_do, parity_make
from apps.users.tests.factories import UserFactory

if TYPE_CHECKING:
    from apps.engines.runner.pool import EnginePool
    from apps.users.models import User

pytestmark = pytest.mark.django_db

# No job can be at work any more on what is there now.
LATER = datetime(2100, 1, 1, tzinfo=UTC)


def found(now: datetime = LATER) -> set[tuple[str, str]]:
    return {(one.code, one.path) for one in results_check(now=now)}


def orphan(path: Path) -> tuple[str, str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return "file_orphaned", path.relative_to(settings.DATA_DIR).as_posix()


def test_results_as_they_were_written_agree(
    user: User, two_engines: EnginePool
) -> None:
    parity = parity_do(parity_make(user), two_engines)
    (parity_folder(parity.pk) / "report.html").touch()

    assert found() == set()


def test_files_that_no_result_has_are_named(
    user: User, two_engines: EnginePool
) -> None:
    parity = parity_do(parity_make(user), two_engines)
    root = Path(settings.DATA_DIR)
    left = {
        orphan(root / "backtests" / "nobody" / "reference-1" / "trades.parquet"),
        orphan(results_folder(parity.backtest.pk) / "reference-1" / "trades.parquet"),
        orphan(parity_folder(parity.pk) / "matches-1" / "comparison-0.parquet"),
        orphan(root / "parity" / str(parity.backtest.pk) / "report.html"),
        orphan(root / "market-making" / "nobody" / "result-1" / "fills.parquet"),
    }

    assert found() == left
    # A job may still be at work on what is young.
    assert found(datetime.now(UTC)) == set()


def test_a_result_whose_files_are_gone_is_named(done: str) -> None:
    run = backtest_stored(done).runs.get()
    shutil.rmtree(Path(settings.DATA_DIR) / run.path)

    assert found() == {("file_missing", run.path)}


def test_the_command_fails_on_what_is_found(done: str) -> None:
    out = io.StringIO()
    call_command("check_data", stdout=out)
    assert "agree" in out.getvalue()
    shutil.rmtree(Path(settings.DATA_DIR) / backtest_stored(done).runs.get().path)

    with pytest.raises(CommandError, match="1 findings"):
        call_command("check_data", stdout=out)

    assert "The files of this result are gone" in out.getvalue()


def test_nothing_stored_is_nothing_wrong() -> None:
    UserFactory.create()

    assert found() == set()
