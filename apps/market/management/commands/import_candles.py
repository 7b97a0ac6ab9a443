"""Import a candle file from the command line."""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.core.errors import ApplicationError
from apps.market.enums import CandleFormat, Timeframe, TimeUnit
from apps.market.management.rules_arguments import rules_add, rules_of
from apps.market.requests import ImportRequest
from apps.market.services import candles_import
from apps.market.services.work import ImportWork
from apps.users.selectors import user_named

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from apps.market.models import CandleSeries

_EXAMPLE = """example:
  manage.py import_candles BTCUSDT-1h-2024-01.zip --venue binance --symbol BTC/USDT
"""
_STEP = 0.1


class Command(BaseCommand):
    """Imports a candle file; exits with 1 when it is refused."""

    help = "Import a candle file: CSV, Parquet or Feather, plain, .gz or .zip."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the arguments."""
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = _EXAMPLE
        parser.add_argument("file", type=Path, help="the candle file")
        parser.add_argument("--venue", required=True, help="such as binance")
        parser.add_argument("--symbol", required=True, help="such as BTC/USDT")
        parser.add_argument(
            "--timeframe",
            type=Timeframe,
            choices=list(Timeframe),
            help="found by the steps between rows when left out",
        )
        parser.add_argument(
            "--format",
            type=CandleFormat,
            choices=list(CandleFormat),
            default=CandleFormat.AUTO,
            help="found by the bytes when left out",
        )
        parser.add_argument(
            "--time-unit",
            type=TimeUnit,
            choices=list(TimeUnit),
            help="found by the size of the times when left out",
        )
        rules_add(parser)
        parser.add_argument(
            "--replace", action="store_true", help="overwrite bars with other numbers"
        )
        parser.add_argument("--user", help="the owner; needed where there are several")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import the file and say what was found."""
        request = ImportRequest(
            venue=options["venue"],
            symbol=options["symbol"],
            timeframe=options["timeframe"],
            format=options["format"],
            time_unit=options["time_unit"],
            rules=rules_of(options),
            replace=options["replace"],
        )
        self._shown = -1.0
        try:
            series = candles_import(
                actor=user_named(name=options["user"]),
                path=options["file"],
                label=options["file"].name,
                request=request,
                now=timezone.now(),
                work=ImportWork(progress=self._progress),
            )
        except ApplicationError as error:
            msg = f"{options['file'].name}: {error.message} [{error.code}]"
            raise CommandError(msg) from error
        self.stdout.write(_summary(series))

    def _progress(self, fraction: float, message: str) -> None:
        """Say every tenth of a long file; a short one is done at once."""
        if fraction >= min(1.0, self._shown + _STEP) and fraction > self._shown:
            self._shown = fraction
            self.stderr.write(f"{fraction:4.0%}  {message}")


def _summary(series: CandleSeries) -> str:
    report = series.quality["last_import"]
    whole = series.quality["series"]
    repeated = report["duplicates"]
    return "\n".join(
        [
            f"{series} ({series.pk})",
            f"  stored      {series.rows:,} bars, {whole['first']} to {whole['last']}",
            f"  holes       {series.gaps:,}, {whole['gaps']['missing']:,} bars missing",
            f"  read        {report['rows']:,} rows as {series.source_format}, "
            f"times in {series.time_unit}",
            f"  repeated    {repeated['identical']:,} identical, "
            f"{repeated['conflicting']:,} conflicting",
            f"  unsorted    {report['out_of_order']:,}",
            f"  left out    {report['impossible']:,} impossible, {report['nan']:,} "
            f"without a number, {report['unfinished']:,} unfinished",
            f"  outliers    {report['outliers']:,} kept",
            f"  sha256      {series.sha256}",
        ]
    )
