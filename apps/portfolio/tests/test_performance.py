from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from apps.measures.flows import time_weighted
from apps.portfolio.models import EquityPoint
from apps.portfolio.selectors import fills as fills_room
from apps.portfolio.selectors.equity import chained
from apps.portfolio.selectors.performance import (
    daily_returns,
    performance,
    returns_of,
)
from apps.portfolio.services.equity import equity_point_add
from apps.portfolio.services.posting import fill_post, funding_post
from apps.portfolio.tests.world import account_make, deposit, price_put
from apps.portfolio.trade_history import Fill, trades_sum

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from apps.portfolio.models import Account
    from apps.users.models import User

START = datetime(2026, 1, 1, tzinfo=UTC)
_NUMBERS = count(1)


def listed(*values: object) -> tuple[object, ...]:
    """Return values of any kinds, to be compared."""
    return values


def day(days: float) -> datetime:
    return START + timedelta(days=days)


def fill(
    side: str,
    quantity: str,
    price: str,
    fee: str = "0",
    fee_currency: str = "USDT",
    at: datetime = START,
) -> Fill:
    return Fill(
        number=next(_NUMBERS),
        at=at,
        symbol="BTC/USDT",
        base="BTC",
        quote="USDT",
        side=side,
        quantity=Decimal(quantity),
        price=Decimal(price),
        strategy="",
        fees=((fee_currency, Decimal(fee)),) if fee != "0" else (),
    )


def sums(*fills: Fill, start: datetime | None = None) -> tuple[object, ...]:
    found = trades_sum(fills, start=start, end=None)
    return found.trades, found.won, found.lost, found.realised, found.fees


def test_a_round_trip_is_from_flat_to_flat_after_its_fees() -> None:
    # 2 at 100 and 110, out at 106 and 106: 2 won, 2.5 paid: lost.
    assert sums(
        fill("buy", "1", "100", "1"),
        fill("buy", "1", "110", "1"),
        fill("sell", "0.5", "106", "0.5"),
        fill("sell", "1.5", "106"),
    ) == (1, 0, 1, 2, Decimal("2.5"))


def test_turning_a_position_round_closes_one_trip_and_opens_another() -> None:
    found = sums(
        fill("buy", "1", "100"), fill("sell", "2", "130"), fill("buy", "1", "90")
    )
    assert found == (2, 2, 0, 70, 0)


def test_dust_that_a_fee_in_the_base_left_closes_a_trip() -> None:
    found = sums(
        fill("buy", "1", "100", "0.001", "BTC"),
        fill("sell", "0.99", "120"),
        fill("buy", "1", "100", "0.001", "BTC"),
    )
    assert found[:3] == (1, 1, 0)


def test_only_what_happened_in_the_time_counts_at_its_true_cost() -> None:
    rows = (fill("buy", "1", "100", "1"), fill("sell", "1", "150", "2", at=day(5)))
    # Bought before: its fee is not of the time, its cost is of the profit.
    assert sums(*rows, start=day(1)) == (1, 1, 0, 50, 2)
    assert sums(*rows, start=day(6)) == (0, 0, 0, 0, 0)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["buy", "sell"]), st.integers(1, 50), st.integers(1, 500)
        ),
        min_size=1,
        max_size=30,
    )
)
def test_what_is_realised_and_what_is_open_are_the_cash_that_came_in(
    trades: list[tuple[str, int, int]],
) -> None:
    fills = [fill(side, str(size), str(price)) for side, size, price in trades]
    cash = sum(
        (one.quantity * one.price * (1 if one.side == "sell" else -1) for one in fills),
        Decimal(0),
    )
    left = sum(
        (one.quantity * (-1 if one.side == "sell" else 1) for one in fills), Decimal(0)
    )
    if not left:
        assert trades_sum(fills, start=None, end=None).realised == pytest.approx(
            cash, abs=Decimal("1e-9")
        )
    closing = fill("sell" if left > 0 else "buy", str(abs(left) or 1), "7")
    if left:
        total = trades_sum([*fills, closing], start=None, end=None)
        assert total.realised == pytest.approx(cash + left * 7, abs=Decimal("1e-9"))


