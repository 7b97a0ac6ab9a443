"""What a caller asks to be imported, checked, and as JSON for the job."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from apps.engines.captures import CaptureLayout
from apps.market.enums import CandleFormat, Timeframe, TimeUnit
from apps.market.errors import RulesInvalid, SymbolInvalid, VenueInvalid
from apps.market.moments import datetime_from_ns, ns_from_datetime

if TYPE_CHECKING:
    from datetime import datetime

SIMULATED_VENUE = "simulated"
_VENUE = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_ASSET = r"[A-Z0-9][A-Z0-9._-]{0,23}"
_SYMBOL = re.compile(rf"({_ASSET})/({_ASSET})(?::{_ASSET})?")
_LONGEST_SYMBOL = 64
_LARGEST = Decimal(10) ** 17
_SMALLEST = Decimal(1).scaleb(-18)


def venue_parse(text: str) -> str:
    """Return a venue's name in lower case.

    Raises:
        VenueInvalid: It is no name.
    """
    venue = text.strip().lower()
    if _VENUE.fullmatch(venue):
        return venue
    msg = (
        f"The venue {text[:40]!r} is no name; use up to 32 of a-z, 0-9, _ and -, as in "
        "binance."
    )
    raise VenueInvalid(msg, attr="venue")


def symbol_parse(text: str) -> tuple[str, str, str]:
    """Return a symbol in upper case, its base and its quote.

    Args:
        text: `BTC/USDT`, or `BTC/USDT:USDT` for a contract settled in USDT.

    Raises:
        SymbolInvalid: It is not of this form.
    """
    symbol = text.strip().upper()
    found = _SYMBOL.fullmatch(symbol)
    if found and len(symbol) <= _LONGEST_SYMBOL:
        return symbol, found[1], found[2]
    msg = (
        f"The symbol {text[:40]!r} is not BASE/QUOTE; write it as BTC/USDT, or as "
        "BTC/USDT:USDT for a contract."
    )
    raise SymbolInvalid(msg, attr="symbol")


@dataclass(frozen=True, slots=True)
class GivenRules:
    """The instrument's rules as far as they are stated; None is to be inferred.

    Attributes:
        price_tick: Prices are multiples of it, quote per base; above zero.
        quantity_step: Quantities are multiples of it, base units; above zero.
        min_quantity: The smallest order, base units.
        min_notional: The smallest order, quote units.
    """

    price_tick: Decimal | None = None
    quantity_step: Decimal | None = None
    min_quantity: Decimal | None = None
    min_notional: Decimal | None = None

    def check(self) -> None:
        """Refuse what no market can have.

        Raises:
            RulesInvalid: A number is out of range; names it.
        """
        for name, value in asdict(self).items():
            if value is None:
                continue
            least = _SMALLEST if name in {"price_tick", "quantity_step"} else Decimal(0)
            if not (value.is_finite() and least <= value <= _LARGEST):
                bound = "above 0" if least else "0 or more"
                msg = f"{name} must be {bound} and at most 1e17, not {value}."
                raise RulesInvalid(msg, attr=name)

    def stated(self) -> dict[str, Decimal]:
        """Return those that are not None, by name."""
        return {name: one for name, one in asdict(self).items() if one is not None}

    def as_json(self) -> dict[str, str]:
        """Return those that are stated, for a job's payload."""
        return {name: str(one) for name, one in self.stated().items()}

    @classmethod
    def from_json(cls, data: dict[str, str]) -> Self:
        """Return the rules that `as_json` wrote."""
        return cls(**{name: Decimal(one) for name, one in data.items()})


