"""An instrument's rules as arguments of commands that import."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from apps.market.requests import GivenRules

if TYPE_CHECKING:
    from argparse import ArgumentParser

RULES = ("price_tick", "quantity_step", "min_quantity", "min_notional")


def rules_add(parser: ArgumentParser) -> None:
    """Add an option for each rule."""
    for name in RULES:
        parser.add_argument(f"--{name.replace('_', '-')}", type=_decimal)


def rules_of(options: dict[str, Any]) -> GivenRules:
    """Return the rules that were stated."""
    return GivenRules(**{name: options[name] for name in RULES})


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        # argparse names the option of a ValueError.
        raise ValueError(text) from error
