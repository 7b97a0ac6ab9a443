"""An order that was just placed is told exactly as it is told when it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import models

from apps.exchanges.account_port import OrderKind
from apps.trading.models import Order
from apps.trading.serializers.orders import OrderOutput, order_told
from apps.trading.tests.asking import place

if TYPE_CHECKING:
    from apps.portfolio.models import Account

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "fields",
    [{}, {"kind": OrderKind.MARKET, "price": None}],
    ids=["resting", "filled"],
)
def test_an_answer_tells_what_the_serializer_tells(
    account: Account, fields: dict[str, Any]
) -> None:
    order = place(account, **fields)
    assert order_told(order) == OrderOutput(order).data
    read = Order.objects.get(pk=order.pk)
    assert order_told(read) == OrderOutput(read).data


class Word(models.TextChoices):
    """A text that is of another type."""

    SENT = "sent"


def test_what_is_not_of_the_usual_type_is_told_as_the_serializer_does(
    account: Account,
) -> None:
    order = place(account)
    order.state, order.side = Word.SENT, "neither"
    assert order_told(order) == OrderOutput(order).data
    assert type(order_told(order)["state"]) is str
