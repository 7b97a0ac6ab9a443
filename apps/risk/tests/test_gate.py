from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from apps.portfolio.tests.world import (
    NOW,
    account_make,
    deposit,
    price_forget,
    price_put,
)
from apps.risk.errors.gate import RiskRefused, TradingHalted, TradingReducingOnly
from apps.risk.models import Reservation, RiskVerdict
from apps.risk.services.gate import (
    exposure_release,
    sending_admit,
    verdict_dry_run,
)
from apps.risk.services.halts import kill_switch_engage, state_change
from apps.risk.tests.world import ask, draft_make, failed, fill, limit

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from apps.portfolio.models import Account

pytestmark = pytest.mark.usefixtures("live_store")


def test_without_limits_an_order_at_a_sane_price_is_allowed_and_held(
    account: Account,
) -> None:
    order_id, verdict = ask(account)
    assert verdict.allowed, verdict.rules
    held = Reservation.objects.get(pk=order_id)
    assert (held.quantity, held.price, held.notional) == (1, 100, 100)
    assert RiskVerdict.objects.get(pk=verdict.id).order_id == order_id


@pytest.mark.parametrize(
    ("draft", "rule"),
    [
        ({"price": "1000"}, "price_collar"),
        ({"price": None, "quantity": "1000"}, "funds"),
        ({"quantity": "101"}, "funds"),
        ({"side": "sell"}, "funds"),
        ({"stop_loss": Decimal(101)}, "stop_side"),
        ({"target": Decimal(99)}, "target_side"),
        ({"reduce_only": True}, "reduce_only"),
        ({"symbol": "ETH/USDT"}, "price_age"),
        ({"quantity": "99999999999999999", "price": "99999999999999999"}, "funds"),
    ],
)
def test_without_limits_what_makes_no_sense_is_refused(
    account: Account, draft: dict[str, object], rule: str
) -> None:
    _, verdict = ask(account, draft_make(**draft))  # type: ignore[arg-type]
    assert rule in failed(verdict)
    assert not Reservation.objects.exists()


def test_a_stale_price_refuses_by_its_age(account: Account) -> None:
    _, verdict = ask(account, now=NOW + timedelta(seconds=120))
    (found,) = [one for one in verdict.rules if one.rule == "price_age"]
    assert (found.passed, found.value, found.unit) == (False, "120", "seconds")
    price_forget("binance")
    _, verdict = ask(account, price=None)
    assert "price_age" in failed(verdict)


@pytest.mark.parametrize(
    ("rules", "good", "bad"),
    [
        ({"max_order_notional": "100"}, {}, {"quantity": "1.00001"}),
        # 101 * 1.05 = 106.05: a market order is valued at what it may cost.
        (
            {"max_order_notional": "106.05"},
            {"price": None},
            {"price": None, "quantity": "1.00001"},
        ),
        (
            {"max_order_notional": "102.01", "price_collar": "0.01"},
            {"price": None},
            {"price": None, "quantity": "1.00001"},
        ),
        ({"max_position_notional": "100"}, {}, {"quantity": "1.00001"}),
        ({"max_share_of_equity": "0.5"}, {"quantity": "50"}, {"quantity": "50.1"}),
        ({"max_leverage": "0.25"}, {"quantity": "25"}, {"quantity": "25.1"}),
        ({"max_correlated_exposure": "100"}, {}, {"quantity": "1.1"}),
        ({"allowed_instruments": ["BTC/*"]}, {}, None),
        ({"allowed_instruments": ["ETH/*"]}, None, {}),
        ({"forbidden_instruments": ["*/USDT"]}, None, {}),
        ({"price_collar": "0.1"}, {"price": "90"}, {"price": "89"}),
        ({"price_collar": "0.1"}, {"price": "110"}, {"price": "111"}),
        ({"require_stop": True}, {"stop_loss": Decimal(90)}, {}),
        (
            {"min_stop_distance": "0.05", "max_stop_distance": "0.1"},
            {"stop_loss": Decimal(90)},
            {"stop_loss": Decimal(96)},
        ),
        (
            {"max_stop_distance": "0.1"},
            {"stop_loss": Decimal(90)},
            {"stop_loss": Decimal(89)},
        ),
        (
            {"min_reward_to_risk": "2"},
            {"stop_loss": Decimal(95), "target": Decimal(110)},
            {"stop_loss": Decimal(95), "target": Decimal(109)},
        ),
        ({"max_price_age_seconds": "0.5"}, {}, None),
    ],
)
def test_each_limit_lets_pass_what_it_allows_and_names_what_it_refuses(
    account: Account,
    rules: dict[str, object],
    good: dict[str, object] | None,
    bad: dict[str, object] | None,
) -> None:
    limit(account, **rules)  # type: ignore[arg-type]
    if bad is not None:
        _, verdict = ask(account, draft_make(**bad))  # type: ignore[arg-type]
        assert failed(verdict)[0] in rules
        first = verdict.rules[0]
        assert first.message
        assert str(RiskRefused(verdict)).startswith(first.rule)
    if good is not None:
        _, verdict = ask(account, draft_make(**good))  # type: ignore[arg-type]
        assert verdict.allowed, verdict.rules


