"""Accounts, and the keys of those that are live."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.exact import ExactDecimalField
from apps.core.models import BaseModel
from apps.portfolio.enums import AccountMode, PriceSource

_PAPER = Q(mode=AccountMode.PAPER.value)


class Account(BaseModel):
    """What somebody trades with at one venue: on paper, or with money.

    `currency` is what everything is valued in. Fees are fractions of what is received;
    they, `latency_ms` and the source of prices are of paper accounts alone. A replay of
    candles began at `replay_from` when the account was made, and runs `replay_speed`
    times as fast as the clock. A closed account is kept for its ledger.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="accounts"
    )
    name = models.CharField(max_length=80)
    mode = models.CharField(max_length=5, choices=AccountMode.choices)
    exchange = models.CharField(max_length=32)
    currency = models.CharField(max_length=16)
    maker_fee = ExactDecimalField(default=0)
    taker_fee = ExactDecimalField(default=0)
    latency_ms = models.PositiveIntegerField(default=0)
    price_source = models.CharField(
        max_length=8, choices=PriceSource.choices, default=PriceSource.LIVE.value
    )
    series_id = models.UUIDField(null=True, blank=True)
    replay_from = models.DateTimeField(null=True, blank=True)
    replay_speed = models.FloatField(default=1)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("owner", "name"), name="account_name_once"),
            models.CheckConstraint(
                condition=Q(mode__in=AccountMode.values), name="account_mode_known"
            ),
            models.CheckConstraint(
                condition=_PAPER
                | Q(price_source=PriceSource.LIVE.value, series_id__isnull=True),
                name="account_live_has_no_replay",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Credential(BaseModel):
    """The keys of a live account, sealed; nothing of them is readable here.

    `sealed` opens with a key of CREDENTIALS_KEY for this account alone; `key_hint` is
    the last characters of the API key, to recognise it by.
    """

    account = models.OneToOneField(
        Account, on_delete=models.PROTECT, related_name="credential"
    )
    sealed = models.TextField()
    key_hint = models.CharField(max_length=8)
    tested_at = models.DateTimeField(null=True, blank=True)
    can_trade = models.BooleanField(null=True)
    can_withdraw = models.BooleanField(null=True)
    addresses_restricted = models.BooleanField(null=True)
    message = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return f"keys of {self.account_id}"


class AccountPreflight(BaseModel):
    """A go/no-go list of a live account, as it was found; the newest one counts.

    It is void as soon as the account's keys change.
    """

    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="preflights"
    )
    passed = models.BooleanField()
    findings = models.JSONField()
    void_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return f"{self.account_id} {'go' if self.passed else 'no-go'}"
