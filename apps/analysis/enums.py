"""What a run and a comparison can be."""

from __future__ import annotations

from django.db import models

from apps.analysis.parity.contracts import Verdict
from apps.engines.contracts import Mode


class RunState(models.TextChoices):
    """How one engine's part of a backtest ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"


class RunMode(models.TextChoices):
    """By whose rules a backtest's engines fill."""

    EXACT = Mode.EXACT.value
    NATIVE = Mode.NATIVE.value


class ParityVerdict(models.TextChoices):
    """What comparing the engines came to."""

    AGREE = Verdict.AGREE.value
    AGREE_WITHIN_TOLERANCE = Verdict.AGREE_WITHIN_TOLERANCE.value
    DIFFER = Verdict.DIFFER.value


class ParticipantMode(models.TextChoices):
    """By whose rules one side of a comparison was filled."""

    EXACT = Mode.EXACT.value
    NATIVE = Mode.NATIVE.value
    IMPORTED = "imported"


class FillSide(models.TextChoices):
    """Which way a quote was filled."""

    BUY = "buy"
    SELL = "sell"
