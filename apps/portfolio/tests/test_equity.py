from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from apps.jobs.schedules import periodic_list
from apps.market.models import LiveDemand
from apps.portfolio.models import EquityPoint
from apps.portfolio.selectors.equity import day_start_equity, peak_equity
from apps.portfolio.services.corrections import adjustment_make, transfer_record
from apps.portfolio.services.equity import equity_point_add, equity_record
from apps.portfolio.services.paper import paper_deposit, paper_withdraw
from apps.portfolio.services.posting import fill_post, withdrawal_post
from apps.portfolio.tests.world import (
    account_make,
    deposit,
    market_make,
    price_forget,
    price_put,
)

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries
    from rest_framework.test import APIClient

    from apps.portfolio.models import Account
    from apps.users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("live_store")]

NIGHT = datetime(2026, 3, 2, tzinfo=UTC)


def told(*values: object) -> tuple[object, ...]:
    """Return values of any kinds, to be compared."""
    return values


def at(hours: float) -> datetime:
    return NIGHT + timedelta(hours=hours)


def withdraw(account: Account, currency: str, amount: int, now: datetime) -> None:
    withdrawal_post(
        account=account,
        currency=currency,
        amount=Decimal(amount),
        cause="test",
        cause_id=f"{now}",
        at=now,
        now=now,
    )


def point(account: Account, price: int, now: datetime) -> EquityPoint:
    price_put("binance", "BTC/USDT", price, price, at=now)
    made = equity_point_add(account=account, now=now)
    assert made is not None
    return made


def holder() -> Account:
    """An account with one BTC, which came at 100."""
    account = account_make()
    market_make(symbol="BTC/USDT")
    deposit(account, "BTC", 1, at(-10))
    point(account, 100, at(-10))
    return account


def test_flows_change_neither_growth_nor_drawdown() -> None:
    account = holder()
    assert point(account, 200, at(-9)).growth == pytest.approx(2)
    fallen = point(account, 150, at(-8))
    assert fallen.peak == 200
    deposit(account, "USDT", 450, at(-7))
    more = point(account, 150, at(-7))
    assert (more.equity, more.flow) == (600, 450)
    assert more.growth == pytest.approx(1.5)
    # Four times as much is there: so is the peak, and the drawdown is what it was.
    assert more.peak == 800
    withdraw(account, "USDT", 450, at(-6))
    less = point(account, 150, at(-6))
    assert told(less.growth, less.peak) == (pytest.approx(1.5), 200)
    assert less.flow == -450


def test_a_flow_in_kind_counts_at_the_price_of_its_point() -> None:
    account = holder()
    deposit(account, "BTC", 3, at(-9.5))
    made = point(account, 130, at(-9))
    # The coin that was there earned 30 %; the three that came are all flow.
    assert told(made.flow, made.growth) == (390, pytest.approx(1.3))


def test_the_day_is_judged_by_what_it_began_with_and_what_came_in_since() -> None:
    account = holder()
    point(account, 120, at(-1))
    assert day_start_equity(account, at(1)) == 120
    deposit(account, "USDT", 50, at(2))
    # Not yet in any point, and counted already.
    assert day_start_equity(account, at(3)) == 170
    point(account, 90, at(4))
    assert day_start_equity(account, at(5)) == 170
    withdraw(account, "USDT", 20, at(6))
    point(account, 95, at(7))
    assert day_start_equity(account, at(8)) == 150
    assert day_start_equity(account, at(26)) == 125


def test_a_point_of_the_day_before_yesterday_begins_no_day() -> None:
    account = holder()
    assert day_start_equity(account, at(40)) is None
    point(account, 70, at(40))
    assert day_start_equity(account, at(41)) == 70


def test_the_peak_follows_a_deposit_that_no_point_has_seen() -> None:
    account = holder()
    point(account, 80, at(-5))
    deposit(account, "USDT", 80, at(-4))
    price_put("binance", "BTC/USDT", 80, 80, at=at(-4))
    assert peak_equity(account, at(-4), Decimal(160)) == 200
    assert peak_equity(account, at(-4)) == 200


