"""Run a strategy on several engines and show where they agree and where they part."""

from __future__ import annotations

import json
import time
from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rich.console import Console

from apps.analysis.enums import ParityVerdict, RunMode
from apps.analysis.management.parity_tables import parity_print
from apps.analysis.selectors import REPORT, parity_folder
from apps.analysis.serializers.run_input import RunInput
from apps.analysis.services.parity_request import parity_request
from apps.analysis.services.request import BacktestRequest
from apps.core.errors import ApplicationError
from apps.jobs.enums import FINAL_STATES, JobState
from apps.jobs.supervisor import WORKER, job_run
from apps.market.selectors import series_list
from apps.strategies.selectors import strategy_list
from apps.users.selectors import user_named

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable

    from apps.analysis.models import ParityRun
    from apps.jobs.models import Job
    from apps.market.models import CandleSeries
    from apps.strategies.models import Strategy
    from apps.users.models import User

EXAMPLE = """example:
  manage.py parity --strategy "SMA cross" --series "BTC/USDT 1h"
  manage.py parity --strategy "SMA cross" --series "BTC/USDT 1h" --mode native
"""
POLL_SECONDS = 0.2


class Command(BaseCommand):
    """Prints the verdict; exits with 1 when there is none, or by `--strict`."""

    help = "Run a strategy on several engines and compare them, trade by trade."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the arguments."""
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = EXAMPLE
        parser.add_argument("--strategy", required=True, help="its name or id")
        parser.add_argument(
            "--series", required=True, help="its id, or such as 'BTC/USDT 1h'"
        )
        parser.add_argument(
            "--engines", help="such as reference,nautilus; all that can, when left out"
        )
        parser.add_argument("--mode", choices=RunMode.values, default=RunMode.EXACT)
        parser.add_argument(
            "--capital", type=_as_api("capital"), default=Decimal(10_000)
        )
        parser.add_argument("--fees", type=_as_api("fees"), help="rate per fill")
        parser.add_argument(
            "--slippage", type=_as_api("slippage"), help="rate per fill"
        )
        parser.add_argument("--start", type=_moment, help="such as 2024-01-01")
        parser.add_argument("--end", type=_moment, help="exclusive")
        parser.add_argument(
            "--accept-below",
            action="store_true",
            help="run on candles that are not good enough, and say so",
        )
        parser.add_argument("--user", help="whose; needed where there are several")
        parser.add_argument("--json", action="store_true", help="print the report")
        parser.add_argument(
            "--strict", action="store_true", help="exit with 1 when they differ"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the comparison here, without needing a worker, and print it."""
        try:
            parity = self._ask(options)
            job = self._see_through(parity.job)
            if job.state != JobState.SUCCEEDED:
                msg = f"the comparison {job.state}: {job.error_message}"
                raise CommandError(msg)
            parity.refresh_from_db()
            self._see_through(parity.report_job)
        except ApplicationError as error:
            msg = f"{error.message} [{error.code}]"
            raise CommandError(msg) from error
        finally:
            WORKER.close()
        if options["json"]:
            self.stdout.write(json.dumps(parity.report, indent=2))
        else:
            parity_print(Console(file=self.stdout), parity)  # type: ignore[arg-type]
            self._below_tell(parity)
            self.stdout.write(f"report: {parity_folder(parity.pk) / REPORT}")
        if options["strict"] and parity.verdict == ParityVerdict.DIFFER:
            msg = "the engines differ"
            raise CommandError(msg)

    def _below_tell(self, parity: ParityRun) -> None:
        """Say by which measures the candles were accepted below the threshold."""
        parity.backtest.refresh_from_db()
        for line in parity.backtest.provenance.get("quality", {}).get("below", ()):
            self.stdout.write(f"below the threshold: {line}")

    def _ask(self, options: dict[str, Any]) -> ParityRun:
        actor = user_named(name=options["user"])
        engines = (options["engines"] or "").split(",")
        return parity_request(
            actor=actor,
            request=BacktestRequest(
                series_id=_series(actor, options["series"]).pk,
                strategy_id=_strategy(actor, options["strategy"]).pk,
                engines=tuple(name.strip() for name in engines if name.strip()),
                capital=options["capital"],
                fees=options["fees"],
                slippage=options["slippage"],
                start=options["start"],
                end=options["end"],
                mode=RunMode(options["mode"]),
                quality={"accept_below": True} if options["accept_below"] else {},
            ),
            now=timezone.now(),
        )

    def _see_through(self, job: Job | None) -> Job:
        """Do a job here, unless a worker was quicker; return it ended."""
        if job is None:
            msg = "the job was deleted"
            raise CommandError(msg)
        job_run(str(job.pk))
        shown = ""
        while True:
            job.refresh_from_db()
            if job.state in FINAL_STATES:
                return job
            if job.progress_message != shown:
                shown = job.progress_message
                self.stderr.write(f"{job.progress:4.0%}  {shown}")
            time.sleep(POLL_SECONDS)


def _series(actor: User, wanted: str) -> CandleSeries:
    found = list(series_list(actor=actor))
    fits = [one for one in found if wanted == str(one.pk) or wanted in str(one)]
    return _only(fits, [str(one) for one in found], f"series {wanted!r}")


def _strategy(actor: User, wanted: str) -> Strategy:
    found = list(strategy_list(actor=actor))
    fits = [one for one in found if wanted in {str(one.pk), one.name}]
    return _only(fits, [one.name for one in found], f"strategy {wanted!r}")


def _only[T](fits: list[T], known: list[str], what: str) -> T:
    if len(fits) == 1:
        return fits[0]
    many = "There are several of" if fits else "There is no"
    names = "; ".join(known[:20]) or "none yet"
    msg = f"{many} {what}; there are: {names}. An id is always one."
    raise CommandError(msg)


def _as_api(name: str) -> Callable[[str], Any]:
    """Return a reader of an option that asks of it what the API does."""
    field = RunInput().fields[name]

    def read(text: str) -> Any:
        try:
            return field.run_validation(text)
        except ValidationError as error:
            told = " ".join(f"{one}" for one in error.detail)
            msg = f"{text!r}: {told}"
            raise ArgumentTypeError(msg) from error

    return read


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        msg = f"{text!r} is not a date such as 2024-01-31"
        raise ArgumentTypeError(msg) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
