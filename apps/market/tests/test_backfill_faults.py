"""A backfill under hundreds of faults stores the truth, bar for bar."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from apps.market.enums import Timeframe
from apps.market.models import CandleGap, CandleSeries
from apps.market.services.backfill_run import BackfillWork
from apps.market.tests.exchange import same
from apps.market.tests.faults import PATIENCE, client_quick, faults_add
from apps.market.tests.venue import fetch, stored, truth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.users.models import User
    from tests.exchange_server.fixtures import Served

START, END = datetime(2023, 1, 1, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC)
SYMBOLS = ("BTC/USDT", "ETH/USDT", "BNB/USDT")


@pytest.fixture
def quick(venue: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The real client, with shorter waits."""
    port = client_quick(venue.url)
    port.markets()
    monkeypatch.setattr(
        "apps.market.services.backfill.market_data", {"binance": port}.get
    )
    yield
    port.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("quick")
def test_hundreds_of_faults_leave_the_series_identical_to_the_truth(
    venue: Served, actor: User
) -> None:
    faults_add(venue, loud=0.04, silent=0.04)
    asked: dict[str, Any] = {
        "symbols": SYMBOLS,
        "timeframes": (Timeframe.M30, Timeframe.M15, Timeframe.H1),
        "start": START,
        "end": END,
        "work": BackfillWork(patience=PATIENCE),
    }
    result = fetch(actor, **asked)
    assert [one["error"] for one in result["markets"]] == [None] * 9
    if CandleGap.objects.exists():
        # What was denied twice in a row cannot be told from a gap but by asking more.
        fetch(actor, **asked, recheck_gaps=True)
    assert sum(venue.faults_struck().values()) > 300
    for series in CandleSeries.objects.select_related("instrument"):
        found = truth(venue, series.instrument.symbol, series.timeframe, START, END)
        assert same(stored(series), found), series
    assert not CandleGap.objects.exists()