def test_open_orders_and_orders_of_the_last_minute_are_counted(
    account: Account,
) -> None:
    limit(account, max_open_orders=2, max_orders_per_minute=3)
    orders = [ask(account)[0] for _ in range(2)]
    assert failed(ask(account)[1]) == ["max_open_orders"]
    for one in orders:
        exposure_release(order_id=one, now=NOW)
    assert ask(account)[1].allowed
    assert failed(ask(account)[1]) == ["max_orders_per_minute"]
    price_put("binance", "BTC/USDT", "99", "101", at=NOW + timedelta(seconds=61))
    assert ask(account, now=NOW + timedelta(seconds=61))[1].allowed


def test_limits_of_a_user_are_of_all_accounts_of_a_mode_together(
    account: Account,
) -> None:
    other = account_make(account.owner)
    live = account_make(account.owner, mode="live")
    for one in (other, live):
        deposit(one, "USDT", 10_000, NOW)
    limit(account, of_user=True, max_position_notional="150")
    assert ask(account)[1].allowed
    _, verdict = ask(other)
    assert failed(verdict) == ["max_position_notional"]
    assert verdict.rules[0].scope == "user"
    # Paper is not added to money.
    assert ask(live)[1].allowed


def test_limits_of_a_user_in_a_currency_without_a_price_refuse_by_name(
    account: Account,
) -> None:
    limit(account, of_user=True, currency="EUR", max_order_notional="1000")
    _, verdict = ask(account)
    assert failed(verdict) == ["max_order_notional"]
    assert "USDT has no fresh price in EUR" in verdict.rules[0].message
    price_put("binance", "EUR/USDT", "1.25", "1.25", at=NOW)
    _, verdict = ask(account)
    assert verdict.allowed
    (found,) = [one for one in verdict.rules if one.rule == "max_order_notional"]
    assert (found.value, found.unit) == ("80", "EUR")


def test_a_limit_sell_below_the_market_is_valued_at_the_market(
    account: Account,
) -> None:
    deposit(account, "BTC", 10, NOW)
    limit(account, max_order_notional="100")
    _, verdict = ask(account, side="sell", quantity="1", price="60")
    assert failed(verdict) == ["max_order_notional"]
    assert verdict.order["valued_at"] == "103.95"


def test_a_day_that_lost_too_much_adds_nothing_more(account: Account) -> None:
    limit(account, max_daily_loss="500", halt_on_daily_loss=True)
    order_id, _ = ask(account, quantity="50")
    fill(account, order_id, "50", "100")
    exposure_release(order_id=order_id, now=NOW)
    price_put("binance", "BTC/USDT", "89", "91", at=NOW)
    _, verdict = ask(account, price="90")
    assert failed(verdict) == ["max_daily_loss"]
    assert verdict.rules[0].value == "500"
    # From then on, whatever the prices: only reducing.
    price_put("binance", "BTC/USDT", "99", "101", at=NOW)
    assert failed(ask(account)[1]) == ["state"]
    assert ask(account, side="sell")[1].allowed


def test_a_dry_run_holds_nothing(account: Account) -> None:
    verdict = verdict_dry_run(account=account, draft=draft_make(), now=NOW)
    assert verdict.allowed
    assert not Reservation.objects.exists()
    assert RiskVerdict.objects.get().order_id is None


def test_after_a_halt_nothing_is_admitted_and_nothing_is_sent(account: Account) -> None:
    order_id, _ = ask(account)
    sending_admit(account=account, order_id=order_id, now=NOW)
    state_change(
        actor=account.owner,
        account_id=account.pk,
        state="reducing",
        reason="calm",
        may_loosen=False,
        now=NOW,
    )
    with pytest.raises(TradingReducingOnly):
        sending_admit(account=account, order_id=order_id, now=NOW)
    kill_switch_engage(actor=account.owner, account_id=None, reason="fire", now=NOW)
    with pytest.raises(TradingHalted, match="fire"):
        sending_admit(account=account, order_id=order_id, now=NOW)
    assert "state" in failed(ask(account)[1])


def test_the_gate_takes_few_queries(
    account: Account, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    limit(
        account,
        max_order_notional="1000",
        max_position_notional="5000",
        max_open_orders=50,
        max_orders_per_minute=60,
        price_collar="0.1",
    )
    ask(account)
    with django_assert_max_num_queries(9):
        ask(account)
