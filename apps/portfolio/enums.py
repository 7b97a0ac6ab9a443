"""The portfolio room's closed sets of words."""

from __future__ import annotations

from django.db import models


class AccountMode(models.TextChoices):
    """Whether an account's orders can cost anything."""

    PAPER = "paper"
    LIVE = "live"


class PriceSource(models.TextChoices):
    """Where a paper account's venue takes its prices from."""

    LIVE = "live"
    CANDLES = "candles"


class TransactionKind(models.TextChoices):
    """Why money moved."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    FILL = "fill"
    FEE = "fee"
    FUNDING = "funding"
    TRANSFER = "transfer"
    ADJUSTMENT = "adjustment"


class LedgerPlace(models.TextChoices):
    """The accounts of the ledger: what is held, and where it came from or went.

    The entries of a transaction sum to zero in each currency. `assets` is what the
    account holds; the sum of all places of a currency is always zero.
    """

    ASSETS = "assets"
    EXTERNAL = "external"
    TRADING = "trading"
    FEES = "fees"
    FUNDING = "funding"
    TRANSFERS = "transfers"
    ADJUSTMENTS = "adjustments"
