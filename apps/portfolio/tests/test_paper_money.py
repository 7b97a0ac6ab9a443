"""The money of paper accounts: whatever happens, it adds up."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings as bounded, strategies as st

from apps.core.errors import ApplicationError
from apps.exchanges.account_port import OrderKind, OrderSide, TimeInForce
from apps.portfolio.models import LedgerTransaction, PaperBalance, PaperOrder
from apps.portfolio.paper.matching import paper_step
from apps.portfolio.paper.venue import PaperVenue
from apps.portfolio.selectors.ledger import balances_of
from apps.portfolio.services.paper import paper_credit, paper_withdraw
from apps.portfolio.tests.paper import BTC, BUY, LIMIT, Clock, ask, books_balance, held
from apps.portfolio.tests.world import account_make, market_make, price_put

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from apps.portfolio.models import Account
    from apps.stream.latest import LatestStore
    from apps.users.models import User

pytestmark = pytest.mark.django_db
D = Decimal

PRICES = st.integers(80, 120).map(lambda one: D(one) / 10)
SIZES = st.integers(1, 40).map(lambda one: D(one) / 10)


@st.composite
def orders(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from([*OrderKind, LIMIT, LIMIT]))
    forces = [TimeInForce.GTC] * 4 + [TimeInForce.IOC, TimeInForce.FOK]
    in_force = draw(st.sampled_from(forces)) if kind.has_price else forces[0]
    return {
        "what": "order",
        "side": draw(st.sampled_from(list(OrderSide))),
        "kind": kind,
        "quantity": draw(SIZES),
        "price": draw(PRICES) if kind.has_price else None,
        "stop_price": draw(PRICES) if kind.has_stop else None,
        "time_in_force": in_force,
        "post_only": kind is LIMIT and in_force is forces[0] and draw(st.booleans()),
    }


@st.composite
def looks(draw: st.DrawFn) -> dict[str, Any]:
    ask_ = draw(PRICES)
    return {
        "what": "look",
        "bids": [(ask_ - D(one), draw(SIZES)) for one in ("0.1", "0.2")],
        "asks": [(ask_ + D(one), draw(SIZES)) for one in ("0", "0.1")],
        "last": draw(PRICES),
    }


# At the end the price goes through everything that rests, both ways.
SWEEPS = [
    {
        "what": "look",
        "bids": [(low, D(9))],
        "asks": [(low + D("0.1"), D(2))],
        "last": low,
    }
    for low in (D(7), D(13))
]
EVENTS = st.one_of(
    orders(),
    orders(),
    looks(),
    looks(),
    st.fixed_dictionaries({"what": st.just("cancel"), "which": st.integers(0, 5)}),
    st.fixed_dictionaries({"what": st.just("out"), "amount": SIZES}),
)


def happen(
    venue: PaperVenue, account: Account, event: dict[str, Any], clock: Clock
) -> Decimal:
    """Let one thing happen; return what was taken out."""
    told = {name: value for name, value in event.items() if name != "what"}
    if event["what"] == "order":
        venue.order_place(ask(**told))
    elif event["what"] == "look":
        bid, offer = told["bids"][0][0], told["asks"][0][0]
        last = told.pop("last")
        price_put("binance", BTC, bid, offer, last, clock.now, told)
        paper_step(now=clock.now)
    elif event["what"] == "cancel":
        found = venue.orders_open()
        if found:
            venue.order_cancel(BTC, order_id=found[event["which"] % len(found)].id)
    else:
        paper_withdraw(
            actor=account.owner,
            account_id=account.pk,
            currency="USDT",
            amount=event["amount"],
            now=clock.now,
        )
        return D(event["amount"])
    return D(0)


@bounded(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    events=st.lists(EVENTS, min_size=6, max_size=14),
    latency=st.sampled_from([0, 0, 1500]),
)
def test_paper_money_is_conserved_whatever_happens(
    live_store: LatestStore, events: list[dict[str, Any]], latency: int
) -> None:
    with transaction.atomic():
        market_make(min_notional=0, step="0.1")
        account = account_make(
            maker_fee=D("0.001"), taker_fee=D("0.0025"), latency_ms=latency
        )
        clock = Clock()
        put_in = {"USDT": D(100), "BTC": D(10)}
        for currency, amount in put_in.items():
            paper_credit(
                account=account, currency=currency, amount=amount, now=clock.now
            )
        price_put("binance", BTC, "9.9", 10, 10, clock.now)
        venue = PaperVenue(account, clock)
        for event in (*events, *SWEEPS):
            clock.on(1)
            # What is refused may have changed nothing, which the sums show.
            with suppress(ApplicationError):
                put_in["USDT"] -= happen(venue, account, event, clock)
            books_balance(account, put_in)
        transaction.set_rollback(True)


# --- put in, taken out


@pytest.fixture
def paper(actor: User) -> Account:
    """A paper account of the actor's."""
    return account_make(actor)


