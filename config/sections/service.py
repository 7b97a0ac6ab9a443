"""The service itself: secrets, names, where its data is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import (
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    field_validator,
)
from pydantic_settings import BaseSettings

from config.databases import address_check
from config.secret_values import (
    credentials_key_check,
    password_check,
    redis_address_check,
    secret_key_check,
)
from config.sections.kinds import BASE_DIR, CommaSeparated

if TYPE_CHECKING:
    from pydantic import ValidationInfo


class ServiceSection(BaseSettings):
    """What every process needs to know."""

    debug: bool = Field(default=False, description="Development only.")
    secret_key: SecretStr = Field(
        description="Signs sessions and tokens; at least 50 random characters.",
    )
    https_only: bool = Field(
        default=True,
        description="Redirect to HTTPS, HSTS, secure cookies; off only on loopback.",
    )
    allowed_hosts: CommaSeparated = Field(
        default=("localhost", "127.0.0.1", "[::1]"),
        description="Host names that the service answers to, separated by commas.",
    )
    csrf_trusted_origins: CommaSeparated = Field(
        default=(), description="Origins with scheme whose forms are trusted."
    )
    data_dir: Path = Field(
        default=BASE_DIR / "data",
        description="Where the embedded database, candles and results are kept.",
    )
    cache_dir: Path | None = Field(
        default=None, description="What can be made again; unset: cache in DATA_DIR."
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="postgres://… ; unset: SQLite in DATA_DIR.",
    )
    redis_url: SecretStr | None = Field(
        default=None, description="redis://… ; unset: a cache in each process."
    )
    database_pool_max: NonNegativeInt = Field(
        default=8,
        description="PostgreSQL connections of one web process at most; 0: PgBouncer.",
    )
    database_statement_seconds: PositiveFloat = Field(
        default=30, description="PostgreSQL ends a statement that takes longer."
    )
    database_lock_seconds: PositiveFloat = Field(
        default=10, description="PostgreSQL ends a wait for a lock that takes longer."
    )
    credentials_key: SecretStr | None = Field(
        default=None,
        description="Encrypts the keys of exchanges; 32 random bytes in base64.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="The least severe record that is written."
    )
    log_format: Literal["json", "console"] | None = Field(
        default=None, description="Unset: console in DEBUG, else json."
    )
    backup_dir: Path | None = Field(
        default=None, description="Where backups go; unset: backups in DATA_DIR."
    )
    backup_max_age_seconds: PositiveInt = Field(
        default=2 * 86_400,
        description="Preflight asks for a backup not older than this.",
    )

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, value: SecretStr | None) -> SecretStr | None:
        schemes = ("postgres://", "postgresql://", "sqlite:///")
        if value and not value.get_secret_value().startswith(schemes):
            msg = "give postgres://user:password@host:5432/name, or leave it unset"
            raise ValueError(msg)
        if value:
            address_check(value.get_secret_value())
        password_check(value, "POSTGRES_PASSWORD")
        return value

    @field_validator("redis_url")
    @classmethod
    def _check_redis_url(cls, value: SecretStr | None) -> SecretStr | None:
        redis_address_check(value)
        return value

    @field_validator("secret_key")
    @classmethod
    def _check_secret_key(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if not info.data.get("debug"):
            secret_key_check(value)
        return value

    @field_validator("credentials_key")
    @classmethod
    def _check_credentials_key(cls, value: SecretStr | None) -> SecretStr | None:
        credentials_key_check(value)
        return value
