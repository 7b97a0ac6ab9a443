"""What can go wrong with an order, by what to do next."""

from __future__ import annotations

from apps.core.errors import Conflict, Invalid, NotFound, Unprocessable


class OrderNotFound(NotFound):
    """There is no such order, or it is not yours."""

    code = "order_not_found"


class OrderStepRefused(Conflict):
    """An order cannot go from where it is to where it was to go."""

    code = "order_step_refused"


class OrderAlreadyFilled(Conflict):
    """Nothing of the order is left to be cancelled or replaced: it was filled."""

    code = "order_already_filled"


class OrderAlreadyCancelled(Conflict):
    """The order was cancelled before."""

    code = "order_already_cancelled"


class OrderAlreadyRejected(Conflict):
    """The venue has rejected the order."""

    code = "order_already_rejected"


class OrderAlreadyExpired(Conflict):
    """The order has expired."""

    code = "order_already_expired"


class OrderAlreadyReplaced(Conflict):
    """Another order has taken the place of this one."""

    code = "order_already_replaced"


class OrderUnsettled(Conflict):
    """Nobody knows yet what became of the order; what was asked has to wait."""

    code = "order_unsettled"


class OrderInvalid(Invalid):
    """The order makes no sense as it is written."""

    code = "order_invalid"


class ClientOrderIdInvalid(Invalid):
    """A client order id has 1-36 characters that every venue takes."""

    code = "client_order_id_invalid"


class ClientOrderIdUsed(Conflict):
    """The account has had an order of this client order id; it is never used twice."""

    code = "client_order_id_taken"


class OrderKeyReused(Conflict):
    """The request's key has made an order already, and not the one that is asked for."""

    code = "idempotency_key_reused"


class QuantityOffStep(Unprocessable):
    """The quantity is no multiple of the market's step; the nearest ones are named."""

    code = "quantity_off_step"


class PriceOffTick(Unprocessable):
    """A price is no multiple of the market's tick; the nearest ones are named."""

    code = "price_off_tick"


class QuantityTooSmall(Unprocessable):
    """The quantity is below the market's smallest."""

    code = "quantity_too_small"


class NotionalTooSmall(Unprocessable):
    """The order is worth less than the market's smallest."""

    code = "notional_too_small"


class SymbolNotTraded(Unprocessable):
    """The market is listed and not traded at the moment, or gone, or no spot market."""

    code = "symbol_not_traded"


class OrderKindUnsupported(Unprocessable):
    """The venue takes no orders of this kind; those that it takes are named."""

    code = "order_kind_unsupported"
