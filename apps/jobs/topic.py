"""What is told of jobs, for the documentation of streams."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from apps.jobs.enums import JobState


class JobErrorBody(BaseModel):
    """Why a job failed."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(description="Stable, for programs.")
    detail: str = Field(description="What was wrong; what would be right.")
    attr: str | None = Field(description="What it concerns.")


class JobBody(BaseModel):
    """A job when its state has changed; `GET /api/v1/jobs/{id}/` has all of it."""

    model_config = ConfigDict(extra="forbid")

    id: UUID = Field(description="The job.")
    kind: str = Field(description="What it does.", examples=["backtest.run"])
    state: JobState = Field(description="Where it stands; the last three are final.")
    attempt: int = Field(description="Which run this is; 0: none has begun.")
    max_attempts: int = Field(description="After so many it is given up.")
    progress: float = Field(description="How far it has come, 0 to 1.", ge=0, le=1)
    result: Any = Field(description="Set when it succeeded.")
    result_omitted: bool = Field(
        description="The result is too large to be told; read it from the job."
    )
    error: JobErrorBody | None = Field(description="Set when it failed.")
