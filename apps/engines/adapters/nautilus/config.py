"""How NautilusTrader is set up: its engine, the venue, the account, the instrument."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import LoggingConfig, RiskEngineConfig
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import AccountType, CurrencyType, OmsType
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import (
    FIXED_PRECISION,
    MONEY_MAX,
    PRICE_MAX,
    Currency,
    Money,
    Price,
    Quantity,
)

if TYPE_CHECKING:
    from apps.engines.contracts import MarketRules

MOST_DECIMALS: int = FIXED_PRECISION
LARGEST_PRICE: float = PRICE_MAX
LARGEST_MONEY: float = MONEY_MAX

VENUE = Venue("PARALLAX")
INSTRUMENT_ID = InstrumentId(Symbol("BASE/QUOTE"), VENUE)
# The length of a bar is known from its stamps alone; nothing is aggregated from them.
BAR_TYPE = BarType.from_str(f"{INSTRUMENT_ID}-1-MINUTE-LAST-EXTERNAL")


def quote_currency(decimals: int) -> Currency:
    """Return the currency that prices and money are in, with so many decimals."""
    return Currency("QUOTE", decimals, 0, "QUOTE", CurrencyType.CRYPTO)


def engine_make(*, risk_checks: bool) -> BacktestEngine:
    """Return an engine that writes no logs and works out no statistics.

    Args:
        risk_checks: Whether orders are checked against balances and minimums before
            they are sent, as is NautilusTrader's default.
    """
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True),
            risk_engine=RiskEngineConfig(bypass=not risk_checks),
            run_analysis=False,
        )
    )
    # Unread, but kept all the same: it joins two pandas series for each trade, longer
    # ones each time, a fifth of a run.
    engine.portfolio.analyzer.record_trade = _nothing
    return engine


def account_add(
    engine: BacktestEngine, quote: Currency, capital: float, **options: Any
) -> None:
    """Add the venue with a spot account that holds the capital and nothing else."""
    engine.add_venue(
        venue=VENUE,
        oms_type=OmsType.NETTING,
        account_type=AccountType.CASH,
        base_currency=None,
        starting_balances=[Money(capital, quote)],
        **options,
    )


def instrument_make(
    market: MarketRules, quote: Currency, fee: float = 0.0, *, minimums: bool = False
) -> CurrencyPair:
    """Return the instrument.

    Args:
        market: Its grid and minimums.
        quote: What prices are in.
        fee: Of makers and takers alike, as a fraction of notional.
        minimums: Whether the venue enforces the minimums; else the strategy does.
    """
    tick, step = price_of(market.price_tick), quantity_of(market.quantity_step)
    # With more decimals than the step has, its money would keep what float64 adds to a
    # quantity, and selling in two parts what was bought in one would overdraw it.
    base = Currency("BASE", step.precision, 0, "BASE", CurrencyType.CRYPTO)
    limits = {
        "min_quantity": Quantity(market.min_quantity, step.precision),
        "min_notional": Money(market.min_notional, quote),
    }
    rate = Decimal(repr(fee))
    return CurrencyPair(
        instrument_id=INSTRUMENT_ID,
        raw_symbol=INSTRUMENT_ID.symbol,
        base_currency=base,
        quote_currency=quote,
        price_precision=tick.precision,
        size_precision=step.precision,
        price_increment=tick,
        size_increment=step,
        maker_fee=rate,
        taker_fee=rate,
        ts_event=0,
        ts_init=0,
        **(limits if minimums else {}),
    )


def decimals_of(step: Decimal) -> int:
    """Return how many decimals the multiples of a tick or step have."""
    _, denominator = step.as_integer_ratio()
    decimals = 0
    while 10**decimals % denominator:
        decimals += 1
    return decimals


def price_of(tick: Decimal) -> Price:
    """Return a tick as NautilusTrader's price."""
    return Price(tick, decimals_of(tick))


def quantity_of(step: Decimal) -> Quantity:
    """Return a step as NautilusTrader's quantity."""
    return Quantity(step, decimals_of(step))


def _nothing(*_: object) -> None:
    """Keep no record."""
