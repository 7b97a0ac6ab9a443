"""What the keys of an account may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.core.errors import ApplicationError
from apps.exchanges.account_port import KeysCheck
from apps.exchanges.adapters.ccxt.placing import trading_check
from apps.exchanges.errors import (
    ExchangeForbidden,
    ExchangeMisconfigured,
    ExchangeRateLimited,
    ExchangeUnavailable,
)

if TYPE_CHECKING:
    from apps.exchanges.adapters.ccxt.calls import Calls

_NOT_FOUND = 404


def keys_checked(calls: Calls) -> KeysCheck:
    """Ask what the keys may do; wrong keys are an answer, not an error.

    Args:
        calls: Of the account.

    Raises:
        ExchangeUnsupported: No keys help: orders cannot be placed and cancelled here.
        ApplicationError: The exchange could not be asked.
    """
    trading_check(calls.client)
    try:
        calls.markets_load()
        skew = calls.read(calls.clock_skew)
        raw = calls.read(calls.client.fetch_balance)
    except (ExchangeMisconfigured, ExchangeForbidden) as error:
        return KeysCheck(
            read=False,
            trade=None,
            withdraw=None,
            addresses_restricted=None,
            clock_skew_seconds=None,
            message=error.message,
        )
    info = raw.get("info")
    told = dict(info) if isinstance(info, dict) else {}
    told |= _restrictions(calls)
    return KeysCheck(
        read=True,
        trade=_flag(told, "enableSpotAndMarginTrading", "canTrade"),
        withdraw=_flag(told, "enableWithdrawals", "canWithdraw"),
        addresses_restricted=_flag(told, "ipRestrict"),
        clock_skew_seconds=skew,
        message="",
    )


def _restrictions(calls: Calls) -> dict[str, Any]:
    """Return what Binance tells of a key; its account tells only of itself.

    Raises:
        ExchangeUnavailable, ExchangeRateLimited: It could not be asked, which says
            nothing of the key.
    """
    ask = getattr(calls.client, "sapi_get_account_apirestrictions", None)
    if ask is None:
        return {}
    unknown: dict[str, Any] = {"enableWithdrawals": None, "ipRestrict": None}
    try:
        told = calls.once(ask)
    except (ExchangeUnavailable, ExchangeRateLimited):
        if calls.client.wire.now.status != _NOT_FOUND:
            raise
        # There is no such page here, which to ccxt is an outage.
        return unknown
    except ApplicationError:
        # A venue that stands in for Binance need not know this.
        return unknown
    return told if isinstance(told, dict) else unknown


def _flag(told: dict[str, Any], *names: str) -> bool | None:
    for name in names:
        if name in told:
            value = told[name]
            return None if value is None else str(value).lower() == "true"
    return None
