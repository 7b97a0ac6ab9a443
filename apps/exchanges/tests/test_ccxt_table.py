"""Each exception of ccxt says what to do next, and none is left out."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import ccxt
import pytest
import requests
from ccxt.base.errors import error_hierarchy

from apps.core.errors import ErrorKind
from apps.exchanges.adapters.ccxt.table import (
    TABLE,
    Intent,
    judged,
    misread,
)
from apps.exchanges.adapters.ccxt.waiting import retry_after
from apps.exchanges.adapters.ccxt.wire import Exchanged
from apps.exchanges.errors import (
    ClientOrderIdTaken,
    ExchangeAnswerInvalid,
    ExchangeForbidden,
    ExchangeMisconfigured,
    ExchangeRateLimited,
    ExchangeRejected,
    ExchangeUnavailable,
    OutcomeUnknown,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from apps.core.errors import ApplicationError


def names(hierarchy: Mapping[str, Any]) -> Iterator[str]:
    for name, below in hierarchy.items():
        yield name
        yield from names(below)


CLASSES = sorted(names(error_hierarchy))


def judge(
    error: Exception, intent: Intent = Intent.READ, **answer: Any
) -> ApplicationError:
    assert isinstance(error, ccxt.BaseError)
    exchanged = Exchanged(**{"sent": 1, "status": 200} | answer)
    return judged(error, exchanged, exchange="binance", intent=intent)


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("name", CLASSES)
def test_each_exception_of_ccxt_has_a_row_of_its_own(name: str) -> None:
    assert getattr(ccxt, name) in TABLE


def test_the_table_names_no_exception_that_ccxt_does_not_have() -> None:
    assert {each.__name__ for each in TABLE} == set(CLASSES)


@pytest.mark.parametrize("name", CLASSES)
def test_each_exception_becomes_one_error_that_says_what_to_do(name: str) -> None:
    error = judge(getattr(ccxt, name)("binance said no"))
    assert type(error) is TABLE[getattr(ccxt, name)]
    assert error.kind is not ErrorKind.INTERNAL
    assert error.message.startswith("binance: said no")


def test_an_exception_of_a_later_ccxt_is_treated_as_the_one_it_descends_from() -> None:
    class Newer(ccxt.InvalidOrder):  # type: ignore[misc]
        pass

    assert type(judge(Newer("no"))) is ExchangeRejected


OUTAGES = ["RequestTimeout", "NetworkError", "ExchangeNotAvailable", "BadResponse"]


@pytest.mark.parametrize("name", OUTAGES)
def test_an_outage_after_sending_an_order_is_an_unknown_outcome(name: str) -> None:
    error = getattr(ccxt, name)("binance POST https://h/order?signature=s3cr3t")
    assert type(judge(error, Intent.WRITE)) is OutcomeUnknown
    assert type(judge(error)) is not OutcomeUnknown


@pytest.mark.parametrize("name", OUTAGES)
def test_an_order_that_was_never_sent_has_no_unknown_outcome(name: str) -> None:
    error = getattr(ccxt, name)("no")
    assert type(judge(error, Intent.WRITE, sent=0)) is not OutcomeUnknown


def test_an_order_without_a_connection_was_not_sent() -> None:
    refused = requests.ConnectionError("NewConnectionError: refused")
    error = caused(ccxt.NetworkError("no"), refused)
    assert type(judge(error, Intent.WRITE, status=None)) is ExchangeUnavailable
    late = caused(ccxt.RequestTimeout("no"), requests.ConnectTimeout())
    assert type(judge(late, Intent.WRITE, status=None)) is ExchangeUnavailable


def test_a_broken_connection_after_sending_is_an_unknown_outcome() -> None:
    broken = requests.ConnectionError("Connection aborted.")
    error = caused(ccxt.NetworkError("no"), broken)
    assert type(judge(error, Intent.WRITE, status=None)) is OutcomeUnknown


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_servers_error_after_sending_leaves_an_outcome_unknown_whatever_it_says(
    status: int,
) -> None:
    for vague in (ccxt.BadRequest, ccxt.OperationFailed, ccxt.RateLimitExceeded):
        error = vague("binance {'code': -1000}")
        assert type(judge(error, Intent.WRITE, status=status)) is OutcomeUnknown
        assert type(judge(error, status=status)) is TABLE[vague]
    # Bitfinex refuses under 500, in words that ccxt knows.
    for plain in (ccxt.InsufficientFunds, ccxt.InvalidOrder, ccxt.InvalidNonce):
        error = plain("bitfinex Invalid order: not enough balance")
        assert type(judge(error, Intent.WRITE, status=status)) is TABLE[plain]


@pytest.mark.parametrize(
    "words",
    [
        '{"code":-2010,"msg":"Duplicate order sent."}',
        '{"msg":"Duplicated clientOrderId: client_order_id already exists"}',
        "EGeneral:Invalid arguments:cl_ord_id",
    ],
    ids=["binance", "exists", "other"],
)
def test_a_name_that_is_taken_is_told_from_other_refusals(words: str) -> None:
    error = judge(ccxt.InvalidOrder(words), Intent.WRITE, status=400)
    taken = "EGeneral" not in words
    assert type(error) is (ClientOrderIdTaken if taken else ExchangeRejected)


@pytest.mark.parametrize("name", ["InvalidOrder", "OrderNotFound", "ExchangeError"])
def test_an_order_whose_answer_was_handed_on_is_not_refused_by_its_parser(
    name: str,
) -> None:
    # As of Bithumb: "createOrder() did not return an order id", after status 200.
    error = getattr(ccxt, name)("bithumb createOrder() did not return an order id")
    read = judge(error, Intent.WRITE, answer={"status": "0000"})
    assert type(read) is OutcomeUnknown
    assert type(judge(error, Intent.READ, answer={"status": "0000"})) is not type(read)


def test_a_refusal_in_words_that_ccxt_does_not_know_is_one_under_its_status() -> None:
    error = ccxt.ExchangeError("x")
    assert type(judge(error, Intent.WRITE, status=400)) is ExchangeRejected
    assert type(judge(error, Intent.WRITE, status=200)) is OutcomeUnknown
    assert type(judge(error, Intent.WRITE, status=None, sent=0)) is ExchangeRejected


def test_a_second_request_without_a_connection_says_nothing_of_the_first() -> None:
    refused = requests.ConnectionError("NewConnectionError: refused")
    error = caused(ccxt.NetworkError("no"), refused)
    assert type(judge(error, Intent.WRITE, status=None, sent=2)) is OutcomeUnknown


def test_a_refused_order_is_refused_and_not_unknown() -> None:
    refused = ccxt.InsufficientFunds("binance insufficient balance")
    assert type(judge(refused, Intent.WRITE, status=400)) is TABLE[type(refused)]


def test_an_error_without_a_class_is_an_outage_where_the_status_says_so() -> None:
    assert type(judge(ccxt.ExchangeError("x"), status=524)) is ExchangeUnavailable
    assert type(judge(ccxt.ExchangeError("x"), status=400)) is ExchangeRejected
    torn = caused(ccxt.ExchangeError("x"), requests.exceptions.SSLError())
    assert type(judge(torn, status=None)) is ExchangeUnavailable


def test_a_country_that_is_shut_out_is_told_so() -> None:
    assert type(judge(ccxt.ExchangeNotAvailable("x"), status=451)) is ExchangeForbidden


def test_a_key_that_stops_working_is_not_taken_for_a_ban() -> None:
    error = judge(ccxt.DDoSProtection('binance {"code":-2015}'), status=401)
    assert type(error) is ExchangeMisconfigured
    assert "check the key" in error.message


def test_the_message_is_short_and_has_neither_signatures_nor_markup() -> None:
    page = "<html>" + "<p>down</p>" * 500
    error = judge(
        ccxt.ExchangeNotAvailable(f"binance GET https://h/x?sig=s3cr3t {page}")
    )
    assert len(error.message) < 400
    assert "s3cr3t" not in error.message
    assert "<" not in error.message


def test_a_clock_that_is_off_is_told_in_seconds_with_what_to_do() -> None:
    error = judged(
        ccxt.InvalidNonce("binance outside of the recvWindow"),
        Exchanged(sent=1, status=400),
        exchange="binance",
        skew=-29.96,
    )
    assert type(error) is ExchangeMisconfigured
    assert "30.0 s behind this machine's" in error.message
    assert "NTP" in error.message


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        ({"headers": {"Retry-After": "7"}}, 7.0),
        ({"headers": {"retry-after": "2.5"}}, 2.5),
        ({"headers": {"Retry-After": "soon"}}, None),
        ({"body": '{"code":-1, "retryAfter": 12}'}, 12.0),
        ({"body": '{"retry_after":"3"}'}, 3.0),
        ({"body": "{}"}, None),
        ({"body": "{}", "status": 418}, 120.0),
        ({}, None),
    ],
    ids=["header", "lower", "words", "body", "text", "none", "ban", "nothing"],
)
def test_how_long_to_wait_is_read_from_header_or_body(
    answer: dict[str, Any], seconds: float | None
) -> None:
    error = judge(ccxt.RateLimitExceeded("binance 429"), **{"status": 429} | answer)
    assert isinstance(error, ExchangeRateLimited)
    assert error.retry_after == seconds


def test_how_long_to_wait_is_read_from_a_moment() -> None:
    now = time.time()
    dated = Exchanged(headers={"Retry-After": formatdate(now + 30, usegmt=True)})
    assert retry_after(dated) == pytest.approx(30, abs=2)
    banned = Exchanged(body=f"IP banned until {int((now + 60) * 1000)}. Please")
    assert retry_after(banned) == pytest.approx(60, abs=1)
    past = Exchanged(body=f'{{"retryAfter": {int((now - 60) * 1000)}}}')
    assert retry_after(past) == 0


def test_an_answer_of_another_shape_is_one_that_cannot_be_believed() -> None:
    client = ccxt.kraken()
    with pytest.raises(KeyError) as caught:
        client.parse_ohlcvs({"no": "list"})
    answered = Exchanged(sent=1, status=200)
    for intent, kind in (
        (Intent.READ, ExchangeAnswerInvalid),
        (Intent.WRITE, OutcomeUnknown),
    ):
        error = misread(caught.value, answered, exchange="kraken", intent=intent)
        assert isinstance(error, kind)
        unanswered = Exchanged(sent=1)
        asked = misread(caught.value, unanswered, exchange="kraken", intent=intent)
        assert asked is None


def test_a_fault_of_our_own_does_not_pass_for_one_of_the_exchange() -> None:
    with pytest.raises(KeyError) as caught:
        Exchanged().headers["none"]
    answered = Exchanged(sent=1, status=200)
    found = misread(caught.value, answered, exchange="x", intent=Intent.READ)
    assert found is None
