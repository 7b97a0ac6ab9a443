"""`manage.py parity`: the same as the API, in a terminal."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from rich.console import Console

from apps.analysis.enums import RunMode
from apps.analysis.kinds import PARITY_KIND
from apps.analysis.management.commands import parity as command
from apps.analysis.management.parity_tables import report_print
from apps.analysis.models import ParityRun
from apps.analysis.services.parity_run import parity_run
from apps.analysis.services.report import report_make
from apps.analysis.tests.comparing import TWO, parity_do, parity_make
from apps.analysis.tests.factories import NOW, Surroundings, job_end, series_make
from apps.core.errors import ApplicationError
from apps.jobs.models import Job
from apps.jobs.services import job_claim, job_fail
from apps.market.enums import Timeframe
from apps.market.requests import ImportRequest
from apps.market.services import candles_import
from apps.market.tests.candles import csv_lines, csv_write
from apps.market.tests.listings import luna
from apps.users.tests.factories import UserFactory

if TYPE_CHECKING:
    from pathlib import Path

    from apps.engines.runner.pool import EnginePool
    from apps.market.models import CandleSeries
    from apps.strategies.models import Strategy
    from apps.users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def broken(two_engines: EnginePool, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Do jobs in this process, so that they see this test's database.

    Returns:
        Engines that are to fail.
    """
    names: set[str] = set()

    def job_run(job_id: str) -> None:
        job = Job.objects.get(pk=job_id)
        context = Surroundings(job, two_engines, frozenset(names))
        do = parity_run if job.kind == PARITY_KIND else report_make
        try:
            do(context=context)
        except ApplicationError as error:
            claimed = job_claim(job_id=job.pk, worker="test", now=job.created_at)
            assert claimed is not None
            job_fail(
                job_id=job.pk,
                attempt=claimed.attempt,
                error=error,
                log=(),
                now=job.created_at,
            )
        else:
            job_end(job)

    monkeypatch.setattr(command, "job_run", job_run)
    return names


def told(**options: Any) -> str:
    """Return what the command printed, as wide as a terminal may be."""
    out = io.StringIO()
    known = {"strategy": "Quick cross", "series": "BTC/USDT 1h", "engines": None}
    call_command("parity", **known | options, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_it_prints_who_took_part_the_matrix_and_where_the_page_is(
    series: CandleSeries, strategy: Strategy
) -> None:
    text = told(engines=",".join(TWO))

    run = ParityRun.objects.get()
    assert "verdict: agree" in text
    assert "reference / vectorbt" in text
    assert text.count("100%") == 6
    assert f"{run.pk}/report.html" in text.replace("\n", "")
    # Nothing is cut off or wrapped where it would not be read.
    assert max(len(line) for line in text.splitlines()[:-1]) <= 80


def test_it_can_print_the_report_for_programs(
    series: CandleSeries, strategy: Strategy
) -> None:
    report = json.loads(told(engines=", ".join(TWO), json=True))

    assert report["verdict"] == "agree"
    assert len(report["pairs"]) == 1


def test_in_native_mode_it_tells_what_the_defaults_cost_and_can_fail_by_it(
    series: CandleSeries, strategy: Strategy
) -> None:
    options = {"engines": ",".join(TWO), "mode": RunMode.NATIVE}

    text = told(**options)
    with pytest.raises(CommandError, match="the engines differ"):
        told(**options, strict=True)

    assert "verdict: differ" in text
    assert "they part first at 2024-01-0" in text
    assert "What vectorbt's defaults do" in text
    assert "fill price" in text


def test_a_comparison_that_fails_is_an_error_with_its_reason(
    series: CandleSeries, strategy: Strategy, broken: set[str]
) -> None:
    broken.add("vectorbt")

    with pytest.raises(CommandError, match="the comparison failed: Fewer than two"):
        told(engines=",".join(TWO))


def test_candles_below_the_threshold_are_refused_or_accepted_and_told(
    user: User, strategy: Strategy, tmp_path: Path
) -> None:
    path = csv_write(tmp_path / "luna.csv", csv_lines(luna(800, 300)))
    request = ImportRequest("binance", "LUNA/USDT")
    candles_import(actor=user, path=path, label=path.name, request=request, now=NOW)
    asked: dict[str, Any] = {"series": "LUNA/USDT 1h", "engines": ",".join(TWO)}

    with pytest.raises(CommandError, match=r"1 break.*\[quality_below_threshold\]"):
        told(**asked)
    text = told(**asked, accept_below=True)

    assert "verdict: agree" in text
    assert "below the threshold: It has 1 break, 0 are allowed." in text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"strategy": "Slow cross"}, "no strategy 'Slow cross'; there are: Quick"),
        ({"series": "DOGE/USDT 1h"}, "There is no series 'DOGE/USDT 1h'; there are: "),
        ({"engines": "reference"}, r"at least two engines.*\[engines_invalid\]"),
        ({"engines": "reference,zipline"}, r"\[engine_unknown\]"),
        ({"user": "nobody"}, "no user 'nobody'"),
        ({"start": "2030-01-01"}, r"\[range_empty\]"),
        ({"capital": "0"}, "--capital: '0': Ensure this value is greater"),
        ({"fees": "2"}, "--fees: '2': Ensure this value is less"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(
    series: CandleSeries, strategy: Strategy, options: dict[str, Any], words: str
) -> None:
    arguments = {"strategy": "Quick cross", "series": "BTC/USDT 1h"} | options

    with pytest.raises(CommandError, match=words):
        call_command("parity", *(f"--{key}={one}" for key, one in arguments.items()))

    assert not ParityRun.objects.exists()


@pytest.mark.parametrize(
    "option", ["--capital=much", "--capital=nan", "--fees=-1", "--start=2023-13-01"]
)
def test_an_option_that_cannot_be_read_is_named(option: str) -> None:
    with pytest.raises(CommandError, match=option.partition("=")[0]):
        call_command("parity", "--strategy=x", "--series=y", option)


def test_a_name_that_fits_several_series_is_not_guessed(
    user: User, series: CandleSeries, strategy: Strategy
) -> None:
    with pytest.raises(CommandError, match="several of series 'BTC'"):
        series_make(user, timeframe=Timeframe.H4)
        told(series="BTC", engines=",".join(TWO))


def test_with_several_users_one_must_be_named(
    series: CandleSeries, strategy: Strategy
) -> None:
    UserFactory.create()

    with pytest.raises(CommandError, match="--user NAME"):
        told()


def test_engines_that_were_left_out_or_failed_are_printed_with_their_reasons(
    user: User, two_engines: EnginePool
) -> None:
    parity = parity_do(parity_make(user), two_engines)
    failed = parity.report["participants"][1]
    failed |= {"trades": 0, "error": {"code": "engine_crashed", "detail": "[red]SEGV"}}
    out = io.StringIO()

    report_print(
        Console(file=out, width=100),
        parity.report,
        [{"engine": "hftbacktest", "code": "x", "reason": "no [stops]"}],
    )

    assert "failed: [red]SEGV" in out.getvalue()
    assert "left out: hftbacktest: no [stops]" in out.getvalue()
