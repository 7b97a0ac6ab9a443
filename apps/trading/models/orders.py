"""Orders, and each step of what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.core.exact import ExactDecimalField
from apps.core.models import BaseModel
from apps.exchanges.account_port import OrderKind, OrderSide, TimeInForce
from apps.portfolio.models import Account
from apps.trading.enums import OrderOrigin, OrderState
from apps.trading.transitions import pairs

if TYPE_CHECKING:
    from enum import StrEnum


def _choices(kind: type[StrEnum]) -> list[tuple[str, str]]:
    return [(one.value, one.value) for one in kind]


class Order(BaseModel):
    """One order of an account; its row is committed before the venue hears of it.

    `client_order_id` is given to the venue as its own name and is never used twice in an
    account. `request_key` ties the order to the request that made it, where that had an
    Idempotency-Key. `step` counts the transitions. `filled` and `spent` (quote units) are
    the sums of its executions, `venue_filled` is what the venue said last. Until
    `sending_until` somebody may be sending it. `not_found_at` is when the venue first
    knew nothing of it. `cancel_asked_at` is set while a cancel is wanted. An order is
    `disputed` where the venue contradicts itself: it executed more than was ordered, or
    something of an order that it had rejected.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="orders"
    )
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="orders"
    )
    client_order_id = models.CharField(max_length=36)
    request_key = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001
    venue_order_id = models.CharField(max_length=80, blank=True)
    origin = models.CharField(max_length=8, choices=OrderOrigin.choices)
    symbol = models.CharField(max_length=64)
    base = models.CharField(max_length=32)
    quote = models.CharField(max_length=32)
    side = models.CharField(max_length=4, choices=_choices(OrderSide))
    kind = models.CharField(max_length=24, choices=_choices(OrderKind))
    quantity = ExactDecimalField()
    price = ExactDecimalField(null=True, blank=True)
    stop_price = ExactDecimalField(null=True, blank=True)
    time_in_force = models.CharField(max_length=3, choices=_choices(TimeInForce))
    post_only = models.BooleanField(default=False)
    reduce_only = models.BooleanField(default=False)
    stop_loss = ExactDecimalField(null=True, blank=True)
    target = ExactDecimalField(null=True, blank=True)
    strategy = models.CharField(max_length=64, blank=True)
    replaces = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    verdict_id = models.UUIDField(null=True, blank=True)
    state = models.CharField(max_length=16, choices=OrderState.choices)
    step = models.PositiveIntegerField(default=0)
    filled = ExactDecimalField(default=0)
    spent = ExactDecimalField(default=0)
    venue_filled = ExactDecimalField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    sending_until = models.DateTimeField(null=True, blank=True)
    unknown_at = models.DateTimeField(null=True, blank=True)
    not_found_at = models.DateTimeField(null=True, blank=True)
    cancel_asked_at = models.DateTimeField(null=True, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    disputed = models.BooleanField(default=False)
    error_code = models.CharField(max_length=64, blank=True)
    error_message = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        indexes: ClassVar = [
            models.Index(fields=("owner", "-created_at"), name="order_owner_created"),
            models.Index(fields=("account", "-created_at"), name="order_account_made"),
            models.Index(
                fields=("account", "state"),
                condition=Q(ended_at__isnull=True),
                name="order_not_ended",
            ),
            models.Index(fields=("account", "venue_order_id"), name="order_venue_id"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("account", "client_order_id"), name="order_client_id_once"
            ),
            models.UniqueConstraint(
                fields=("account", "request_key"), name="order_request_key_once"
            ),
            models.UniqueConstraint(fields=("replaces",), name="order_replaced_once"),
            models.UniqueConstraint(
                fields=("account", "symbol", "venue_order_id"),
                condition=~Q(venue_order_id=""),
                name="order_venue_id_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=OrderState.values), name="order_state_known"
            ),
            models.CheckConstraint(
                condition=Q(quantity__gt=0), name="order_quantity_above_zero"
            ),
            models.CheckConstraint(
                condition=Q(price__isnull=True) | Q(price__gt=0),
                name="order_price_above_zero",
            ),
            models.CheckConstraint(
                condition=~Q(state=OrderState.FILLED.value)
                | Q(filled=F("quantity"))
                | Q(disputed=True),
                name="order_filled_is_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state=OrderState.INTENT.value)
                | (Q(venue_order_id="") & Q(sent_at__isnull=True)),
                name="order_intent_was_not_sent",
            ),
            models.CheckConstraint(
                condition=~Q(state=OrderState.REJECTED.value)
                | Q(filled=0)
                | Q(disputed=True),
                name="order_rejected_is_not_filled",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.client_order_id} {self.state}"


_PAIRS = Q()
for _before, _after in (("", OrderState.INTENT.value), *pairs()):
    _PAIRS |= Q(before=_before, after=_after)
# An order that was made outside of the service is taken over as it is found.
for _after in OrderState.values:
    _PAIRS |= Q(before="", after=_after, cause="adopted")


class OrderTransition(models.Model):
    """One step of an order, in the transaction that made it; never changed."""

    id = models.BigAutoField(primary_key=True)
    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="transitions"
    )
    number = models.PositiveIntegerField()
    before = models.CharField(max_length=16, blank=True)
    after = models.CharField(max_length=16)
    cause = models.CharField(max_length=24)
    detail = models.CharField(max_length=400, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ("number",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=("order", "number"), name="order_transition_once"
            ),
            models.CheckConstraint(condition=_PAIRS, name="order_transition_allowed"),
        ]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"
