"""ccxt's own order books and numbers, made to tell what changes; no exchange is needed."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings, strategies as st

from apps.exchanges.adapters.ccxt.telling_books import (
    TellingBook,
    TellingCountedBook,
    TellingIndexedBook,
)
from apps.exchanges.adapters.ccxt.telling_values import (
    Exact,
    amount,
    positive,
    ticker_from,
    trades_from,
)
from apps.exchanges.book_state import BookState

if TYPE_CHECKING:
    from apps.exchanges.adapters.ccxt.telling_books import Telling
    from apps.exchanges.books import BookChange

BTC = "BTC/USDT"


def told(book: Telling) -> BookChange | None:
    return book.change(BTC, 5, 0)


def snapshot(
    bids: list[list[Any]], asks: list[list[Any]], **more: Any
) -> dict[str, Any]:
    return {"bids": bids, "asks": asks, "nonce": 1, "timestamp": None, **more}


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.lists(
            st.tuples(st.booleans(), st.integers(1, 15), st.integers(0, 3)),
            max_size=6,
        ),
        max_size=25,
    ),
    st.sampled_from([None, 4]),
)
def test_the_changes_make_the_same_book(
    messages: list[list[tuple[bool, int, int]]], depth: int | None
) -> None:
    book, state = TellingBook({}, depth), BookState()
    book.reset(snapshot([[3, 1], [2, 1]], [[18, 1], [19, 2]]))
    first = told(book)
    assert first is not None
    assert first.whole
    state.apply(first)
    for message in messages:
        for bid, price, quantity in message:
            side = book["bids"] if bid else book["asks"]
            side.store(float(price if bid else price + 15), float(quantity))
        change = told(book)
        if change is not None:
            assert not change.whole
            state.apply(change)
        for name, ours in (("bids", state.bids()), ("asks", state.asks())):
            theirs = [(Decimal(str(p)), Decimal(str(q))) for p, q in book[name]]
            assert list(ours) == theirs
            assert depth is None or len(ours) <= depth


def test_numbers_keep_the_digits_that_were_sent() -> None:
    price = Exact("12345678901.12345678")
    assert price == 12345678901.123457
    assert amount(price) == Decimal("12345678901.12345678")
    assert amount(0.1) == Decimal("0.1")
    assert (amount("NaN"), amount("x"), amount(None)) == (None, None, None)
    assert (positive("0.00"), positive("-1"), positive("1.50")) == (
        None,
        None,
        Decimal("1.50"),
    )


def test_a_book_that_was_read_in_part_is_trusted_only_as_far_as_it_was_read() -> None:
    book = TellingBook({}, 1000)
    bids = [[100 - n, 1] for n in range(10)]
    asks = [[101 + n, 1] for n in range(10)]
    book.reset(snapshot(bids, asks, read_levels=10))
    assert book.reaches(5)
    # The price falls: what lies below 91 was never told.
    for price in range(96, 101):
        book["bids"].store(price, 0)
    assert book.reaches(5)
    book["bids"].store(95, 0)
    assert not book.reaches(5)
    book.reset(snapshot(bids, asks, read_levels=20))
    # There are no more: all of it is known.
    book["bids"].store(100, 0)
    assert book.reaches(10)


def test_what_is_known_is_not_cut_to_the_depth_that_ccxt_keeps() -> None:
    book = TellingBook({}, 2)
    book.reset(snapshot([[9, 1], [8, 1], [7, 1]], [[10, 1]], read_levels=1000))
    told(book)
    book.limit()
    assert len(book["bids"]) == 3
    window = TellingBook({}, 2)
    window.reset(snapshot([[9, 1], [8, 1]], [[10, 1]]))
    told(window)
    window["bids"].store(9.5, 1)
    change = told(window)
    assert change is not None
    # A venue that sends a window says no more of what left it.
    assert dict(change.bids) == {Decimal("9.5"): Decimal(1), Decimal(8): Decimal(0)}


def test_a_crossed_book_says_so() -> None:
    book = TellingBook({}, None)
    book.reset(snapshot([[9, 1]], [[10, 1]]))
    assert not book.crossed()
    book["bids"].store(10, 1)
    assert book.crossed()


def test_books_of_counted_and_of_single_orders_are_told_by_price() -> None:
    counted = TellingCountedBook({}, 25)
    counted.reset(snapshot([[9, 1, 2]], [[10, 1, 1]]))
    told(counted)
    counted["bids"].store(9, 3, 1)
    change = told(counted)
    assert change is not None
    assert change.bids == ((Decimal(9), Decimal(3)),)
    counted["bids"].store(9, 3, 0)
    gone = told(counted)
    assert gone is not None
    assert gone.bids == ((Decimal(9), Decimal(0)),)
    single = TellingIndexedBook({}, None)
    single.reset(snapshot([[9, 1, "a"], [9, 2, "b"]], [[10, 1, "c"]]))
    whole = told(single)
    assert whole is not None
    assert whole.whole
    assert whole.bids == ((Decimal(9), Decimal(3)),)


@pytest.mark.parametrize(
    "wrong",
    [
        {"last": None},
        {"last": "0"},
        {"last": "NaN"},
        {"last": 100, "bid": 102, "ask": 101},
    ],
    ids=["none", "zero", "nan", "crossed"],
)
def test_a_ticker_that_cannot_be_believed_is_none(wrong: dict[str, Any]) -> None:
    assert ticker_from(BTC, wrong, 1) is None


def test_missing_offers_are_none_and_not_nought() -> None:
    found = ticker_from(BTC, {"last": "1.0", "bid": "0", "ask": None}, 1)
    assert found is not None
    assert (found.bid, found.ask, found.venue_ns) == (None, None, None)


def test_trades_that_cannot_be_believed_are_counted() -> None:
    good = {"id": "2", "timestamp": 2, "price": 1, "amount": 1, "side": "buy"}
    earlier = good | {"id": "10", "timestamp": 1, "received_ns": 7}
    wrong = [
        good | {"price": 0},
        good | {"amount": None},
        good | {"side": None},
        good | {"timestamp": None},
    ]
    trades, dropped = trades_from([good, *wrong, earlier])
    assert (trades.ids, dropped) == (("10", "2"), 4)
    assert trades.time.tolist() == [1_000_000, 2_000_000]
    assert trades.received is not None
    assert trades.received.tolist() == [7, 0]
