from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import pytest
from django.db import transaction
from django.utils import timezone
from rest_framework.test import APIClient

from apps.jobs.models import Job
from apps.market.enums import Timeframe
from apps.market.requests import SimulationRequest
from apps.market.selectors.candles import bars_get
from apps.market.services import simulated_import
from apps.measures.value_at_risk import historical_loss, normal_loss
from apps.portfolio.tests.world import (
    account_make,
    deposit,
    live_store_make,
    market_make,
    price_put,
    user_make,
)
from apps.risk.errors.measures import (
    DailyReturnsTooFew,
    HoldingsWithoutSeries,
    NothingHeld,
)
from apps.risk.models import Correlation
from apps.risk.selectors import daily as daily_room
from apps.risk.selectors.correlations import correlations
from apps.risk.services import (
    correlations as correlations_room,
    value_at_risk as risk_room,
)
from apps.risk.services.correlations import (
    correlations_compute,
    correlations_refresh,
)
from apps.risk.services.value_at_risk import ValueAtRiskRequest, value_at_risk_measure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

    from pytest_django import DjangoAssertNumQueries, Settings

    from apps.market.models import CandleSeries
    from apps.users.models import User

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SIZE = "/api/v1/risk/position-size/"


@dataclass
class Surroundings:
    """What a job is given."""

    job_id: UUID = field(default_factory=uuid4)
    owner_id: UUID = field(default_factory=uuid4)
    payload: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def progress(self, fraction: float, message: str) -> None:
        assert 0 <= fraction <= 1, message

    def log(self, message: str) -> None:
        self.lines.append(message)

    @contextmanager
    def fenced(self) -> Iterator[None]:
        with transaction.atomic():
            yield

    def resource(self, kind: str, name: str) -> str:
        raise AssertionError(kind, name)


@pytest.fixture(autouse=True)
def _live_store(settings: Settings, tmp_path: Path) -> None:
    live_store_make(settings, tmp_path)


@pytest.fixture
def actor() -> User:
    return user_make()


@pytest.fixture
def client(actor: User) -> APIClient:
    signed_in = APIClient(raise_request_exception=False)
    signed_in.force_authenticate(actor)
    return signed_in