def test_what_limits_ask_costs_two_queries_each(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    account = holder()
    with django_assert_num_queries(2):
        day_start_equity(account, at(-9))
    with django_assert_num_queries(2):
        peak_equity(account, at(-9), Decimal(100))


def test_a_stale_point_is_marked_and_carries_the_flow_on() -> None:
    account = holder()
    deposit(account, "USDT", 10, at(-9))
    price_forget("binance")
    stale = equity_point_add(account=account, now=at(-9))
    assert stale is not None
    assert (stale.stale, stale.equity, stale.flow) == (True, 10, 0)
    assert (stale.growth, stale.peak) == (1.0, 100)
    fresh = point(account, 100, at(-8))
    assert (fresh.stale, fresh.flow, fresh.growth) == (False, 10, 1.0)


def test_trading_fees_and_funding_are_no_flows() -> None:
    account = account_make()
    deposit(account, "USDT", 1000, at(-3))
    point(account, 100, at(-3))
    fill_post(
        account=account,
        cause_id="1",
        symbol="BTC/USDT",
        base="BTC",
        quote="USDT",
        side="buy",
        quantity=Decimal(5),
        price=Decimal(100),
        fee=Decimal(10),
        fee_currency="USDT",
        at=at(-2),
        now=at(-2),
    )
    made = point(account, 100, at(-2))
    assert told(made.equity, made.flow, made.growth) == (990, 0, pytest.approx(0.99))


def test_everything_withdrawn_leaves_the_growth_and_begins_anew() -> None:
    account = account_make()
    deposit(account, "USDT", 100, at(-5))
    point(account, 1, at(-5))
    withdraw(account, "USDT", 100, at(-4))
    empty = point(account, 1, at(-4))
    assert (empty.equity, empty.growth) == (0, 1.0)
    deposit(account, "USDT", 30, at(-3))
    again = point(account, 1, at(-3))
    assert (again.growth, again.peak, again.flow) == (1.0, 30, 30)


def test_dust_that_is_left_is_no_base_for_proportions() -> None:
    account = account_make()
    deposit(account, "USDT", 100, at(-5))
    point(account, 1, at(-5))
    withdrawal_post(
        account=account,
        currency="USDT",
        amount=Decimal("99.999999999999999997"),
        cause="test",
        cause_id="all",
        at=at(-4),
        now=at(-4),
    )
    point(account, 1, at(-4))
    deposit(account, "USDT", 10**9, at(-3))
    made = point(account, 1, at(-3))
    assert made.equity == made.peak
    assert made.growth == pytest.approx(1)


def test_one_account_beyond_all_amounts_keeps_no_other_from_its_point() -> None:
    for _ in range(2):
        rich = account_make()
        for currency in ("USDT", "BTC"):
            deposit(rich, currency, 6 * 10**17, at(-5))
    plain = account_make()
    deposit(plain, "USDT", 5, at(-5))
    price_put("binance", "BTC/USDT", 1, 1, at=at(-4))
    assert equity_record(now=at(-4)) == 1
    assert EquityPoint.objects.get().account_id == plain.pk


def test_the_scheduler_writes_points_and_has_the_prices_held_fresh() -> None:
    account = holder()
    account_make()
    price_put("binance", "BTC/USDT", 110, 110, at=at(-9))
    assert equity_record(now=at(-9)) == 1
    assert equity_record(now=at(-9)) == 0
    assert EquityPoint.objects.filter(account=account).count() == 2
    wanted = LiveDemand.objects.get(symbol="BTC/USDT")
    assert wanted.until > at(-9) + timedelta(seconds=300)
    assert "equity" in {one.name for one in periodic_list()}


def test_equity_is_sent_as_pages_and_as_files(client: APIClient, actor: User) -> None:
    account = account_make(actor)
    deposit(account, "USDT", "1000.5", at(-3))
    for hour in (-3, -2, -1):
        point(account, 1, at(hour))
    where = f"/api/v1/accounts/{account.pk}/equity/"
    page = client.get(f"{where}?limit=2").json()
    assert [one["equity"] for one in page["results"]] == ["1000.5"] * 2
    assert page["results"][0]["at"].startswith("2026-03-01T23")
    assert len(client.get(page["next"]).json()["results"]) == 1
    text = client.get(where, HTTP_ACCEPT="text/csv")
    lines = b"".join(text).decode().splitlines()
    assert lines[0] == "time,equity,flow,growth,peak,stale"
    assert lines[1].startswith("2026-03-01T21:00:00Z,1000.5")
    again = client.get(where, HTTP_ACCEPT="text/csv", HTTP_IF_NONE_MATCH=text["ETag"])
    assert again.status_code == 304
    table = pq.read_table(
        io.BytesIO(
            b"".join(
                client.get(
                    f"{where}?start=2026-03-01T22:00:00Z",
                    HTTP_ACCEPT="application/vnd.apache.parquet",
                )
            )
        )
    )
    assert table.column("equity").to_pylist() == [Decimal("1000.5")] * 2
    assert table.column("stale").to_pylist() == [False, False]


@pytest.mark.django_db(transaction=True)
def test_money_that_moves_by_hand_is_followed_by_a_point_at_once() -> None:
    account = account_make()
    actor, pk = account.owner, account.pk
    common: dict[str, Any] = {"actor": actor, "account_id": pk, "currency": "USDT"}

    paper_deposit(**common, amount=Decimal(100), now=at(1))
    paper_withdraw(**common, amount=Decimal(40), now=at(2))
    adjustment_make(**common, amount=Decimal(5), reason="found", now=at(3))
    points = EquityPoint.objects.filter(account=account).order_by("at")
    assert [(one.equity, one.flow) for one in points] == [
        (100, 100),
        (60, -40),
        (65, 5),
    ]

    pair = [account_make(actor, mode="live") for _ in range(2)]
    transfer_record(
        actor=actor,
        account_id=pair[0].pk,
        target_id=pair[1].pk,
        currency="USDT",
        amount=Decimal(7),
        at=None,
        memo="",
        now=at(4),
    )
    flows = EquityPoint.objects.filter(account__in=pair).values_list("flow", flat=True)
    assert sorted(flows) == [-7, 7]


def test_a_closed_account_has_points_while_it_holds_something() -> None:
    left, empty = (account_make(closed_at=at(-2)) for _ in range(2))
    for one in (left, empty):
        deposit(one, "USDT", 10, at(-3))
    withdraw(empty, "USDT", 10, at(-2))
    assert equity_record(now=at(1)) == 1
    assert EquityPoint.objects.get().account_id == left.pk
