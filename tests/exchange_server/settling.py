"""What a trade makes of holdings: what is spent, what is got, and the fee."""

from __future__ import annotations

from decimal import ROUND_DOWN
from typing import TYPE_CHECKING

from tests.exchange_server.ledger import Holding
from tests.exchange_server.markets import EIGHT, SCALE
from tests.exchange_server.orders import Fill

if TYPE_CHECKING:
    from decimal import Decimal

    from tests.exchange_server.exchange import Exchange
    from tests.exchange_server.ledger import Account
    from tests.exchange_server.orders import Order


def cut(value: Decimal) -> Decimal:
    """Return an amount with eight places, what is beyond cut off."""
    return value.quantize(EIGHT, ROUND_DOWN)


def settled(
    exchange: Exchange,
    account: Account,
    order: Order,
    price: Decimal,
    quantity: Decimal,
    *,
    maker: bool,
) -> Fill:
    """Settle one trade: what is spent leaves the lock, what is got is free."""
    market, now = order.market, exchange.clock.now_ms()
    quote = cut(price * quantity)
    got, gets = (quantity, market.base) if order.buys else (quote, market.quote)
    spent = quote if order.buys else quantity
    # A market order that costs more than was locked pays the rest from what is free.
    from_lock = min(spent, order.locked)
    account.change(
        order.spends,
        "trade",
        free=from_lock - spent,
        locked=-from_lock,
        order_id=order.id,
    )
    order.locked -= from_lock
    account.change(gets, "trade", free=got, order_id=order.id)
    rate = account.maker_fee if maker else account.taker_fee
    fee, fee_asset = _fee(account, rate, quote, got, gets)
    account.change(fee_asset, "fee", free=-fee, order_id=order.id)
    trade = exchange.tape(market).add(
        now, int(price * SCALE), int(quantity * SCALE), maker=order.buys is maker
    )
    fill = Fill(
        trade.id, order.id, market.name, price, quantity, quote, fee, fee_asset, now,
        order.buys, maker,
    )  # fmt: skip
    order.fills.append(fill)
    account.fills.append(fill)
    order.executed += quantity
    order.spent += quote
    order.updated_ms = now
    return fill


def _fee(
    account: Account, rate: Decimal, quote: Decimal, got: Decimal, gets: str
) -> tuple[Decimal, str]:
    """Return a trade's fee and what it is paid in.

    It is paid in the account's own fee asset while that lasts, else in what was got.
    """
    if account.fee_asset is not None:
        asset, price = account.fee_asset
        fee = cut(quote * rate / price)
        if account.holdings.get(asset, Holding()).free >= fee:
            return fee, asset
    return cut(got * rate), gets
