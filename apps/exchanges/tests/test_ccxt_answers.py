"""What ccxt passes on is checked before it is believed, and errors name the field."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

from apps.exchanges.adapters.ccxt.answers import book_from, ticker_from
from apps.exchanges.adapters.ccxt.listing import said_nothing
from apps.exchanges.adapters.ccxt.numbers import exact, moment_ns
from apps.exchanges.adapters.ccxt.trades import trades_from
from apps.exchanges.errors import ExchangeAnswerInvalid

FIRST_MS = 1_699_999_200_000
TICKER = {
    "symbol": "BTC/USDT",
    "last": "50000.10",
    "bid": "50000.00",
    "ask": "50000.20",
    "bidVolume": "1.5",
    "askVolume": None,
    "baseVolume": "123456789.123456789012345678",
    "timestamp": 1_700_000_000_000,
}


# --- numbers


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_number_keeps_every_digit_that_was_sent(number: Decimal) -> None:
    assert exact(str(number)) == number


@given(st.integers(0, 10**15), st.integers(0, 12))
def test_a_float_is_the_decimal_that_it_was_written_as(whole: int, places: int) -> None:
    number = Decimal(whole).scaleb(-places)
    assert exact(float(number)) == number


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1,5", "abc", float("nan")])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r".*"):
        exact(value)


def test_a_time_of_another_unit_is_refused() -> None:
    assert moment_ns("x", "t", None) is None
    assert moment_ns("x", "t", 1_700_000_000_000) == 1_700_000_000_000_000_000
    for wrong in (1_700_000_000, 1_700_000_000_000_000, "soon", -1):
        with pytest.raises(ExchangeAnswerInvalid, match="x: t is"):
            moment_ns("x", "t", wrong)


# --- tickers


def test_a_ticker_is_exact() -> None:
    ticker = ticker_from(TICKER, "BTC/USDT", received_ns=5)
    assert ticker.last == Decimal("50000.10")
    assert ticker.base_volume == Decimal("123456789.123456789012345678")
    assert ticker.ask_quantity is None
    assert ticker.received_ns == 5


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"last": None, "close": None}, "last"),
        ({"last": "0"}, "last"),
        ({"last": "-1"}, "last"),
        ({"last": "NaN"}, "last"),
        ({"last": float("nan")}, "last"),
        ({"bid": "50000.30"}, "bid"),
        ({"bid": "-5"}, "bid"),
        ({"ask": "many"}, "ask"),
        ({"baseVolume": "-1"}, "base_volume"),
        ({"symbol": "ETH/USDT"}, "symbol"),
        ({"symbol": None}, "symbol"),
        ({"timestamp": 1_700_000_000}, "timestamp"),
    ],
    ids=[
        "none", "zero", "negative", "nan", "float-nan", "crossed", "bid", "ask",
        "volume", "other", "nameless", "seconds",
    ],
)  # fmt: skip
def test_a_ticker_that_cannot_be_believed_names_the_field(
    change: dict[str, Any], named: str
) -> None:
    with pytest.raises(ExchangeAnswerInvalid) as caught:
        ticker_from(TICKER | change, "BTC/USDT", received_ns=0)
    assert caught.value.attr == named
    assert "ticker of BTC/USDT" in caught.value.message


def test_a_ticker_of_nothing_is_refused() -> None:
    nothings: list[Any] = [None, [], "<html>", dict.fromkeys(TICKER)]
    for nothing in nothings:
        with pytest.raises(ExchangeAnswerInvalid):
            ticker_from(nothing, "BTC/USDT", received_ns=0)


def test_a_market_without_offers_has_none() -> None:
    quiet = TICKER | {"bid": None, "ask": "0"}
    ticker = ticker_from(quiet, "BTC/USDT", received_ns=0)
    assert (ticker.bid, ticker.ask) == (None, None)


# --- order books


def test_a_book_is_sorted_by_value_and_not_as_text() -> None:
    raw = {
        "bids": [["9.5", "1"], ["10", "2"], ["9.75", "0"]],
        "asks": [["100", "1"], ["11", "3"]],
        "nonce": 7,
    }
    book = book_from(raw, "X/Y", 10, received_ns=0)
    assert book.bids == ((Decimal(10), Decimal(2)), (Decimal("9.5"), Decimal(1)))
    assert [price for price, _ in book.asks] == [11, 100]
    assert book.sequence == 7
    assert len(book_from(raw, "X/Y", 1, received_ns=0).bids) == 1


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"bids": [], "asks": []},
        {"bids": [["1", "1"]], "asks": [["1", "1"]]},
        {"bids": [["2", "1"]], "asks": [["1", "1"]]},
        {"bids": [["1", "1"], ["1.0", "2"]], "asks": []},
        {"bids": [["0", "1"]], "asks": []},
        {"bids": [["1", "-1"]], "asks": []},
        {"bids": [["1"]], "asks": []},
        {"bids": [[None, None]], "asks": []},
        {"bids": "1", "asks": []},
        None,
    ],
    ids=[
        "nothing", "empty", "locked", "crossed", "twice", "free", "negative", "short",
        "nulls", "text", "none",
    ],
)  # fmt: skip
def test_a_book_that_cannot_be_believed_is_refused(raw: Any) -> None:
    with pytest.raises(ExchangeAnswerInvalid, match="order book of X/Y"):
        book_from(raw, "X/Y", 10, received_ns=0)


# --- trades


def trade(name: str, moment: int = 0, **changes: Any) -> dict[str, Any]:
    return {
        "id": name,
        "timestamp": FIRST_MS + moment,
        "side": "buy",
        "price": "10",
        "amount": "2",
    } | changes


def test_trades_are_sorted_by_time_then_by_number_and_come_once() -> None:
    raw = [
        trade("10", 5),
        trade("9", 5, side="sell"),
        trade("11", 1),
        trade("9", 5, side="sell"),
    ]
    found = trades_from(raw, "X/Y")
    assert found.ids == ("11", "9", "10")
    assert found.buyer_taker.tolist() == [True, False, True]
    assert len(trades_from([], "X/Y")) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": None},
        {"side": None},
        {"timestamp": None},
        {"price": "0"},
        {"price": None},
        {"amount": "NaN"},
    ],
    ids=["id", "side", "time", "free", "price", "amount"],
)
def test_a_trade_that_cannot_be_believed_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ExchangeAnswerInvalid, match=r"trades\.1"):
        trades_from([trade("1"), trade("2") | wrong], "X/Y")


def test_two_different_trades_of_one_id_are_refused() -> None:
    with pytest.raises(ExchangeAnswerInvalid, match="two different trades"):
        trades_from([trade("1"), trade("1", price="11")], "X/Y")


# --- nothing


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {"code": "0", "data": []},
        {"error": [], "result": {"XBT": [], "last": 0}},
        {"result": [{"t": 1}]},
        [[1, "2"]],
    ],
    ids=["list", "field", "deep", "rows", "row"],
)
def test_that_there_is_nothing_is_believed_where_the_exchange_said_so(
    answer: Any,
) -> None:
    assert said_nothing(answer)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        None,
        {"data": {"rows": [1, "two", None]}},
        {"data": None},
        {"error": [], "result": None},
        "",
    ],
    ids=["object", "none", "values", "null", "errors", "text"],
)
def test_an_answer_of_another_shape_does_not_say_that_there_is_nothing(
    answer: Any,
) -> None:
    assert not said_nothing(answer)
