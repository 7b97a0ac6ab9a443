"""Jobs and engines, and where their files are."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import (
    Field,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings

from config.secret_values import redis_address_check


class WorkSection(BaseSettings):
    """What carries jobs, and what bounds them."""

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
    jobs_backend: Literal["database", "celery"] = Field(
        default="database", description="What carries jobs to workers."
    )
    jobs_redis_url: SecretStr | None = Field(
        default=None, description="Celery's broker; unset: REDIS_URL."
    )

    @field_validator("jobs_redis_url")
    @classmethod
    def _check_jobs_redis_url(cls, value: SecretStr | None) -> SecretStr | None:
        redis_address_check(value)
        return value


class FilesSection(BaseSettings):
    """A bucket, for more than one machine."""

    s3_bucket: str = Field(
        default="",
        pattern=r"^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$",
        description="Where candles and results are kept; unset: in DATA_DIR alone.",
    )
    s3_prefix: str = Field(
        default="", description="In front of every name in the bucket."
    )
    s3_endpoint_url: str = Field(
        default="",
        # Without a user: the keys have settings of their own, which are not shown.
        pattern=r"^(https?://[^\s/@]+(/[^\s@]*)?)?$",
        description="http(s)://host of an S3-compatible service; unset: AWS.",
    )
    s3_region: str = Field(default="us-east-1", description="The bucket's region.")
    s3_access_key_id: SecretStr | None = Field(
        default=None, description="Unset: the machine's own role."
    )
    s3_secret_access_key: SecretStr | None = Field(
        default=None, description="Unset: the machine's own role."
    )
    s3_link_seconds: PositiveInt = Field(
        default=900, description="For so long a presigned download can be used."
    )

    @model_validator(mode="after")
    def _check_bucket(self) -> Self:
        if bool(self.s3_access_key_id) != bool(self.s3_secret_access_key):
            msg = "give both S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, or neither"
            raise ValueError(msg)
        return self
