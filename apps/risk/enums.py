"""The risk room's closed sets of words."""

from __future__ import annotations

from django.db import models


class TradingState(models.TextChoices):
    """What an account, or all accounts of a user, may do."""

    ACTIVE = "active"
    REDUCING = "reducing"
    HALTED = "halted"


class LockKind(models.TextChoices):
    """Why trading a market, or all, is locked for a while."""

    LOSS_STREAK = "loss_streak"
    DRAWDOWN = "drawdown"
    STOP = "stop"
    COOLDOWN = "cooldown"
    MANUAL = "manual"


class SizingMethod(models.TextChoices):
    """The rules that say how much to trade."""

    FIXED_FRACTION = "fixed_fraction"
    VOLATILITY_TARGET = "volatility_target"
    KELLY_BETS = "kelly_bets"
    KELLY_RETURNS = "kelly_returns"
