"""Names and grids: what is taken is what a venue takes, and what is offered is taken."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings, strategies as st

from apps.exchanges.account_port import OrderKind, OrderSide
from apps.market.models import VenueMarket
from apps.trading.client_ids import client_order_id_check, client_order_id_make
from apps.trading.contracts import PlaceRequest
from apps.trading.errors.orders import (
    ClientOrderIdInvalid,
    NotionalTooSmall,
    PriceOffTick,
    QuantityOffStep,
    QuantityTooSmall,
)
from apps.trading.market_rules import market_rules_check

NOW = datetime(2026, 1, 2, tzinfo=UTC)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def market(tick: Decimal, step: Decimal) -> VenueMarket:
    return VenueMarket(
        exchange="binance",
        symbol="BTC/USDT",
        base="BTC",
        quote="USDT",
        kind="spot",
        active=True,
        price_tick=tick,
        quantity_step=step,
        min_quantity=step,
        min_notional=Decimal(5),
    )


def limit(quantity: Decimal, price: Decimal) -> PlaceRequest:
    return PlaceRequest(
        symbol="BTC/USDT",
        side=OrderSide.BUY,
        kind=OrderKind.LIMIT,
        quantity=quantity,
        price=price,
    )


amounts = st.decimals("0.00000001", "1000000", places=8)
steps = st.sampled_from([Decimal(one) for one in ("0.00000001", "0.005", "0.25", "10")])


@given(quantity=amounts, price=amounts, tick=steps, step=steps)
@settings(max_examples=60)
def test_what_is_offered_in_the_place_of_a_refused_value_is_taken(
    quantity: Decimal, price: Decimal, tick: Decimal, step: Decimal
) -> None:
    rules = market(tick, step)
    for _ in range(5):
        try:
            market_rules_check(rules, limit(quantity, price))
        except (QuantityOffStep, PriceOffTick) as error:
            near = error.message.rpartition("nearest are ")[2].removesuffix(".")
            offers = [Decimal(one) for one in near.split(" and ")]
            value = quantity if error.attr == "quantity" else price
            assert all(abs(one - value) < max(step, tick) for one in offers)
            quantity, price = (
                (offers[-1], price)
                if error.attr == "quantity"
                else (quantity, offers[-1])
            )
        except (QuantityTooSmall, NotionalTooSmall) as error:
            found = [Decimal(one) for one in _NUMBER.findall(error.message)]
            quantity = found[0] if isinstance(error, QuantityTooSmall) else found[-1]
            assume(quantity < 10**17)
        else:
            return
    pytest.fail("nothing that was offered is taken")


def test_names_that_we_make_sort_by_time_and_every_venue_takes_them() -> None:
    names = [
        client_order_id_make(NOW + timedelta(milliseconds=one)) for one in range(99)
    ]
    assert names == sorted(set(names))
    assert all(re.fullmatch("[a-z0-9]{18}", one) for one in names)
    assert len({client_order_id_make(NOW) for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    "name", ["", "a" * 37, "a b", "a.b", "a\n", "é", "x" * 36 + "\n"]
)
def test_a_name_that_some_venue_refuses_is_refused(name: str) -> None:
    with pytest.raises(ClientOrderIdInvalid, match="1-36"):
        client_order_id_check(name)
    client_order_id_check("A-z_9")
