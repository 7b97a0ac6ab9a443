"""A collector's feed of an order book, sent to a running service and quoted on."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apps.engines.registry import engine_get, unavailable_reason
from tests.journeys.service import follow

if TYPE_CHECKING:
    import httpx

MISSING = unavailable_reason(engine_get("hftbacktest"))


def feed_lines(folder: Path) -> list[bytes]:
    """Return the lines of a raw feed of a minute."""
    # Not above: it needs the engine's library, which may not be here.
    from apps.engines.adapters.hftbacktest.sample import (  # noqa: PLC0415
        sample_capture,
    )

    (source,) = sample_capture(folder, seconds=60).sources
    return gzip.decompress(Path(source).read_bytes()).splitlines(keepends=True)


def imported(client: httpx.Client, content: bytes) -> dict[str, Any]:
    """Send a feed, and return the job that imported it, ended."""
    answer = client.post(
        "/api/v1/captures/import/",
        data={
            "venue": "binance",
            "symbol": "MADE/UP:UP",
            "price_tick": "0.1",
            "quantity_step": "0.1",
        },
        files={"file": ("feed.gz", content)},
    )
    assert answer.status_code == 202, answer.text
    return follow(client, answer.headers["Location"])


def quoted(client: httpx.Client, capture: str, **options: Any) -> Any:
    """Ask for quotes on a capture."""
    body = {
        "capture": capture,
        "quoting": {
            "half_spread_bps": 5,
            "skew_bps": 5,
            "order_quantity": "1",
            "grid_levels": 2,
            "grid_step_bps": 10,
            "max_position": "3",
        },
        "maker_fee": "-0.0001",
        "taker_fee": "0.0005",
    }
    return client.post("/api/v1/market-making/", json=body | options)
