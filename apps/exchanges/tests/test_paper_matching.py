"""The paper venue's matching: pure, order by order."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D  # noqa: N817 - as short as a figure
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings, strategies as st

from apps.exchanges.account_port import (
    OrderKind,
    OrderRequest,
    OrderSide,
    TimeInForce,
    VenueOrderState,
)
from apps.exchanges.adapters.paper.amounts import plain, times
from apps.exchanges.adapters.paper.contracts import (
    Bar,
    Deal,
    Fees,
    Level,
    Print,
    Quote,
    Rules,
    Ticket,
)
from apps.exchanges.adapters.paper.matching import TOO_DEAR, arrive, meet
from apps.exchanges.adapters.paper.money import grain_of, held_by, moves_of
from apps.exchanges.adapters.paper.pool import Pool
from apps.exchanges.adapters.paper.rules import request_check, ticket_check
from apps.exchanges.errors import ExchangeRejected

if TYPE_CHECKING:
    from apps.exchanges.adapters.paper.contracts import Outcome

BUY, SELL = OrderSide.BUY, OrderSide.SELL
RICH = D(10**9)
RULES = Rules("BTC/USDT", "BTC", "USDT", D("0.01"), D("0.001"), D("0.002"), D(5))


def ticket(
    side: OrderSide = BUY,
    kind: OrderKind = OrderKind.MARKET,
    quantity: str = "1",
    price: str | None = None,
    **fields: Any,
) -> Ticket:
    known: dict[str, Any] = {
        "side": side,
        "kind": kind,
        "remaining": D(quantity),
        "price": D(price) if price else None,
        "stop_price": None,
        "time_in_force": TimeInForce.GTC,
        "post_only": False,
        "active_ns": 10,
        "looked_ns": None,
        "triggered": False,
        "grain": D("0.001"),
    }
    return Ticket(**known | fields)


def limit(side: OrderSide, price: str, **fields: Any) -> Ticket:
    return ticket(side, OrderKind.LIMIT, price=price, **fields)


def stop(
    side: OrderSide, at: str, kind: OrderKind = OrderKind.STOP, **fields: Any
) -> Ticket:
    return ticket(side, kind, stop_price=D(at), looked_ns=10, **fields)


def levels(*told: tuple[str, str | None]) -> tuple[Level, ...]:
    return tuple(Level(D(price), D(size) if size else None) for price, size in told)


def quote(at: int = 20, last: str | None = None) -> Quote:
    return Quote(
        at,
        bids=levels(("99", "0.5"), ("98", "0.5"), ("97", "5")),
        asks=levels(("101", "0.5"), ("102", "0.25"), ("103", "5")),
        last=D(last) if last else None,
    )


def touch(price: str, at: int = 20, size: str | None = None) -> Quote:
    both = levels((price, size))
    return Quote(at, both, both, D(price))


def bar(prices: str, size: str | None = None, opened: int = 20) -> Bar:
    open_, high, low, close = (D(one) for one in prices.split())
    return Bar(opened, opened + 10, open_, high, low, close, D(size) if size else None)


def deals(outcome: Outcome) -> list[tuple[str, str, bool]]:
    return [(plain(one.price), plain(one.quantity), one.maker) for one in outcome.deals]


def test_a_market_order_walks_the_book_level_by_level() -> None:
    bought = arrive(ticket(BUY), Pool(quote()), RICH)
    assert deals(bought) == [
        ("101", "0.5", False),
        ("102", "0.25", False),
        ("103", "0.25", False),
    ]
    assert bought.ended is VenueOrderState.FILLED
    sold = arrive(ticket(SELL), Pool(quote()), D(0))
    assert deals(sold) == [("99", "0.5", False), ("98", "0.5", False)]


def test_a_market_order_beyond_the_book_is_filled_in_part_and_the_rest_expires() -> (
    None
):
    outcome = arrive(ticket(BUY, quantity="10"), Pool(quote()), RICH)
    assert sum(one.quantity for one in outcome.deals) == D("5.75")
    assert outcome.ended is VenueOrderState.EXPIRED


def test_a_market_order_meets_a_ticker_at_its_ask_or_bid() -> None:
    told = Quote(20, levels(("99", None)), levels(("101", None)), None)
    assert deals(arrive(ticket(BUY, quantity="70"), Pool(told), RICH)) == [
        ("101", "70", False)
    ]
    assert deals(arrive(ticket(SELL), Pool(told), RICH)) == [("99", "1", False)]


def test_a_buyer_never_spends_more_than_it_has() -> None:
    outcome = arrive(ticket(BUY), Pool(quote()), D(60))
    assert deals(outcome) == [("101", "0.5", False), ("102", "0.093", False)]
    assert outcome.reason == TOO_DEAR


def test_what_one_order_takes_is_not_there_for_the_next() -> None:
    pool = Pool(quote())
    arrive(ticket(BUY, quantity="0.6"), pool, RICH)
    assert deals(arrive(ticket(BUY, quantity="0.2"), pool, RICH)) == [
        ("102", "0.15", False),
        ("103", "0.05", False),
    ]


def test_a_marketable_limit_takes_up_to_its_limit_and_rests() -> None:
    order = limit(BUY, "102")
    outcome = arrive(order, Pool(quote()), RICH)
    assert deals(outcome) == [("101", "0.5", False), ("102", "0.25", False)]
    assert outcome.ended is None
    assert order.remaining == D("0.25")


@pytest.mark.parametrize(
    ("side", "price", "touched", "through"),
    [(BUY, "100", "100", "99.99"), (SELL, "100", "100", "100.01")],
)
def test_a_resting_limit_is_filled_when_traded_through_and_not_when_touched(
    side: OrderSide, price: str, touched: str, through: str
) -> None:
    order = limit(side, price, looked_ns=15)
    assert not meet(order, Pool(touch(touched)), RICH).deals
    outcome = meet(order, Pool(touch(through, at=21)), RICH)
    assert deals(outcome) == [("100", "1", True)]
    assert outcome.ended is VenueOrderState.FILLED


def test_a_resting_order_is_filled_with_no_more_than_was_offered_beyond_its_price() -> (
    None
):
    order = limit(BUY, "102.5", looked_ns=15)
    assert deals(meet(order, Pool(quote()), RICH)) == [("102.5", "0.75", True)]
    printed = meet(order, Pool(Print(30, D(90), D("0.1"))), RICH)
    assert deals(printed) == [("102.5", "0.1", True)]
    assert not meet(order, Pool(Print(30, D(90), D("0.1"))), RICH).changed


def test_nothing_is_matched_before_the_latency_has_passed_or_twice() -> None:
    order = ticket(BUY, active_ns=50)
    assert not meet(order, Pool(quote(at=49)), RICH).changed
    assert meet(order, Pool(quote(at=50)), RICH).ended is VenueOrderState.FILLED
    resting = limit(BUY, "100.5", looked_ns=40, active_ns=30)
    assert not meet(resting, Pool(touch("99", at=40)), RICH).changed


@pytest.mark.parametrize(
    ("side", "kind", "before", "at"),
    [
        (SELL, OrderKind.STOP, "95.01", "95"),
        (BUY, OrderKind.STOP, "94.99", "95"),
        (SELL, OrderKind.TAKE_PROFIT, "94.99", "95"),
        (BUY, OrderKind.TAKE_PROFIT, "95.01", "95"),
    ],
)
def test_a_stop_wakes_by_the_last_price_and_takes_from_the_book(
    side: OrderSide, kind: OrderKind, before: str, at: str
) -> None:
    order = stop(side, "95", kind)
    assert not meet(order, Pool(quote(20, last=before)), RICH).changed
    outcome = meet(order, Pool(quote(21, last=at)), RICH)
    assert outcome.triggered
    assert outcome.deals[0].price == D(101 if side is BUY else 99)


def test_a_waiting_order_sees_a_last_price_that_is_newer_than_the_book() -> None:
    order = replace(stop(SELL, "95"), looked_ns=30)
    told = replace(quote(20, last="94"), last_ns=31)
    assert meet(order, Pool(told), RICH).triggered


def test_a_stop_limit_rests_at_its_limit_once_it_is_awake() -> None:
    order = stop(SELL, "95", OrderKind.STOP_LIMIT, price=D("99.5"))
    woken = meet(order, Pool(quote(20, last="95")), RICH)
    assert woken.triggered
    assert not woken.deals
    assert not meet(order, Pool(touch("99.5", at=21)), RICH).deals
    assert deals(meet(order, Pool(touch("99.51", at=22)), RICH)) == [
        ("99.5", "1", True)
    ]


def test_ioc_ends_with_what_it_took_and_fok_takes_all_or_nothing() -> None:
    ioc = arrive(limit(BUY, "102", time_in_force=TimeInForce.IOC), Pool(quote()), RICH)
    assert sum(one.quantity for one in ioc.deals) == D("0.75")
    assert ioc.ended is VenueOrderState.EXPIRED
    for price, filled in (("102", 0), ("103", 1)):
        fok = limit(BUY, price, time_in_force=TimeInForce.FOK)
        outcome = arrive(fok, Pool(quote()), RICH)
        assert sum(one.quantity for one in outcome.deals) == filled


def test_post_only_is_refused_when_it_would_take_and_ends_when_it_came_too_late() -> (
    None
):
    taking = limit(BUY, "101", post_only=True)
    with pytest.raises(ExchangeRejected, match="would take at 101"):
        ticket_check(taking, quote())
    late = meet(taking, Pool(quote()), RICH)
    assert (late.ended, late.deals) == (VenueOrderState.EXPIRED, ())
    ticket_check(limit(BUY, "100.99", post_only=True), quote())


def test_a_stop_that_would_wake_at_once_is_refused() -> None:
    with pytest.raises(ExchangeRejected, match="met at once"):
        ticket_check(stop(SELL, "100"), quote(last="100"))


# --- candles


def test_a_candle_fills_a_resting_order_it_trades_through_with_a_share_of_its_volume() -> (
    None
):
    order = limit(BUY, "95", looked_ns=15)
    assert not meet(order, Pool(bar("100 101 95 99")), RICH).deals
    outcome = meet(order, Pool(bar("100 101 94.99 99", "0.4", opened=30)), RICH)
    assert deals(outcome) == [("95", "0.4", True)]


@pytest.mark.parametrize(
    ("prices", "price"),
    [("100 101 95 99", "95"), ("90 101 89 99", "90"), ("100 101 95.01 99", None)],
)
def test_a_stop_is_filled_at_its_price_or_at_an_open_beyond_it(
    prices: str, price: str | None
) -> None:
    outcome = meet(stop(SELL, "95"), Pool(bar(prices)), RICH)
    assert [f"{one.price}" for one in outcome.deals] == ([price] if price else [])


def test_of_a_candle_that_had_begun_before_the_order_only_the_close_counts() -> None:
    order = limit(BUY, "95", looked_ns=22, active_ns=22)
    assert not meet(order, Pool(bar("90 101 89 99")), RICH).deals
    again = limit(BUY, "95", looked_ns=22, active_ns=22)
    assert meet(again, Pool(bar("90 101 89 94")), RICH).deals


def test_a_stop_limit_woken_inside_a_candle_does_not_rest_in_the_same_candle() -> None:
    order = stop(SELL, "95", OrderKind.STOP_LIMIT, price=D(96))
    outcome = meet(order, Pool(bar("100 101 94 100")), RICH)
    assert outcome.triggered
    assert not outcome.deals
    assert meet(order, Pool(bar("95 97 94 95", opened=40)), RICH).deals


# --- rules


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"price": D("10.001")}, "multiples of 0.01; the nearest below is 10"),
        ({"quantity": D("1.0005")}, "multiples of 0.001"),
        ({"quantity": D("0.001"), "price": D(90000)}, "from 0.002 BTC on"),
        ({"quantity": D("0.4")}, "worth 5 USDT or more, not 4"),
        ({"price": None}, "names its price"),
        ({"stop_price": D(3)}, "names no stop price"),
        ({"quantity": D("NaN")}, "above 0"),
        ({"quantity": D(10**17), "price": D(10**17)}, "less than 1e18"),
        ({"post_only": True, "time_in_force": TimeInForce.IOC}, "post-only"),
        ({"client_order_id": ""}, "client order id"),
    ],
)
def test_an_order_that_breaks_a_rule_is_refused_with_the_rule(
    changes: dict[str, Any], said: str
) -> None:
    request = OrderRequest("a", "BTC/USDT", BUY, OrderKind.LIMIT, D(1), D(10))
    request_check(request, RULES, None)
    with pytest.raises(ExchangeRejected, match=said):
        request_check(replace(request, **changes), RULES, None)


def test_a_market_order_is_valued_at_the_price_it_meets() -> None:
    small = OrderRequest("a", "BTC/USDT", BUY, OrderKind.MARKET, D("0.04"))
    with pytest.raises(ExchangeRejected, match=r"not 4\.04"):
        request_check(small, RULES, quote())
    request_check(small, RULES, None)


def test_fees_are_taken_from_what_is_received() -> None:
    fees = Fees(maker=D("0.001"), taker=D("0.002"))
    bought = moves_of(ticket(BUY), Deal(D(100), D(2), maker=False), fees)
    assert (bought.spent, bought.received, bought.fee) == (D(200), D(2), D("0.004"))
    sold = moves_of(ticket(SELL), Deal(D(100), D(2), maker=True), fees)
    assert (sold.spent, sold.received, sold.fee) == (D(2), D(200), D("0.2"))


# --- whatever comes

PRICES = st.integers(1, 3000).map(lambda one: D(one) / 100)
SIZES = st.one_of(st.none(), st.integers(0, 5000).map(lambda one: D(one) / 1000))


@st.composite
def seen(draw: st.DrawFn) -> Quote | Print | Bar:
    at = draw(st.integers(5, 60))
    if draw(st.booleans()):
        return Print(at, draw(PRICES), draw(SIZES))
    if draw(st.booleans()):
        four = sorted(draw(st.lists(PRICES, min_size=4, max_size=4)))
        middle = draw(st.permutations(four[1:3]))
        return Bar(at, at + 5, middle[0], four[3], four[0], middle[1], draw(SIZES))
    ladder = sorted(set(draw(st.lists(PRICES, min_size=2, max_size=8))))
    cut = draw(st.integers(0, len(ladder)))
    return Quote(
        at,
        tuple(Level(one, draw(SIZES)) for one in reversed(ladder[:cut])),
        tuple(Level(one, draw(SIZES)) for one in ladder[cut:]),
        draw(PRICES),
    )


@st.composite
def tickets(draw: st.DrawFn) -> Ticket:
    kind = draw(st.sampled_from(list(OrderKind)))
    tif = (
        draw(st.sampled_from(list(TimeInForce))) if kind.has_price else TimeInForce.GTC
    )
    price = draw(PRICES) if kind.has_price else None
    return Ticket(
        side=draw(st.sampled_from(list(OrderSide))),
        kind=kind,
        remaining=draw(st.integers(1, 9000).map(lambda one: D(one) / 1000)),
        price=price,
        stop_price=draw(PRICES) if kind.has_stop else None,
        time_in_force=tif,
        post_only=kind is OrderKind.LIMIT
        and tif is TimeInForce.GTC
        and draw(st.booleans()),
        active_ns=draw(st.integers(0, 40)),
        looked_ns=None,
        triggered=False,
        grain=grain_of(RULES, price),
    )


def prices_of(one: Quote | Print | Bar) -> list[D]:
    if isinstance(one, Quote):
        return [level.price for level in (*one.bids, *one.asks)]
    return [one.price] if isinstance(one, Print) else [one.high, one.low]


@settings(max_examples=60, deadline=None)
@given(order=tickets(), looks=st.lists(seen(), max_size=8), budget=PRICES)
def test_no_fill_is_outside_of_its_limit_its_budget_or_what_traded(
    order: Ticket, looks: list[Quote | Print | Bar], budget: D
) -> None:
    asked, spent, filled = order.remaining, D(0), D(0)
    means = held_by(order) if order.buys and order.price is not None else budget
    for look in sorted(looks, key=lambda one: one.time_ns):
        outcome = meet(order, Pool(look), means - spent)
        for deal in outcome.deals:
            assert deal.quantity > 0
            assert look.time_ns >= order.active_ns
            filled += deal.quantity
            if order.buys:
                spent += times(deal.price, deal.quantity)
            if order.price is not None:
                better = order.price - deal.price
                assert (better if order.buys else -better) >= 0
            if deal.maker:
                assert deal.price == order.price
                beyond = [
                    one < deal.price if order.buys else one > deal.price
                    for one in prices_of(look)
                ]
                assert any(beyond)
        if outcome.ended is not None:
            break
    assert filled == asked - order.remaining
    assert spent <= means
    if order.time_in_force is TimeInForce.FOK:
        assert filled in {0, asked}