@pytest.fixture
def closes(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[int, float]]:
    """Daily closes by market, in place of stored candles."""
    told: dict[str, dict[int, float]] = {}

    @dataclass
    class Series:
        symbol: str
        timeframe: str = "1d"
        pk: str = "00000000-0000-0000-0000-000000000001"

    def series(
        *, owner: object, exchange: str, symbols: Any = None
    ) -> dict[str, Series]:
        del owner, exchange
        return {one: Series(one) for one in told if symbols is None or one in symbols}

    def read(*, series: Series, start: datetime, end: datetime) -> dict[int, float]:
        days = (int(one.timestamp()) // 86_400 for one in (start, end))
        first, last = days
        return {
            day: close
            for day, close in told[series.symbol].items()
            if first <= day < last
        }

    for room in (correlations_room, risk_room):
        monkeypatch.setattr(room, "daily_series", series)
        monkeypatch.setattr(room, "daily_closes", read)
    return told


def walk(returns: list[float], *, last: datetime = NOW) -> dict[int, float]:
    """Closes of the days before a moment that have these returns."""
    day = int(last.timestamp()) // 86_400 - len(returns) - 1
    prices = [100.0]
    for one in returns:
        prices.append(prices[-1] * (1 + one))
    return {day + i: price for i, price in enumerate(prices)}


def draw(seed: int, size: int = 400) -> list[float]:
    found: list[float] = np.random.default_rng(seed).normal(0, 0.03, size).tolist()
    return found


def test_a_size_loses_the_fraction_at_the_stop_and_is_rounded_down(
    client: APIClient,
) -> None:
    told = client.post(
        SIZE,
        {
            "method": "fixed_fraction",
            "side": "buy",
            "entry": "50000",
            "stop": "48500",
            "equity": "10000",
            "fraction": "0.01",
            "step": "0.001",
        },
        format="json",
    ).json()
    # 100 over 1500 is 0.0666…
    assert (told["quantity"], told["loss_at_stop"]) == ("0.066", "99")
    assert (told["notional"], told["leverage"]) == ("3300", "0.33")
    assert "Tharp" in told["reference"]


def test_a_loss_of_many_digits_is_told_to_its_last(client: APIClient) -> None:
    equity = "123456789012345678.123456789012345677"
    body = {
        "method": "fixed_fraction",
        "side": "buy",
        "entry": "123456789012345678.123456789012345678",
        "stop": "0.000000000000000001",
        "equity": equity,
        "fraction": "1",
        "max_leverage": "2",
    }

    told = client.post(SIZE, body, format="json").json()

    assert (told["quantity"], told["loss_at_stop"]) == ("1", equity)


def test_a_size_takes_equity_and_step_from_the_account(
    client: APIClient, actor: User
) -> None:
    account = account_make(actor)
    market_make(symbol="ETH/BTC", step="0.01", min_notional="0.0001")
    market_make(symbol="BTC/USDT")
    deposit(account, "USDT", 50_000)
    price_put("binance", "BTC/USDT", 50_000, 50_000)
    body = {
        "method": "kelly_returns",
        "side": "buy",
        "entry": "0.05",
        "account_id": str(account.pk),
        "symbol": "ETH/BTC",
        "mean": "0.001",
        "variance": "0.004",
    }
    told = client.post(SIZE, body, format="json").json()
    # Half of a quarter of the equity of 1 BTC, at 0.05.
    assert (told["equity"], told["fraction"], told["quantity"]) == ("1", "0.125", "2.5")
    other = APIClient()
    other.force_authenticate(user_make())
    assert other.post(SIZE, body, format="json").status_code == 404


@pytest.mark.parametrize(
    ("changes", "attr"),
    [
        ({"stop": "110"}, "stop"),
        ({"stop": "100"}, "stop"),
        ({"side": "sell", "stop": "90"}, "stop"),
        ({"fraction": None}, "fraction"),
        ({"fraction": "1.5"}, "fraction"),
        ({"equity": None}, "equity"),
        ({"equity": "-5"}, "equity"),
        ({"entry": "NaN"}, "entry"),
        ({"entry": "1e400"}, "entry"),
        (
            {"entry": "1e-18", "stop": "2e-18", "side": "sell", "equity": "1e17"},
            "entry",
        ),
        ({"method": "kelly_bets"}, "win_rate"),
        ({"method": "volatility_target", "target": "0.2"}, "volatility"),
    ],
)
def test_nonsense_is_refused_by_name(
    client: APIClient, changes: dict[str, str | None], attr: str
) -> None:
    body: dict[str, Any] = {
        "method": "fixed_fraction",
        "side": "buy",
        "entry": "100",
        "stop": "90",
        "equity": "1000",
        "fraction": "0.01",
    } | changes
    sent = {name: value for name, value in body.items() if value is not None}
    answer = client.post(SIZE, sent, format="json")
    assert answer.status_code == 400
    assert [one["attr"] for one in answer.json()["errors"]] == [attr]


def test_kelly_is_halved_capped_and_nothing_without_an_edge(client: APIClient) -> None:
    body = {
        "method": "kelly_bets",
        "side": "buy",
        "entry": "100",
        "stop": "50",
        "equity": "1000",
        "win_rate": "0.6",
        "payoff": "2",
    }
    told = client.post(SIZE, body, format="json").json()
    # 0.6 - 0.4 / 2 = 0.4; half of it is 0.2; 200 over 50.
    assert (told["fraction"], told["quantity"], told["loss_at_stop"]) == (
        "0.2",
        "4",
        "200",
    )
    capped = client.post(SIZE, body | {"share": "1"}, format="json").json()
    assert capped["fraction"] == "0.25"
    assert any("capped" in one for one in capped["notes"])
    none = client.post(SIZE, body | {"win_rate": "0.3"}, format="json").json()
    assert (none["quantity"], none["notes"][0].split(":")[1]) == (
        "0",
        " there is no edge, so nothing is traded.",
    )


def test_a_near_stop_buys_no_more_than_there_is(client: APIClient) -> None:
    told = client.post(
        SIZE,
        {
            "method": "fixed_fraction",
            "side": "sell",
            "entry": "100",
            "stop": "100.01",
            "equity": "1000",
            "fraction": "0.02",
        },
        format="json",
    ).json()
    assert (told["quantity"], told["leverage"]) == ("10", "1")
    assert "max_leverage" in told["notes"][0]


def test_value_at_risk_is_that_of_todays_holdings_over_the_stored_days(
    actor: User, closes: dict[str, dict[int, float]]
) -> None:
    account = account_make(actor)
    deposit(account, "USDT", 500)
    deposit(account, "BTC", 2)
    deposit(account, "ETH", 10)
    now = timezone.now().replace(hour=12)
    price_put("binance", "BTC/USDT", 100, 100, at=now)
    one, other = draw(1), draw(2)
    closes["BTC/USDT"] = walk(one, last=now)
    closes["ETH/USDT"] = walk(other, last=now)
    last = closes["ETH/USDT"][max(closes["ETH/USDT"])]
    request = ValueAtRiskRequest(str(account.pk), confidences=(0.95,), horizon_days=4)
    found = value_at_risk_measure(
        actor=actor, request=request, now=now, progress=Surroundings().progress
    )
    total = 500 + 200 + 10 * last
    weights = 200 / total, 10 * last / total
    past = weights[0] * np.array(one) + weights[1] * np.array(other)
    (loss,) = found["losses"]
    for name, measure in (("historical", historical_loss), ("normal", normal_loss)):
        expected = measure(past, confidence=0.95)
        assert expected is not None
        told = loss[name]
        assert told["value_at_risk"] == pytest.approx(2 * expected.value_at_risk)
        assert told["expected_shortfall"] == pytest.approx(2 * expected.shortfall)
        assert float(told["value_at_risk_amount"]) == pytest.approx(
            2 * expected.value_at_risk * total
        )
    assert found["scaling"] == "square root of time"
    assert (found["returns"], found["holes"]) == (400, 0)
    assert [one["price_is_close"] for one in found["holdings"]] == [False, True]
    tests = {one["method"]: one for one in found["backtests"]}
    assert tests["historical"]["days"] == 150
    assert tests["historical"]["expected"] == pytest.approx(7.5)
    assert 0 <= tests["normal"]["kupiec"]["p_value"] <= 1


def test_holes_are_counted_and_no_return_spans_one(
    actor: User, closes: dict[str, dict[int, float]]
) -> None:
    account = account_make(actor)
    deposit(account, "BTC", 1)
    days = walk(draw(3, 200))
    hole = sorted(days)[100]
    del days[hole]
    closes["BTC/USDT"] = days
    found = value_at_risk_measure(
        actor=actor,
        request=ValueAtRiskRequest(str(account.pk)),
        now=NOW,
        progress=Surroundings().progress,
    )
    # The hole's own return is not known, nor that of the day after it.
    assert (found["returns"], found["holes"]) == (198, 2)
    assert found["holdings"][0]["holes"] == 1


def test_what_cannot_be_measured_is_refused_by_name(
    actor: User, closes: dict[str, dict[int, float]]
) -> None:
    account = account_make(actor)
    deposit(account, "USDT", 10)
    progress = Surroundings().progress
    request = ValueAtRiskRequest(str(account.pk))
    with pytest.raises(NothingHeld):
        value_at_risk_measure(actor=actor, request=request, now=NOW, progress=progress)
    deposit(account, "BTC", 1)
    deposit(account, "ODD", 1)
    closes["BTC/USDT"] = walk(draw(4, 30))
    with pytest.raises(HoldingsWithoutSeries, match="ODD/USDT"):
        value_at_risk_measure(actor=actor, request=request, now=NOW, progress=progress)
    request = ValueAtRiskRequest(str(account.pk), leave_out=True)
    with pytest.raises(DailyReturnsTooFew, match="30 daily returns"):
        value_at_risk_measure(actor=actor, request=request, now=NOW, progress=progress)
    closes["BTC/USDT"] = walk(draw(4, 100))
    found = value_at_risk_measure(
        actor=actor, request=request, now=NOW, progress=progress
    )
    assert found["left_out"] == ["ODD"]


def test_value_at_risk_is_a_job_of_ones_own_account(
    client: APIClient, actor: User
) -> None:
    account, other = account_make(actor), account_make()
    where = "/api/v1/risk/value-at-risk/"
    answer = client.post(where, {"account_id": str(account.pk)}, format="json")
    assert answer.status_code == 202
    job = Job.objects.get(pk=answer.json()["id"])
    assert ValueAtRiskRequest.from_json(job.payload) == ValueAtRiskRequest(
        str(account.pk)
    )
    answer = client.post(where, {"account_id": str(other.pk)}, format="json")
    assert answer.status_code == 404


def test_correlations_are_kept_for_one_query_and_grow_old(
    actor: User,
    closes: dict[str, dict[int, float]],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    one = draw(5, 90)
    closes["BTC/USDT"] = walk(one)
    closes["ETH/USDT"] = walk([0.5 * value for value in one])
    closes["XMR/USDT"] = walk([-value for value in one])
    closes["NEW/USDT"] = walk(draw(6, 20))
    pairs = correlations_compute(
        owner=actor, exchange="binance", now=NOW, context=Surroundings()
    )
    assert pairs == 3
    asked = ["ETH/USDT", "BTC/USDT", "NEW/USDT"]
    with django_assert_num_queries(1):
        found = correlations(owner=actor, symbols=asked, exchange="binance", now=NOW)
    assert found == {("BTC/USDT", "ETH/USDT"): pytest.approx(1)}
    late = NOW + timedelta(days=8)
    assert not correlations(owner=actor, symbols=asked, exchange="binance", now=late)
    assert not correlations(
        owner=user_make(), symbols=asked, exchange="binance", now=NOW
    )
    # Computed again, they take the place of those before.
    closes.pop("XMR/USDT")
    correlations_compute(
        owner=actor, exchange="binance", now=NOW, context=Surroundings()
    )
    assert Correlation.objects.count() == 1


def stored(actor: User, symbol: str, step: Timeframe, days: int = 40) -> CandleSeries:
    """A series of candles in a file, as an import would leave it."""
    request = SimulationRequest(
        symbol=symbol, timeframe=step, start=NOW - timedelta(days=days), end=NOW
    )
    return simulated_import(actor=actor, request=request, now=NOW)


def test_daily_closes_are_those_of_the_days_last_bars(actor: User) -> None:
    hourly = stored(actor, "BTC/USDT", Timeframe.H1, days=25)
    found = daily_room.daily_closes(
        series=hourly, start=NOW - timedelta(days=30), end=NOW - timedelta(hours=1)
    )
    # The last bar of the last day is beyond the end: that day has no close yet.
    assert len(found) == 24
    everything = bars_get(series=hourly)
    closing = everything.close[23::24].tolist()
    assert list(found.values()) == closing[:-1]
    returns = daily_room.daily_returns(found)
    assert len(returns) == 23
    assert math.isclose(returns[max(returns)], closing[-2] / closing[-3] - 1)


def test_the_scheduler_asks_for_correlations_once_until_candles_change(
    actor: User,
) -> None:
    one = stored(actor, "BTC/USDT", Timeframe.H4)
    account_make(actor, exchange=one.instrument.venue)
    now = timezone.now()
    assert correlations_refresh(now=now) == 0
    stored(actor, "ETH/USDT", Timeframe.H4)
    assert correlations_refresh(now=timezone.now()) == 1
    assert correlations_refresh(now=timezone.now()) == 0


def test_a_volatility_is_taken_from_stored_candles(
    client: APIClient, actor: User
) -> None:
    series = stored(actor, "BTC/USDT", Timeframe.H1)
    body = {
        "method": "volatility_target",
        "side": "buy",
        "entry": "100",
        "equity": "10000",
        "target": "0.1",
        "series_id": str(series.pk),
    }
    told = client.post(SIZE, body, format="json").json()
    bars_read = bars_get(series=series)
    past = np.diff(bars_read.close[23::24]) / bars_read.close[23::24][:-1]
    expected = float(past.std(ddof=1)) * math.sqrt(365)
    assert float(told["volatility"]) == pytest.approx(expected)
    wanted = Decimal(10) / Decimal(told["volatility"])
    assert float(told["unrounded"]) == pytest.approx(float(min(wanted, Decimal(100))))
