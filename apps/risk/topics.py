"""What is told of limits, halts and locks, for the documentation of streams."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

TOPIC = "risk"
NAMES = (
    "halted",
    "quiet",
    "cleared",
    "released",
    "reducing",
    "active",
    "limits_changed",
    "locked",
    "lock_changed",
    "unlocked",
    "daily_loss",
    "drawdown",
    "unexplained_difference",
    "other_order_cancelled",
)


class RiskEventBody(BaseModel):
    """Something that a person should know of; `GET /api/v1/risk/events/` has it too."""

    model_config = ConfigDict(extra="forbid")

    id: UUID = Field(description="The event.")
    account: UUID | None = Field(
        description="The account; null: all accounts of the user."
    )
    detail: str = Field(description="What happened and why, for a person.")
    state: str | None = Field(
        description="What may be traded from then on, where that has changed.",
        examples=["halted"],
    )
    until: str | None = Field(description="When a lock ends, where it is about one.")
    version: int | None = Field(description="Of limits, where they were changed.")