def _market_check(venue: str, symbol: str, rules: GivenRules) -> None:
    if venue_parse(venue) == SIMULATED_VENUE:
        msg = (
            f"The venue {SIMULATED_VENUE!r} is kept for synthetic candles, so that "
            "they are never mixed with real ones; name another."
        )
        raise VenueInvalid(msg, attr="venue")
    symbol_parse(symbol)
    rules.check()


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What to make of a candle file.

    Attributes:
        venue: Where it was traded, such as `binance`.
        symbol: What was traded, `BTC/USDT`.
        timeframe: The bars' length; None to find it.
        format: The file's layout, or `auto`.
        time_unit: The unit of its times; None to find it.
        rules: The instrument's rules as far as they are known.
        replace: Whether bars with other numbers overwrite those that are stored.
        venue_rules: The rules as the venue states them, if it was asked; a person's win.
    """

    venue: str
    symbol: str
    timeframe: Timeframe | None = None
    format: CandleFormat = CandleFormat.AUTO
    time_unit: TimeUnit | None = None
    rules: GivenRules = field(default_factory=GivenRules)
    replace: bool = False
    venue_rules: GivenRules | None = None

    def check(self) -> None:
        """Refuse what cannot be, before any file is read.

        Raises:
            VenueInvalid: No name of a venue, or that of the synthetic one.
            SymbolInvalid: Not BASE/QUOTE.
            RulesInvalid: A tick, step or minimum out of range.
        """
        _market_check(self.venue, self.symbol, self.rules)

    def as_json(self) -> dict[str, Any]:
        """Return the request for a job's payload; the venue is asked by the job."""
        data = {**asdict(self), "rules": self.rules.as_json()}
        del data["venue_rules"]
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return the request that `as_json` wrote."""
        return cls(
            venue=data["venue"],
            symbol=data["symbol"],
            timeframe=Timeframe(data["timeframe"]) if data["timeframe"] else None,
            format=CandleFormat(data["format"]),
            time_unit=TimeUnit(data["time_unit"]) if data["time_unit"] else None,
            rules=GivenRules.from_json(data["rules"]),
            replace=data["replace"],
        )


@dataclass(frozen=True, slots=True)
class CaptureImportRequest:
    """What to make of a captured order book.

    Attributes:
        venue: Where it was captured, such as `binance`.
        symbol: What was traded, `BTC/USDT:USDT`.
        layout: The form that it comes in; None to find it.
        rules: The instrument's rules as far as they are known.
    """

    venue: str
    symbol: str
    layout: CaptureLayout | None = None
    rules: GivenRules = field(default_factory=GivenRules)

    def check(self) -> None:
        """Refuse what cannot be, before any file is read.

        Raises:
            VenueInvalid: No name of a venue, or that of the synthetic one.
            SymbolInvalid: Not BASE/QUOTE.
            RulesInvalid: A tick, step or minimum out of range.
        """
        _market_check(self.venue, self.symbol, self.rules)

    def as_json(self) -> dict[str, Any]:
        """Return the request for a job's payload."""
        return {**asdict(self), "rules": self.rules.as_json()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return the request that `as_json` wrote."""
        return cls(
            venue=data["venue"],
            symbol=data["symbol"],
            layout=CaptureLayout(data["layout"]) if data["layout"] else None,
            rules=GivenRules.from_json(data["rules"]),
        )


@dataclass(frozen=True, slots=True)
class SimulationRequest:
    """Which synthetic candles to import.

    Attributes:
        symbol: A market of the synthetic venue.
        timeframe: The bars' length.
        start: The first open time, inclusive, aware.
        end: The end, exclusive, aware.
    """

    symbol: str
    timeframe: Timeframe
    start: datetime
    end: datetime

    def as_json(self) -> dict[str, Any]:
        """Return the request for a job's payload."""
        return {
            "symbol": self.symbol,
            "timeframe": self.timeframe,
            "start_ns": ns_from_datetime(self.start),
            "end_ns": ns_from_datetime(self.end),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return the request that `as_json` wrote."""
        return cls(
            symbol=data["symbol"],
            timeframe=Timeframe(data["timeframe"]),
            start=datetime_from_ns(data["start_ns"]),
            end=datetime_from_ns(data["end_ns"]),
        )
