"""What can go wrong with sizing, value at risk and correlations."""

from __future__ import annotations

from apps.core.errors import Invalid, Unprocessable


class SizingInvalid(Invalid):
    """The numbers of a position size do not go together."""

    code = "sizing_invalid"


class SizingUnpriced(Unprocessable):
    """What an account is worth cannot be told at the moment."""

    code = "sizing_unpriced"


class DailyReturnsTooFew(Unprocessable):
    """Stored candles give fewer daily returns than are needed."""

    code = "daily_returns_too_few"


class HoldingsWithoutSeries(Unprocessable):
    """Some holdings have no stored candles to measure their risk by."""

    code = "holdings_without_series"


class NothingHeld(Unprocessable):
    """The account holds nothing whose value varies, or no worth can be told."""

    code = "nothing_held"
