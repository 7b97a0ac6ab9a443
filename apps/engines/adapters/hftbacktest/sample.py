"""A small made-up capture, for warming up."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from typing import TYPE_CHECKING

from apps.engines.adapters.hftbacktest.config import MILLISECOND_NS, SECOND_NS
from apps.engines.captures import CaptureRequest
from apps.engines.contracts import MarketRules
from apps.engines.market_making import MarketMakingRequest, Quoting

if TYPE_CHECKING:
    from pathlib import Path

BEGIN_MS = 1_700_000_000_000
LATENCY_NS = 5 * MILLISECOND_NS


def sample_capture(folder: Path, *, seconds: int = 10) -> CaptureRequest:
    """Write a Binance USDT-M capture of a price around 100, and return how to read it.

    Args:
        folder: Where to write it.
        seconds: How long it goes on; one change of the book and one trade each.
    """
    lines = []
    for second in range(seconds):
        time = BEGIN_MS + second * 1_000
        middle = 1_000 + (second % 5) - 2  # tenths
        depth = {
            "e": "depthUpdate",
            "E": time,
            "T": time,
            "s": "MADEUP",
            "U": second + 1,
            "u": second + 1,
            "pu": second,
            "b": [[f"{(middle - 1 - away) / 10:.2f}", "5"] for away in range(3)]
            + [[f"{(middle + away) / 10:.2f}", "0"] for away in range(5)],
            "a": [[f"{(middle + 1 + away) / 10:.2f}", "5"] for away in range(3)]
            + [[f"{(middle - away) / 10:.2f}", "0"] for away in range(5)],
        }
        trade = {
            "e": "trade",
            "E": time,
            "T": time,
            "s": "MADEUP",
            "t": second,
            "p": f"{(middle + (-1) ** second) / 10:.2f}",
            "q": "9",
            "X": "MARKET",
            "m": second % 2 == 1,
        }
        for stream, data in (("depth@0ms", depth), ("trade", trade)):
            message = {"stream": f"madeup@{stream}", "data": data}
            told = json.dumps(message, separators=(",", ":"))
            lines.append(f"{time * MILLISECOND_NS + LATENCY_NS} {told}\n")
    source = folder / "sample.gz"
    source.write_bytes(gzip.compress("".join(lines).encode()))
    return CaptureRequest((str(source),), str(folder / "sample.npz"))


def sample_making(capture: str) -> MarketMakingRequest:
    """Return quotes on both sides of the made-up capture."""
    return MarketMakingRequest(
        capture=capture,
        market=MarketRules(Decimal("0.1"), Decimal("0.1"), Decimal(0), Decimal(0)),
        quoting=Quoting(
            half_spread_bps=10.0,
            skew_bps=5.0,
            order_quantity=1.0,
            grid_levels=2,
            grid_step_bps=10.0,
            max_position=3.0,
            interval_ns=SECOND_NS // 10,
        ),
        maker_fee=-0.0001,
        taker_fee=0.0005,
    )