type Chain = list[tuple[datetime, Decimal, Decimal, float | None]]


def chain(steps: list[tuple[float, float]]) -> Chain:
    """Points a day apart: the growth of each day, and what came in at its end."""
    equity, growth, peak = Decimal(1000), 1.0, Decimal(1000)
    points: Chain = [(START, equity, Decimal(0), growth)]
    for i, (rate, came) in enumerate(steps):
        flow = Decimal(str(came))
        value = equity * Decimal(repr(rate)) + flow
        linked = chained(
            equity=value, flow=flow, before=equity, growth=growth, peak=peak
        )
        assert linked.growth is not None
        assert linked.peak is not None
        equity, growth, peak = value, linked.growth, linked.peak
        points.append((day(i + 1), equity, flow, growth))
    return points


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0.5, 1.5), st.floats(0, 5000)), min_size=1, max_size=15
    )
)
def test_points_are_linked_as_the_formula_says_and_as_if_nothing_had_come(
    steps: list[tuple[float, float]],
) -> None:
    found = returns_of(chain(steps))
    bare = returns_of(chain([(rate, 0) for rate, _ in steps]))
    assert found is not None
    assert bare is not None
    points = chain(steps)
    formula = time_weighted(
        [float(one[1]) for one in points], [float(one[2]) for one in points]
    )
    assert found.time_weighted == pytest.approx(formula, rel=1e-6, abs=1e-8)
    assert found.time_weighted == pytest.approx(bare.time_weighted, rel=1e-6, abs=1e-8)
    assert found.max_drawdown == pytest.approx(bare.max_drawdown, rel=1e-6, abs=1e-8)
    assert bare.money_weighted == pytest.approx(bare.time_weighted, rel=1e-6, abs=1e-8)


def test_figures_are_those_worked_out_by_hand() -> None:
    found = returns_of(chain([(1.1, 100), (0.9, 0), (1.2, -50)]))
    assert found is not None
    # 1000, 1100 + 100, 1080, 1296 - 50.
    assert listed(found.equity_end, found.flows, found.profit) == (1246, 50, 196)
    assert found.time_weighted == pytest.approx(1.1 * 0.9 * 1.2 - 1)
    assert found.max_drawdown == pytest.approx(0.1)
    # 196 over 1000 + 100 * 2/3.
    assert found.modified_dietz == pytest.approx(196 / (1000 + 200 / 3))
    assert found.time_weighted_annual is None
    mean, deviation = 0.2 / 3, 0.152752523165195
    assert found.volatility == pytest.approx(deviation * 365**0.5)
    assert found.sharpe == pytest.approx(mean / deviation * 365**0.5)
    assert found.sortino == pytest.approx(mean / (0.01 / 3) ** 0.5 * 365**0.5)


def test_what_is_undefined_is_none() -> None:
    assert returns_of([]) is None
    assert returns_of(chain([])) is None
    found = returns_of(chain([(1.0, 0)]))
    assert found is not None
    assert (found.time_weighted, found.max_drawdown) == (0.0, 0.0)
    assert (found.sharpe, found.sortino, found.volatility) == (None, None, None)


def test_a_day_without_points_returned_nothing() -> None:
    one, two, three = chain([(1.1, 0), (1.2, 0)])
    late = (day(4), *three[1:])
    assert daily_returns([one, two, late]) == pytest.approx([0.1, 0, 0, 0.2])


