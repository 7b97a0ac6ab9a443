"""Every setting that the environment may give, typed, with its default and its reason.

This is the only module that reads the environment. A value that does not fit ends the
start with a list of the variables at fault and what would be right for each.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    Field,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY_LENGTH = 50
PLACEHOLDER = "change-me"

Rate = Annotated[str, Field(pattern=r"^[1-9][0-9]*/(second|minute|hour|day)$")]
Fraction = Annotated[float, Field(ge=0, le=1)]
CommaSeparated = Annotated[tuple[str, ...], NoDecode]


class Environment(BaseSettings):
    """The settings of one installation; field names are the variables, in lower case."""

    model_config = SettingsConfigDict(
        env_file=BASE_DIR / ".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    # --- the service
    secret_key: SecretStr = Field(
        description="Signs sessions and tokens; at least 50 random characters.",
    )
    debug: bool = Field(default=False, description="Development only.")
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
    database_url: SecretStr | None = Field(
        default=None,
        description="postgres://… ; unset: SQLite in DATA_DIR.",
    )
    redis_url: SecretStr | None = Field(
        default=None, description="redis://… ; unset: a cache in each process."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="The least severe record that is written."
    )
    log_format: Literal["json", "console"] | None = Field(
        default=None, description="Unset: console in DEBUG, else json."
    )

    # --- the edge
    throttle_anon: Rate = Field(default="100/hour", description="Per address.")
    throttle_user: Rate = Field(default="1000/hour", description="Per user.")
    throttle_login: Rate = Field(default="10/minute", description="Per address.")
    body_max_bytes: PositiveInt = Field(
        default=2 * 1024**2, description="The largest body of an ordinary request."
    )
    upload_max_bytes: PositiveInt = Field(
        default=1024**3, description="The largest candle file that may be uploaded."
    )

    # --- jobs and engines
    job_lease_seconds: PositiveFloat = Field(
        default=30, description="A job whose worker is silent for so long runs again."
    )
    job_max_attempts: PositiveInt = Field(
        default=3, description="Runs of one job before it fails with worker_lost."
    )
    job_poll_seconds: PositiveFloat = Field(
        default=0.1, description="How often an idle worker looks for work."
    )
    job_wall_seconds: PositiveFloat = Field(
        default=3600, description="The longest that one run of a job may take."
    )
    job_memory_bytes: PositiveInt = Field(
        default=6 * 1024**3, description="Address space of one job's process."
    )
    engine_wall_seconds: PositiveFloat = Field(
        default=900, description="The longest that one engine run may take."
    )
    engine_memory_bytes: PositiveInt = Field(
        default=8 * 1024**3, description="Address space of one engine run."
    )
    engine_idle_seconds: PositiveFloat = Field(
        default=300, description="A warm engine unused for so long is let go."
    )

    # --- market data
    import_max_rows: PositiveInt = Field(
        default=50_000_000, description="The most rows that one import may hold."
    )
    import_max_unpacked_bytes: PositiveInt = Field(
        default=8 * 1024**3, description="The most that a packed file may unpack to."
    )
    quality_max_gap_fraction: Fraction = Field(
        default=0.5, description="Missing bars, as a fraction of all expected."
    )
    quality_max_duplicate_fraction: Fraction = Field(
        default=0.05, description="Rows that repeat a time, as a fraction of rows."
    )
    quality_max_impossible_fraction: Fraction = Field(
        default=0.0, description="Bars such as high < low, as a fraction of rows."
    )
    quality_max_nan_fraction: Fraction = Field(
        default=0.0, description="Rows with a missing number, as a fraction of rows."
    )
    quality_max_outlier_fraction: Fraction = Field(
        default=0.01, description="Bars far from their neighbours, as a fraction."
    )

    @field_validator("allowed_hosts", "csrf_trusted_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, value: SecretStr | None) -> SecretStr | None:
        schemes = ("postgres://", "postgresql://", "sqlite:///")
        if value and not value.get_secret_value().startswith(schemes):
            msg = "give postgres://user:password@host:5432/name, or leave it unset"
            raise ValueError(msg)
        return value

    @field_validator("redis_url")
    @classmethod
    def _check_redis_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("redis://", "rediss://")):
            msg = "give redis://:password@host:6379/0, or leave it unset"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _check_secret_key(self) -> Self:
        key = self.secret_key.get_secret_value()
        if not self.debug and (len(key) < SECRET_KEY_LENGTH or PLACEHOLDER in key):
            msg = (
                f"SECRET_KEY must be at least {SECRET_KEY_LENGTH} random characters "
                "and not the placeholder; `make setup` writes a fresh one to .env"
            )
            raise ValueError(msg)
        return self


def environment_load() -> Environment:
    """Read the environment, or end the start with what is wrong in it.

    Raises:
        SystemExit: A variable is missing or does not fit; each is named.
    """
    try:
        return Environment()  # values come from the environment
    except ValidationError as error:
        print(_explain(error), file=sys.stderr)
        raise SystemExit(2) from None


def _explain(error: ValidationError) -> str:
    lines = ["The environment does not fit (see .env.example):"]
    for finding in error.errors(include_input=False, include_url=False):
        name = ".".join(str(part) for part in finding["loc"]).upper() or "SETTINGS"
        field = Environment.model_fields.get(name.lower())
        hint = f" ({field.description})" if field and field.description else ""
        lines.append(f"  {name}: {finding['msg']}{hint}")
    return "\n".join(lines)
