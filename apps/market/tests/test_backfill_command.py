"""`manage.py backfill`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.market.models import CandleSeries
from apps.market.tests.exchange import same
from apps.market.tests.venue import stored, truth

if TYPE_CHECKING:
    from apps.users.models import User
    from tests.exchange_server.fixtures import Served

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("actor"),
]


def backfill(*more: str, symbols: str = "BTC/USDT") -> None:
    call_command(
        "backfill",
        *("--exchange", "binance", "--symbols", symbols, "--timeframe", "1h"),
        *("--start", "2024-01-01", "--end", "2024-03-01"),
        *more,
    )


def test_candles_are_fetched_and_told_of(
    venue: Served, actor: User, capsys: pytest.CaptureFixture[str]
) -> None:
    backfill("--user", actor.username)
    assert same(stored(CandleSeries.objects.get()), truth(venue))
    told = capsys.readouterr().out
    assert "BTC/USDT 1h          stored     1,440 bars added" in told
    assert "1,440 bars stored" in told


def test_one_market_that_fails_makes_the_command_fail_and_loses_no_other(
    venue: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError, match="1 of 2 could not be fetched"):
        backfill(symbols="BTC/USDT,BTC/USDX")
    assert CandleSeries.objects.count() == 1
    assert "did you mean BTC/USDT" in capsys.readouterr().out


def test_what_cannot_be_fails_with_its_reason() -> None:
    end = (timezone.now() + timedelta(days=1)).isoformat()
    with pytest.raises(CommandError, match=r"in the future.*\[range_invalid\]"):
        backfill("--end", end)
    with pytest.raises(CommandError, match="is not BASE/QUOTE"):
        backfill(symbols="BTCUSDT")
    with pytest.raises(CommandError, match="is no moment"):
        backfill("--start", "yesterday")
    with pytest.raises(CommandError, match="There is no user 'nobody'"):
        backfill("--user", "nobody")


def test_the_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command("backfill", "--help")
    assert "manage.py backfill --exchange binance" in capsys.readouterr().out