def trade(
    account: Account, side: str, quantity: int, price: int, **told: object
) -> None:
    now = told.pop("at", START)
    base = told.pop("base", "BTC")
    fill_post(
        account=account,
        cause_id=f"fill {next(_NUMBERS)}",
        symbol=f"{base}/USDT",
        base=str(base),
        quote="USDT",
        side=side,
        quantity=Decimal(quantity),
        price=Decimal(price),
        fee=Decimal(str(told.pop("fee", 0))),
        fee_currency=str(told.pop("fee_currency", "USDT")),
        strategy=str(told.pop("strategy", "")),
        at=now,  # type: ignore[arg-type]
        now=now,  # type: ignore[arg-type]
    )


@pytest.mark.django_db
@pytest.mark.usefixtures("live_store")
def test_performance_is_split_by_market_and_by_strategy(
    client: APIClient, actor: User
) -> None:
    account = account_make(actor)
    deposit(account, "USDT", 10_000, START)
    equity_point_add(account=account, now=START)
    trade(account, "buy", 1, 100, strategy="cross", fee=1)
    trade(account, "sell", 1, 130, strategy="cross", fee="0.1", fee_currency="BNB")
    trade(account, "buy", 2, 100, strategy="dip")
    trade(account, "buy", 1, 50, base="ETH", strategy="cross")
    trade(account, "sell", 1, 40, base="ETH", strategy="cross")
    funding_post(
        account=account,
        currency="USDT",
        amount=Decimal(-3),
        cause="venue",
        cause_id="f1",
        at=START,
        now=START,
    )
    now = datetime.now(UTC)
    for symbol, price in (("BTC/USDT", 120), ("BNB/USDT", 10)):
        price_put("binance", symbol, price, price, at=now)
    equity_point_add(account=account, now=day(1))
    told = client.get(f"/api/v1/accounts/{account.pk}/performance/").json()
    assert [told[name] for name in ("realised", "unrealised", "fees", "funding")] == [
        "20",
        "40",
        "2",
        "-3",
    ]
    by_symbol = {one["name"]: one for one in told["trades"]["by_symbol"]}
    assert (by_symbol["BTC/USDT"]["trades"], by_symbol["BTC/USDT"]["win_rate"]) == (
        1,
        1,
    )
    assert by_symbol["BTC/USDT"]["profit_factor"] is None
    assert by_symbol["BTC/USDT"]["fees_other"] == {"BNB": "0.1"}
    by_strategy = {one["name"]: one for one in told["trades"]["by_strategy"]}
    assert (by_strategy["cross"]["trades"], by_strategy["cross"]["win_rate"]) == (
        2,
        0.5,
    )
    assert by_strategy["cross"]["realised"] == "20"
    assert by_strategy["dip"]["win_rate"] is None


@pytest.mark.django_db
@pytest.mark.usefixtures("live_store")
def test_profit_of_equity_is_what_trading_and_funding_made() -> None:
    account = account_make()
    deposit(account, "USDT", 1000, START)
    equity_point_add(account=account, now=START)
    trade(account, "buy", 4, 100, fee=3)
    price_put("binance", "BTC/USDT", 110, 110, at=day(1))
    trade(account, "sell", 1, 120, fee=1)
    deposit(account, "USDT", 500, day(1))
    equity_point_add(account=account, now=day(1))
    found = performance(account=account, start=None, end=None, now=day(1))
    assert found.returns is not None
    assert found.realised is not None
    assert found.unrealised is not None
    assert found.fees is not None
    made = found.realised + found.unrealised - found.fees
    assert made == 46
    assert listed(found.returns.profit, found.returns.flows) == (46, 500)


@pytest.mark.django_db
@pytest.mark.usefixtures("live_store")
def test_too_many_fills_are_told_and_not_reckoned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = account_make()
    trade(account, "buy", 1, 10)
    trade(account, "sell", 1, 12)
    monkeypatch.setattr(fills_room, "MOST_FILLS", 1)
    found = performance(account=account, start=None, end=None, now=START)
    assert (found.trades, found.realised, found.returns) == (None, None, None)
    assert not EquityPoint.objects.exists()
