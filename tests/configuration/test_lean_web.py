"""A web process stays small: it never computes, so it loads nothing that does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from apps.analysis.results import TRADES_FILE, result_write
from apps.engines.registry import engine_load
from apps.engines.sample import sample_request

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
NUMERICAL = (
    "boto3",
    "ccxt",
    "celery",
    "kombu",
    "matplotlib",
    "numba",
    "numpy",
    "pandas",
    "pyarrow",
    "talib",
    "vectorbt",
)


def loaded(code: str, *arguments: str) -> Sequence[str]:
    """Return which numerical libraries a fresh process has loaded after some code."""
    ask = f"\nimport sys\nprint(*(n for n in {NUMERICAL!r} if n in sys.modules))"
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code + ask, *arguments],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_a_web_process_starts_without_any_numerical_library() -> None:
    code = "import config.asgi, config.urls"
    assert loaded(code) == []


def test_exchanges_are_listed_without_importing_what_reaches_them() -> None:
    code = (
        "import django; django.setup();"
        "from apps.market.selectors.exchanges import exchange_list;"
        "assert len(exchange_list(can=('candles',))) > 50"
    )
    assert loaded(code) == []


def test_a_page_of_trades_loads_no_pandas(tmp_path: Path) -> None:
    request = sample_request()
    result_write(tmp_path, request.bars, engine_load("reference").run(request))
    code = (
        "import sys; from pathlib import Path;"
        "import django; django.setup();"
        "from apps.analysis.results import table_read, table_rows;"
        "assert len(list(table_rows(table_read(Path(sys.argv[1]))))) == 4"
    )
    found = loaded(code, str(tmp_path / TRADES_FILE))
    assert "pandas" not in found
    assert "numba" not in found


@pytest.mark.parametrize(
    "command", ["migrate", "run_worker", "import_candles", "check_data"]
)
def test_an_admin_task_tells_how_it_is_used(command: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "manage.py", command, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "usage" in done.stdout
