"""What the portfolio room remembers, by what it is about."""

from __future__ import annotations

from apps.portfolio.models.accounts import Account, AccountPreflight, Credential
from apps.portfolio.models.ledger import (
    LedgerBalance,
    LedgerEntry,
    LedgerHead,
    LedgerTransaction,
)
from apps.portfolio.models.paper import PaperBalance, PaperFill, PaperHead, PaperOrder
from apps.portfolio.models.positions import EquityPoint, Position, PositionLot

__all__ = (
    "Account",
    "AccountPreflight",
    "Credential",
    "EquityPoint",
    "LedgerBalance",
    "LedgerEntry",
    "LedgerHead",
    "LedgerTransaction",
    "PaperBalance",
    "PaperFill",
    "PaperHead",
    "PaperOrder",
    "Position",
    "PositionLot",
)