def flow(client: APIClient, account: Account, way: str, **changes: Any) -> Any:
    key = changes.pop("key", None)
    headers = {"HTTP_IDEMPOTENCY_KEY": key} if key else {}
    body = {"currency": "USDT", "amount": "100.5"} | changes
    path = f"/api/v1/accounts/{account.pk}/{way}/"
    return client.post(path, body, format="json", **headers)


def test_money_is_put_into_the_venue_and_the_ledger_once_for_each_key(
    client: APIClient, paper: Account
) -> None:
    first = flow(client, paper, "deposits", key="a")
    again = flow(client, paper, "deposits", key="a")
    assert (first.status_code, again.json()) == (201, first.json())
    body = first.json()
    assert {name: body[name] for name in ("number", "kind", "amount", "free")} == {
        "number": 1,
        "kind": "deposit",
        "amount": "100.5",
        "free": "100.5",
    }
    flow(client, paper, "deposits", key="b", amount="0.000000000000000001")
    amount = D("100.500000000000000001")
    assert balances_of(paper) == {"USDT": amount}
    assert held(paper, "USDT") == (amount, 0)


def test_no_more_is_taken_out_than_is_free(
    client: APIClient, paper: Account, live_store: LatestStore
) -> None:
    flow(client, paper, "deposits")
    price_put("binance", BTC, 9, 10)
    PaperVenue(paper).order_place(ask(BUY, LIMIT, "1", "8"))
    refused = flow(client, paper, "withdrawals")
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert error["code"] == "withdrawal_too_large"
    assert "92.5 USDT" in error["detail"]
    taken = flow(client, paper, "withdrawals", amount="92.5")
    assert (taken.status_code, taken.json()["free"]) == (201, "0")
    assert balances_of(paper) == {"USDT": D(8)}
    assert held(paper, "USDT") == (0, 8)


@pytest.mark.parametrize("way", ["deposits", "withdrawals"])
def test_money_of_live_closed_and_others_accounts_is_not_moved(
    client: APIClient, actor: User, paper: Account, way: str
) -> None:
    live = account_make(actor, mode="live")
    closed = account_make(actor, closed_at=paper.created_at)
    for account, status, code in (
        (live, 409, "account_is_live"),
        (closed, 409, "account_closed"),
        (account_make(), 404, "account_not_found"),
    ):
        answer = flow(client, account, way)
        assert answer.status_code == status
        assert answer.json()["errors"][0]["code"] == code
    assert not LedgerTransaction.objects.exists()
    assert not PaperBalance.objects.exists()


@pytest.mark.parametrize(
    ("changes", "attr"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": "1e30"}, "amount"),
        ({"currency": "US DT"}, "currency"),
        ({"currency": "usdt"}, "currency"),
        ({"other": 1}, "other"),
    ],
)
def test_a_deposit_is_an_amount_of_a_currency_that_is_traded(
    client: APIClient, paper: Account, changes: dict[str, Any], attr: str
) -> None:
    market_make()
    answer = flow(client, paper, "deposits", **changes)
    assert answer.status_code in {400, 422}
    assert answer.json()["errors"][0]["attr"] == attr
    assert not PaperBalance.objects.exists()


def test_a_closed_account_takes_no_order(paper: Account, live_store: object) -> None:
    price_put("binance", BTC, 9, 10)
    paper.closed_at = paper.created_at
    with pytest.raises(ApplicationError, match="closed"):
        PaperVenue(paper).order_place(ask(BUY))
    assert not PaperOrder.objects.exists()
