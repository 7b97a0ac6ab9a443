"""Money: what may be traded with, and how closely it is watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, PositiveFloat, PositiveInt, field_validator
from pydantic_settings import BaseSettings

from config.secret_values import credentials_key_check
from config.sections.kinds import Secrets

if TYPE_CHECKING:
    from pydantic import SecretStr


class TradingSection(BaseSettings):
    """Accounts and their keys, orders, and agreement with venues."""

    credentials_keys_old: Secrets = Field(
        default=(),
        description="Former values of CREDENTIALS_KEY, until all keys are sealed anew.",
    )
    live_trading: bool = Field(
        default=False, description="Whether orders may be sent to real exchanges."
    )
    preflight_valid_seconds: PositiveInt = Field(
        default=86_400, description="For so long an account's preflight lets it trade."
    )
    reconcile_grace_seconds: PositiveFloat = Field(
        default=30, description="A venue may not know an order for so long after it."
    )
    reconcile_every_seconds: PositiveFloat = Field(
        default=60, description="How often an account is compared with its venue."
    )
    equity_every_seconds: PositiveInt = Field(
        default=300, description="How often it is written down what accounts are worth."
    )

    @field_validator("credentials_keys_old")
    @classmethod
    def _check_old_keys(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for one in value:
            credentials_key_check(one)
        return value
