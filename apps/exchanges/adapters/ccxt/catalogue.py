"""Describe every exchange of ccxt as JSON: `python -m apps.exchanges.adapters.ccxt.catalogue`.

Makes each client once and calls no exchange.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

import ccxt.pro

from apps.exchanges.adapters.ccxt.capabilities import capabilities_from


def described(exchange: str) -> dict[str, Any]:
    """Return one exchange as it stands in the catalogue.

    Args:
        exchange: ccxt's id.
    """
    client = getattr(ccxt, exchange)()
    streaming = getattr(ccxt.pro, exchange, None)
    streams = {} if streaming is None else streaming().has
    urls = client.urls
    www = urls.get("www")
    docs = urls.get("doc") or []
    return {
        "id": exchange,
        "name": client.name or exchange,
        "countries": list(client.countries or []),
        "www": www if isinstance(www, str) else None,
        "docs": [docs] if isinstance(docs, str) else list(docs),
        "needs_password": bool(client.requiredCredentials.get("password")),
        "capabilities": asdict(capabilities_from(client, streams)),
    }


def catalogue() -> dict[str, Any]:
    """Return all exchanges and the version of ccxt that knows them."""
    return {
        "version": ccxt.__version__,
        "exchanges": [described(each) for each in ccxt.exchanges],
    }


if __name__ == "__main__":
    json.dump(catalogue(), sys.stdout)
