"""Whether the fields of a new account go together."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from apps.exchanges.registry import SIMULATED
from apps.market.exchanges import exchange_config
from apps.market.selectors.series import series_get
from apps.portfolio.enums import PriceSource
from apps.portfolio.errors.accounts import (
    AccountExchangeUnsuited,
    AccountFieldsInvalid,
)
from apps.portfolio.selectors.rates import BRIDGES
from apps.portfolio.selectors.valuation import currencies_listed

if TYPE_CHECKING:
    from apps.users.models import User

_CURRENCY = re.compile(r"[A-Z0-9]{2,16}")
_MOST_OFFERED = 5


def currency_form_check(currency: str) -> None:
    """Refuse what no exchange would call a currency.

    Raises:
        AccountFieldsInvalid: It is not 2 to 16 capital letters or digits.
    """
    if not _CURRENCY.fullmatch(currency):
        msg = "currency is 2 to 16 capital letters or digits, such as USDT."
        raise AccountFieldsInvalid(msg, attr="currency")


def live_fields_check(exchange: str, currency: str, paper: dict[str, Any]) -> None:
    """Refuse fields that no live account can have.

    Args:
        exchange: Where it trades.
        currency: What it is valued in.
        paper: What was given of fields that only paper accounts have.

    Raises:
        AccountFieldsInvalid: There are some, or no market leads to the currency.
        AccountExchangeUnsuited: Nothing can be traded there with money.
        ExchangeUnknown: There is no such exchange, or it is not allowed.
    """
    if paper:
        field = sorted(paper)[0]
        msg = f"A live account has no {field}: leave it out."
        raise AccountFieldsInvalid(msg, attr=field)
    if exchange == SIMULATED:
        msg = "The simulated exchange has no accounts; make a paper account instead."
        raise AccountExchangeUnsuited(msg, attr="exchange")
    exchange_config(exchange)
    _valued_in_check(
        currency, currencies_listed(exchange), f"spot market of {exchange}"
    )


def paper_fields_check(
    actor: User, exchange: str, currency: str, fields: dict[str, Any]
) -> None:
    """Refuse fields that no paper account can have.

    Args:
        actor: Whose it is.
        exchange: Whose markets and prices it trades.
        currency: What it is valued in.
        fields: What only paper accounts have; the beginning of a replay is filled in.

    Raises:
        AccountFieldsInvalid: Some do not go together, or no market leads to the currency.
        ExchangeUnknown: There is no such exchange, or it is not allowed.
        SeriesNotFound: The actor has no such candle series.
    """
    if fields["price_source"] == PriceSource.CANDLES.value:
        _replay_check(actor, exchange, currency, fields)
        return
    for field in ("series_id", "replay_from"):
        if fields[field] is not None:
            msg = f"{field} needs price_source=candles."
            raise AccountFieldsInvalid(msg, attr=field)
    exchange_config(exchange)
    _valued_in_check(
        currency, currencies_listed(exchange), f"spot market of {exchange}"
    )


def _replay_check(
    actor: User, exchange: str, currency: str, fields: dict[str, Any]
) -> None:
    if fields["series_id"] is None:
        msg = "price_source=candles needs the series_id of one of your candle series."
        raise AccountFieldsInvalid(msg, attr="series_id")
    series = series_get(actor=actor, series_id=fields["series_id"])
    market = series.instrument
    if exchange != market.venue:
        msg = f"The series is of {market.venue}; an account that replays it is, too."
        raise AccountFieldsInvalid(msg, attr="exchange")
    begin = fields["replay_from"] = fields["replay_from"] or series.first
    if not series.first <= begin <= series.last:
        msg = (
            f"replay_from has to be within the series, from {series.first.isoformat()} "
            f"to {series.last.isoformat()}."
        )
        raise AccountFieldsInvalid(msg, attr="replay_from")
    # A replay has the prices of this one market, whatever else the exchange lists.
    _valued_in_check(
        currency, {market.base, market.quote}, f"replay of {market.symbol}"
    )


def _valued_in_check(currency: str, listed: set[str], where: str) -> None:
    """Refuse a currency that nothing could ever be valued in.

    Args:
        currency: What an account is to be valued in.
        listed: What there are markets of; none where that is not known.
        where: What the markets are of, for the message.
    """
    # Of others no account can be made: what trades those alone is not judged.
    known = sorted(one for one in listed if _CURRENCY.fullmatch(one))
    if not known or currency in known:
        return
    near = get_close_matches(currency, known, n=2)
    usual = [one for one in BRIDGES if one in known]
    offered = list(dict.fromkeys([*near, *usual])) or known
    msg = (
        f"No {where} trades {currency!r}, so nothing could be valued in it; take "
        f"one that is traded there, such as {', '.join(offered[:_MOST_OFFERED])}."
    )
    raise AccountFieldsInvalid(msg, attr="currency")
