"""Which exchanges know an order by the name that we gave it, through ccxt.

Each was looked up in ccxt's own `fetch_order` and `cancel_order`.
"""

from __future__ import annotations

# Whose orders ccxt finds by our name; with the others, lists are looked through. Kraken is
# none of them: ccxt passes our name on as a number that Kraken does not have.
FOUND_BY_NAME = (
    "binance",
    "binanceus",
    "bitget",
    "bitstamp",
    "bitvavo",
    "htx",
    "kucoin",
    "mexc",
    "okx",
)
# Whose orders it cancels by our name; for Bitstamp it sends the exchange's name alone.
CANCELLED_BY_NAME = (
    "binance",
    "binanceus",
    "bitget",
    "htx",
    "kraken",
    "kucoin",
    "mexc",
    "okx",
)
