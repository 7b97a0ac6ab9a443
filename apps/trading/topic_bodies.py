"""What is told of orders, executions and comparisons, for the documentation of streams."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from apps.exchanges.account_port import OrderKind, OrderSide
from apps.trading.enums import OrderState, ReconciliationState, ReconciliationTrigger


class OrderBody(BaseModel):
    """An order after a step of it; `GET /api/v1/orders/{id}/` has all of it."""

    model_config = ConfigDict(extra="forbid")

    id: UUID = Field(description="The order.")
    account: UUID = Field(description="The account that trades.")
    client_order_id: str = Field(description="Our name of it.")
    venue_order_id: str = Field(description="The venue's name; empty: none was told.")
    symbol: str = Field(description="The market.", examples=["BTC/USDT"])
    side: OrderSide = Field(description="Which way.")
    kind: OrderKind = Field(description="What kind of order.")
    quantity: str = Field(description="What was ordered, base units.")
    price: str | None = Field(description="Its limit, quote per base.")
    stop_price: str | None = Field(description="What it waits for, quote per base.")
    state: OrderState = Field(description="Where it is.")
    step: int = Field(description="How many steps it has taken; grows by one.")
    filled: str = Field(description="The sum of its executions, base units.")
    spent: str = Field(description="What they came to, quote units.")
    error_code: str = Field(description="Why it was refused; empty: it was not.")
    finding: str = Field(
        description="What the venue contradicts us in; empty: in nothing."
    )


class ExecutionBody(BaseModel):
    """A trade of an order, once."""

    model_config = ConfigDict(extra="forbid")

    id: UUID = Field(description="The execution.")
    account: UUID = Field(description="The account that traded.")
    order: UUID = Field(description="Its order.")
    client_order_id: str = Field(description="Our name of the order.")
    venue_trade_id: str = Field(description="The venue's name; unique in a market.")
    symbol: str = Field(description="The market.", examples=["BTC/USDT"])
    side: OrderSide = Field(description="Which way.")
    quantity: str = Field(description="Base units.")
    price: str = Field(description="Quote per base.")
    fee: str = Field(description="What it cost; below 0 for a rebate.")
    fee_currency: str = Field(description="In which currency; empty: not told.")
    at: datetime = Field(description="When the venue executed it.")


class ReconciliationBody(BaseModel):
    """A comparison that found what is new; `GET /api/v1/reconciliations/{id}/` has all."""

    model_config = ConfigDict(extra="forbid")

    id: UUID = Field(description="The reconciliation.")
    account: UUID = Field(description="The account that was compared with its venue.")
    trigger: ReconciliationTrigger = Field(description="Why.")
    state: ReconciliationState = Field(description="Whether it came to its end.")
    unexplained: bool = Field(
        description="Whether balances differ by what no execution explains."
    )
    settled: int = Field(
        description="How many orders left the states sent and unknown."
    )
    unsettled: int = Field(description="How many are still in one of them.")
    adopted: int = Field(description="How many orders were made elsewhere.")
    executions_applied: int = Field(description="How many executions were new.")
    findings: int = Field(description="How many findings there are.")
    kinds: list[str] = Field(description="Of which kinds.", examples=[["adopted"]])
    error_code: str = Field(description="Why it failed; empty: it did not.")
