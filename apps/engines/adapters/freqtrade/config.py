"""How freqtrade is configured: offline, one made-up exchange, files instead of venues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

# Known to ccxt, and not among those that freqtrade treats in a way of their own.
EXCHANGE = "paymium"
QUOTE = "QUOTE"
TICK_SIZE = 4  # ccxt's way of stating precision: as the tick itself
# Folders of a run's directory.
FOLDERS = USER, DATA, STRATEGIES, RESULTS = ("user", "data", "strategies", "results")

# All that the program is told of its surroundings; it writes nowhere but here.
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "{directory}",
    "TMPDIR": "{directory}",
    "XDG_CACHE_HOME": "{directory}",
    "XDG_CONFIG_HOME": "{directory}",
    "XDG_DATA_HOME": "{directory}",
    "MPLCONFIGDIR": "{directory}",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONNOUSERSITE": "1",
    # Threads would take address space, and gain nothing.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "NUMEXPR_MAX_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
}

# When each line was written, in seconds since the epoch, and how grave it is.
LOG_FORMAT = "%(created)f %(levelname)s %(message)s"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": LOG_FORMAT}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}


def arguments(directory: Path) -> tuple[str, ...]:
    """Return the program's arguments; the configuration comes on standard input."""
    return (
        *("backtesting", "--config", "-", "--no-color"),
        *("--userdir", str(directory / USER), "--datadir", str(directory / DATA)),
        *("--backtest-directory", str(directory / RESULTS)),
        *("--export", "trades", "--cache", "none"),
    )


def configuration(
    directory: Path,
    *,
    timeframe: str,
    fee: float,
    markets: list[dict[str, Any]],
    changes: dict[str, Any],
) -> dict[str, Any]:
    """Return a configuration without a network or a venue.

    Args:
        directory: Where the program's files are.
        timeframe: Of the candles, in ccxt's notation.
        fee: Fraction of each fill's notional.
        markets: What is traded, see `market`.
        changes: Settings on top of these.
    """
    pricing = {"price_side": "other", "use_order_book": False}
    return {
        "strategy_path": str(directory / STRATEGIES),
        "timeframe": timeframe,
        "fee": fee,
        "dry_run": True,
        "trading_mode": "spot",
        "max_open_trades": 1,
        "stake_currency": QUOTE,
        "dataformat_ohlcv": "feather",
        "entry_pricing": pricing,
        "exit_pricing": pricing,
        "pairlists": [{"method": "StaticPairList"}],
        "experimental": {"block_bad_exchanges": False},
        "exchange": {
            "name": EXCHANGE,
            "enable_ws": False,
            "pair_whitelist": [one["symbol"] for one in markets],
            "ccxt_config": {
                "markets": {one["symbol"]: one for one in markets},
                "precisionMode": TICK_SIZE,
                "timeframes": {timeframe: timeframe},
                "has": {"fetchOHLCV": True, "fetchTickers": True},
            },
        },
        "log_config": LOGGING,
        **changes,
    }


def market(
    base: str,
    *,
    price_tick: float,
    quantity_step: float,
    min_quantity: float = 0.0,
    min_notional: float = 0.0,
) -> dict[str, Any]:
    """Return a spot market as ccxt states one; a minimum of 0 is none."""
    return {
        "id": f"{base}{QUOTE}",
        "symbol": f"{base}/{QUOTE}",
        "base": base,
        "quote": QUOTE,
        "baseId": base,
        "quoteId": QUOTE,
        "active": True,
        "type": "spot",
        "spot": True,
        **dict.fromkeys(("margin", "swap", "future", "option", "contract"), False),
        "precision": {"amount": quantity_step, "price": price_tick},
        "limits": {
            "amount": {"min": min_quantity or None, "max": None},
            "price": {"min": None, "max": None},
            "cost": {"min": min_notional or None, "max": None},
            "leverage": {"min": None, "max": None},
        },
        "info": {},
    }
