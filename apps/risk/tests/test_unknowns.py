"""What the gate says where something is not known, was written oddly, or was closed."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from apps.exchanges.errors import SymbolUnknown
from apps.market.models import LiveDemand
from apps.portfolio.models import EquityPoint
from apps.portfolio.services.accounts import account_close
from apps.portfolio.services.equity import equity_point_add
from apps.portfolio.services.posting import fill_post
from apps.portfolio.tests.world import (
    NOW,
    account_make,
    deposit,
    market_make,
    price_forget,
    price_put,
)
from apps.risk.models import RiskEvent, RiskLock, RiskResult, RiskScope
from apps.risk.services.gate import exposure_release, verdict_dry_run
from apps.risk.services.halts import kill_switch_engage, kill_switch_release
from apps.risk.services.locks import lock_create, lock_write
from apps.risk.services.losses import losses_judge
from apps.risk.tests.world import ask, draft_make, failed, fill, limit

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from apps.portfolio.models import Account
    from apps.risk.contracts import Verdict

pytestmark = pytest.mark.usefixtures("live_store")

HOUR = timedelta(hours=1)
LATE = NOW + timedelta(seconds=120)
DRAWDOWN = {"share": "0.002", "lookback_seconds": 60, "lock_seconds": 60}


def _lose(account: Account, bought: str = "100", sold: str = "60") -> None:
    """Buy one BTC and sell it for less."""
    price_put("binance", "BTC/USDT", "100", "100", at=NOW)
    for side, price in (("buy", bought), ("sell", sold)):
        order_id, verdict = ask(account, side=side, price=price)
        assert verdict.allowed, verdict.rules
        fill(account, order_id, "1", price)
        exposure_release(order_id=order_id, now=NOW)


def _message(verdict: Verdict, rule: str) -> str:
    return next(one.message for one in verdict.rules if one.rule == rule)


def test_closing_an_account_resets_no_loss_of_its_owner(account: Account) -> None:
    other = account_make(account.owner)
    deposit(other, "USDT", 10_000, NOW)
    price_put("binance", "BTC/USDT", "100", "100", at=NOW)
    limit(account, of_user=True, max_daily_loss="500")
    for one in (account, other):
        equity_point_add(account=one, now=NOW)
    order_id, _ = ask(account, quantity="50")
    fill(account, order_id, "50", "100")
    exposure_release(order_id=order_id, now=NOW)
    price_put("binance", "BTC/USDT", "80", "80", at=NOW)
    assert failed(ask(other, price="80")[1]) == ["max_daily_loss"]
    account_close(actor=account.owner, account_id=account.pk, now=NOW)
    assert failed(ask(other, price="80")[1]) == ["max_daily_loss"]


def test_an_account_that_was_closed_long_ago_without_a_price_stops_nobody(
    account: Account,
) -> None:
    old = account_make(account.owner, closed_at=NOW - timedelta(days=9))
    market_make(symbol="DUST/USDT")
    deposit(old, "DUST", 1, NOW)
    limit(account, of_user=True, max_daily_loss="500")
    assert ask(account)[1].allowed


@pytest.mark.parametrize(
    "rules",
    [
        {"forbidden_instruments": ["btc/usdt"]},
        {"forbidden_instruments": ["*/usdt"]},
        {"allowed_instruments": ["eth/*"]},
    ],
)
def test_a_pattern_holds_however_it_is_written(
    account: Account, rules: dict[str, Any]
) -> None:
    limit(account, **rules)
    assert failed(ask(account)[1]) == [*rules]
    limit(account, allowed_instruments=["btc/usdt"])
    assert ask(account)[1].allowed


def test_a_lock_of_a_market_that_there_is_not_is_refused(account: Account) -> None:
    with pytest.raises(SymbolUnknown, match="BTC/USDT"):
        lock_create(
            actor=account.owner,
            account_id=account.pk,
            symbol="btc/usdt",
            until=NOW + HOUR,
            reason="",
            now=NOW,
        )
    scope = RiskScope.objects.create(
        scope=f"account:{account.pk}", owner=account.owner, account=account
    )
    RiskScope.objects.create(scope=f"user:{account.owner_id}", owner=account.owner)
    lock_write(
        account=account,
        scope=scope,
        kind="manual",
        symbol="btc/usdt",
        begins_at=NOW,
        until=NOW + HOUR,
        reason="",
        now=NOW,
    )
    assert failed(ask(account)[1]) == ["lock"]


def test_the_currency_of_limits_is_in_capitals(account: Account) -> None:
    limit(account, of_user=True, currency="usdt", max_order_notional="150")
    assert ask(account)[1].allowed
    assert failed(ask(account, quantity="2")[1]) == ["max_order_notional"]


def test_a_fall_is_judged_by_the_last_known_equity_and_else_adds_nothing(
    account: Account,
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]],
) -> None:
    limit(account, locks={"drawdown": DRAWDOWN})
    _lose(account)
    market_make(symbol="DUST/USDT")
    deposit(account, "DUST", "0.001", NOW)
    with django_capture_on_commit_callbacks(execute=True):
        _, verdict = ask(account)
    assert failed(verdict) == ["lock"]
    assert "locks.drawdown is unjudged: DUST has no price" in _message(verdict, "lock")
    # It was asked for, so that the next time knows.
    assert LiveDemand.objects.filter(symbol="DUST/USDT").exists()
    assert not RiskLock.objects.exists()
    EquityPoint.objects.create(account=account, at=NOW, equity=10_000, through=1)
    assert failed(ask(account)[1]) == ["lock"]
    assert RiskLock.objects.get().kind == "drawdown"


def test_a_fall_of_everything_locks_too(account: Account) -> None:
    limit(account, locks={"drawdown": DRAWDOWN | {"min_results": 2}})
    rows = (Decimal(-5), Decimal(5))
    for number, profit in enumerate(rows):
        RiskResult.objects.create(
            account=account,
            symbol="BTC/USDT",
            quote="USDT",
            profit=profit,
            realised=profit,
            net=number,
            at=NOW,
        )
    EquityPoint.objects.create(account=account, at=NOW, equity=0, through=1)
    market_make(symbol="DUST/USDT")
    deposit(account, "DUST", "0.001", NOW)
    assert failed(ask(account)[1]) == ["lock"]
    assert RiskLock.objects.get().kind == "drawdown"


def test_a_dry_run_says_of_guards_what_the_gate_says_and_locks_nothing(
    account: Account,
) -> None:
    limit(account, locks={"cooldown": {"lock_seconds": 60}})
    _lose(account, sold="90")
    told = verdict_dry_run(account=account, draft=draft_make(), now=NOW)
    assert failed(told) == ["lock"]
    assert not RiskLock.objects.exists()
    _, verdict = ask(account)
    assert _message(verdict, "lock") == _message(told, "lock")
    assert RiskLock.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"side": "sell", "price": "100000000000000"}, "price_collar"),
        ({"stop_loss": Decimal(10) ** 17}, "max_stop_distance"),
    ],
)
def test_a_price_beyond_all_measure_is_refused_and_breaks_nothing(
    account: Account, fields: dict[str, object], rule: str
) -> None:
    price_put("binance", "BTC/USDT", "0.00001", "0.00002", last="0.00001", at=NOW)
    deposit(account, "BTC", 10, NOW)
    limit(account, price_collar="0.1", max_stop_distance="0.5")
    _, verdict = ask(account, **({"price": "0.00001"} | fields))  # type: ignore[arg-type]
    assert rule in failed(verdict)


def test_a_release_writes_no_result_for_it_holds_no_ledger(account: Account) -> None:
    limit(account, locks={"cooldown": {"lock_seconds": 60}})
    bought, _ = ask(account)
    fill(account, bought, "1", "100")
    sold, _ = ask(account, side="sell")
    # What the order's execution has realised is written down with the execution.
    fill_post(
        account=account,
        cause_id="elsewhere",
        symbol="BTC/USDT",
        base="BTC",
        quote="USDT",
        side="sell",
        quantity=Decimal(1),
        price=Decimal(90),
        fee=Decimal(0),
        fee_currency="",
        at=NOW,
        now=NOW,
    )
    exposure_release(order_id=sold, now=NOW)
    assert not RiskResult.objects.exclude(profit=None).exists()


def test_a_drawdown_needs_no_point_of_the_day_and_a_daily_loss_says_which(
    account: Account,
) -> None:
    equity_point_add(account=account, now=NOW - timedelta(days=5))
    EquityPoint.objects.update(at=NOW - timedelta(days=5), through=1)
    limit(account, max_drawdown="0.5")
    assert ask(account)[1].allowed
    limit(account, max_daily_loss="5")
    _, verdict = ask(account)
    assert failed(verdict) == ["max_daily_loss"]
    assert "no equity was written down since 2025-12-28" in verdict.rules[0].message


def test_a_release_goes_back_to_what_losses_had_left(account: Account) -> None:
    def halted_and_released() -> str:
        for change in (kill_switch_engage, kill_switch_release):
            more = {"force": True} if change is kill_switch_release else {}
            scope = change(
                actor=account.owner,
                account_id=account.pk,
                reason="",
                now=NOW,
                **more,
            )
        return scope.state

    equity_point_add(account=account, now=NOW)
    limit(account, max_daily_loss="500", halt_on_daily_loss=True)
    assert halted_and_released() == "active"
    order_id, _ = ask(account, quantity="50")
    fill(account, order_id, "50", "100")
    kill_switch_engage(actor=account.owner, account_id=account.pk, reason="", now=NOW)
    price_put("binance", "BTC/USDT", "80", "80", at=NOW)
    # The limit is overstepped during the halt.
    losses_judge(account=account, now=NOW)
    released = kill_switch_release(
        actor=account.owner, account_id=account.pk, reason="", force=True, now=NOW
    )
    assert released.state == "reducing"
    assert halted_and_released() == "reducing"
    assert RiskEvent.objects.filter(name="released").count() == 3


def test_a_coin_without_any_market_is_worth_nothing_and_stops_no_order(
    account: Account,
) -> None:
    deposit(account, "AIRDROP", 1000, NOW)
    limit(account, max_daily_loss="500")
    assert ask(account)[1].allowed


def test_a_price_that_is_missing_is_asked_for(
    account: Account,
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]],
) -> None:
    market_make(symbol="BNB/USDT")
    deposit(account, "BNB", "0.0001", NOW)
    limit(account, max_daily_loss="500")
    with django_capture_on_commit_callbacks(execute=True):
        _, verdict = ask(account)
    assert failed(verdict) == ["max_daily_loss"]
    assert "try again in a few seconds" in verdict.rules[0].message
    assert LiveDemand.objects.filter(symbol="BNB/USDT", kind="tickers").exists()
    price_put("binance", "BNB/USDT", "600", "600", at=NOW)
    assert ask(account)[1].allowed


@pytest.mark.parametrize("known", [True, False])
def test_what_reduces_is_let_out_without_a_fresh_price_and_what_adds_is_not(
    account: Account, *, known: bool
) -> None:
    live = account_make(account.owner, mode="live")
    deposit(live, "BTC", 2, NOW)
    deposit(live, "USDT", 1000, NOW)
    limit(live, max_order_notional="200", price_collar="0.1")
    if not known:
        price_forget("binance")
    _, out = ask(live, side="sell", price="40", now=LATE)
    assert out.allowed, out.rules
    assert out.order["valued_at"] == "40"
    assert "what reduces a position is let out" in _message(out, "price_age")
    assert "price_age" in failed(ask(live, now=LATE)[1])
    assert "price_age" in failed(ask(live, side="sell", quantity="9", now=LATE)[1])
    _, market = ask(live, side="sell", price=None, now=LATE)
    assert market.allowed is known
    # Nothing says what it is worth: the limit of one order refuses, and no other rule.
    assert failed(market) == ([] if known else ["max_order_notional"])


def test_on_paper_nothing_is_filled_at_an_old_price(account: Account) -> None:
    deposit(account, "BTC", 2, NOW)
    assert failed(ask(account, side="sell", price=None, now=LATE)[1]) == ["price_age"]
    assert ask(account, side="sell", now=LATE)[1].allowed
