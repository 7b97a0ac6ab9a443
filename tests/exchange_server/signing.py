"""Who asks: a key, a signature over what is asked, and a time that is near ours."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Final

from tests.exchange_server.asking import needed, whole
from tests.exchange_server.refusals import refusal

if TYPE_CHECKING:
    from tests.exchange_server.exchange import Exchange
    from tests.exchange_server.ledger import Account

_WINDOW_MS: Final = 5000
_WINDOW_MOST_MS: Final = 60_000
# A client's clock may be a second ahead of ours.
_AHEAD_MS: Final = 1000
_KEY: Final = re.compile(r"^[A-Za-z0-9_\-]{1,128}$")


def account_known(exchange: Exchange, key: str | None) -> Account:
    """Return whose key it is."""
    if not key or not _KEY.match(key):
        raise refusal(-2014)
    account = exchange.desk.accounts.get(key)
    if account is None:
        raise refusal(-2015)
    return account


def account_signed(
    exchange: Exchange, key: str | None, signed: str, query: dict[str, str]
) -> Account:
    """Return whose request it is, or refuse it.

    Args:
        exchange: The exchange.
        key: The API key that was sent.
        signed: What was signed, without the signature.
        query: The parameters, the signature among them.
    """
    account = account_known(exchange, key)
    told = whole(query, "timestamp")
    if told is None:
        needed(query, "timestamp")
        raise refusal(-1102)
    window = whole(query, "recvWindow")
    if window is not None and window > _WINDOW_MOST_MS:
        raise refusal(-1131, "recvWindow must be less than 60000.")
    now = exchange.clock.now_ms()
    if told > now + _AHEAD_MS:
        raise refusal(
            -1021,
            "Timestamp for this request was 1000ms ahead of the server's time.",
        )
    if now - told > (_WINDOW_MS if window is None else window):
        raise refusal(-1021)
    right = hmac.new(account.secret.encode(), signed.encode(), hashlib.sha256)
    if not hmac.compare_digest(right.hexdigest(), needed(query, "signature")):
        raise refusal(-1022)
    return account
