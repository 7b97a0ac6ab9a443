"""Limits as they are written, checked and kept: each may be left out.

Amounts are decimals, kept as text. A share is a fraction: 0.25 is a quarter.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    field_validator,
    model_validator,
)

from apps.core.errors import ErrorDetail
from apps.core.exact import exact, plain
from apps.risk.errors.limits import LimitsInvalid

PATTERNS_MOST = 200
_PATTERN = re.compile(r"[A-Za-z0-9*?/:._-]{1,64}")
COUNT_MOST = 100_000
FEW_MOST = 100
SECONDS_MOST = 30 * 86_400
DEFAULT_CURRENCY = "USDT"


def _number(value: Any) -> Any:
    # A float is not what was written; True would be 1.
    if isinstance(value, bool | float):
        msg = "write the number as text"
        raise ValueError(msg)
    return value


def _exact(value: Decimal) -> Decimal:
    try:
        rounded = exact(value)
    except OverflowError as error:
        raise ValueError(str(error)) from error
    if rounded != value:
        msg = "it may have at most 18 decimal places"
        raise ValueError(msg)
    return rounded


type _Decimal = Annotated[
    Decimal, BeforeValidator(_number), PlainSerializer(plain, return_type=str)
]
type Amount = Annotated[_Decimal, Field(gt=0, allow_inf_nan=False)]
type Share = Annotated[_Decimal, Field(gt=0, le=1, allow_inf_nan=False)]
type Count = Annotated[int, Field(ge=1, le=COUNT_MOST, strict=True)]
type Few = Annotated[int, Field(ge=1, le=FEW_MOST, strict=True)]
type Seconds = Annotated[int, Field(ge=1, le=SECONDS_MOST, strict=True)]


class _Rules(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="after")
    @classmethod
    def _amounts(cls, value: Any) -> Any:
        return _exact(value) if isinstance(value, Decimal) else value


class StopGuard(_Rules):
    """After so many losses, no new exposure for a while.

    Attributes:
        count: So many losing executions.
        lookback_seconds: Within so long.
        lock_seconds: Counted from the last of them.
        only_stops: Whether only those of stop orders count.
        per_symbol: Whether each market is counted, and locked, alone.
    """

    count: Few
    lookback_seconds: Seconds
    lock_seconds: Seconds
    only_stops: bool = False
    per_symbol: bool = False


class StreakGuard(_Rules):
    """After so many losses without a win between them, no new exposure for a while."""

    count: Few
    lookback_seconds: Seconds
    lock_seconds: Seconds
    per_symbol: bool = False


class DrawdownGuard(_Rules):
    """After realised profits fell so far from their height, no new exposure.

    Attributes:
        share: Of the account's worth at that height.
        lookback_seconds: Within so long.
        lock_seconds: Counted from the execution that fell so far.
        min_results: Fewer executions that realised something are not judged.
    """

    share: Share
    lookback_seconds: Seconds
    lock_seconds: Seconds
    min_results: Few = 1


class CooldownGuard(_Rules):
    """After each loss in a market, no new exposure in it for a while."""

    lock_seconds: Seconds
    only_stops: bool = False


class LockRules(_Rules):
    """When trading locks itself."""

    stop: StopGuard | None = None
    loss_streak: StreakGuard | None = None
    drawdown: DrawdownGuard | None = None
    cooldown: CooldownGuard | None = None

    @property
    def lookback_seconds(self) -> int:
        """Return how far back any of them looks."""
        looked = [
            one.lookback_seconds
            for one in (self.stop, self.loss_streak, self.drawdown)
            if one is not None
        ]
        if self.cooldown is not None:
            looked.append(self.cooldown.lock_seconds)
        return max(looked, default=0)


class LimitSet(_Rules):
    """The limits of an account, or of all of a user's accounts of one mode together.

    `docs/risk.md` has the formula of each. What is None is not limited, but for the
    age of prices and the collar, which have defaults.
    """

    currency: str | None = Field(default=None, min_length=1, max_length=16)
    max_order_notional: Amount | None = None
    max_position_notional: Amount | None = None
    max_share_of_equity: Share | None = None
    max_open_orders: Count | None = None
    max_orders_per_minute: Count | None = None
    max_daily_loss: Amount | None = None
    max_daily_loss_share: Share | None = None
    max_drawdown: Share | None = None
    max_leverage: Annotated[Amount, Field(le=100)] | None = None
    max_correlated_exposure: Amount | None = None
    allowed_instruments: tuple[str, ...] | None = Field(
        default=None, min_length=1, max_length=PATTERNS_MOST
    )
    forbidden_instruments: tuple[str, ...] | None = Field(
        default=None, min_length=1, max_length=PATTERNS_MOST
    )
    price_collar: Annotated[Amount, Field(le=10)] | None = None
    min_stop_distance: Share | None = None
    max_stop_distance: Share | None = None
    require_stop: bool = False
    min_reward_to_risk: Annotated[Amount, Field(le=1000)] | None = None
    max_price_age_seconds: Annotated[Amount, Field(le=3600)] | None = None
    halt_on_drawdown: bool = False
    halt_on_daily_loss: bool = False
    locks: LockRules | None = None

    @field_validator("currency")
    @classmethod
    def _capitals(cls, value: str | None) -> str | None:
        return None if value is None else value.upper()

    @field_validator("allowed_instruments", "forbidden_instruments")
    @classmethod
    def _patterns(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for one in value or ():
            if not _PATTERN.fullmatch(one):
                msg = (
                    f"{one[:80]!r} is no pattern of a symbol, such as BTC/USDT or */EUR"
                )
                raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _together(self) -> Self:
        least, most = self.min_stop_distance, self.max_stop_distance
        if least is not None and most is not None and least > most:
            msg = f"min_stop_distance {plain(least)} is above max_stop_distance {plain(most)}"
            raise ValueError(msg)
        if self.halt_on_drawdown and self.max_drawdown is None:
            msg = "halt_on_drawdown needs max_drawdown"
            raise ValueError(msg)
        daily = self.max_daily_loss or self.max_daily_loss_share
        if self.halt_on_daily_loss and daily is None:
            msg = "halt_on_daily_loss needs max_daily_loss or max_daily_loss_share"
            raise ValueError(msg)
        return self

    def body(self) -> dict[str, Any]:
        """Return what is set, as JSON; what is not is left out."""
        return self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)


OPEN = LimitSet()


def limits_read(rules: dict[str, Any]) -> LimitSet:
    """Return limits that were kept."""
    return LimitSet.model_validate(rules) if rules else OPEN


def limits_parse(rules: Any, *, of_account: bool) -> LimitSet:
    """Check limits that somebody wrote.

    Args:
        rules: A JSON object; names that are not known are refused.
        of_account: Whether they are of one account, whose currency they are in.

    Raises:
        LimitsInvalid: They do not hold; every finding is in `details`.
    """
    try:
        limits = LimitSet.model_validate(rules)
    except ValidationError as error:
        found = tuple(_detail(one) for one in error.errors(include_url=False))
        raise LimitsInvalid(found[0].message, details=found) from error
    if of_account and limits.currency is not None:
        msg = "The limits of an account are in its own currency; leave it out."
        raise LimitsInvalid(msg, attr="rules.currency")
    if not of_account and limits.locks is not None:
        msg = "Locks are of one account; set them in the limits of each."
        raise LimitsInvalid(msg, attr="rules.locks")
    return limits


def _detail(error: Any) -> ErrorDetail:
    place = [str(one) for one in error["loc"]]
    attr = ".".join(["rules", *place])
    if error["type"] == "extra_forbidden":
        known = ", ".join(sorted(LimitSet.model_fields))
        message = f"There is no limit {place[-1][:60]!r}; there are: {known}."
        return ErrorDetail(LimitsInvalid.code, message, attr)
    return ErrorDetail(LimitsInvalid.code, f"{attr}: {error['msg']}.", attr)
