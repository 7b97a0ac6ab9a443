"""Every message of a stream, in both directions; the documentation is made of these."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, TypeAdapter

from apps.core.outbox.recording import moment_text

Moment = Annotated[datetime, PlainSerializer(moment_text, return_type=str)]
TOPIC_MOST = 200


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid")


# --- what a client says


class Authenticate(_Message):
    """Says who listens, where headers cannot; within 5 seconds of connecting."""

    type: Literal["authenticate"]
    token: str = Field(description="An API key or a token.", max_length=500)


class Subscribe(_Message):
    """Follows topics, beside those that are followed already."""

    type: Literal["subscribe"]
    topics: list[Annotated[str, Field(max_length=TOPIC_MOST)]] = Field(
        description="What to follow.",
        min_length=1,
        examples=[["jobs", "tickers:binance:BTC/USDT"]],
    )
    after: int | None = Field(
        default=None,
        ge=0,
        description=(
            "The number of the last event that was seen: all after it are told. "
            "0: all that are kept. Left out: from now on."
        ),
    )


class Unsubscribe(_Message):
    """Follows topics no more."""

    type: Literal["unsubscribe"]
    topics: list[Annotated[str, Field(max_length=TOPIC_MOST)]] = Field(
        description="What not to follow.", min_length=1
    )


class Ping(_Message):
    """Asks whether the stream lives."""

    type: Literal["ping"]


ClientMessage = Annotated[
    Authenticate | Subscribe | Unsubscribe | Ping, Field(discriminator="type")
]


# --- what the server says


class Limits(_Message):
    """What one stream may."""

    topics: int = Field(description="Topics of one stream.")
    connections: int = Field(description="Open streams of one user, in one process.")
    message_bytes: int = Field(description="The largest message of a client.")
    messages_per_second: int = Field(description="Messages of a client.")


class Welcome(_Message):
    """The first message: the client is known, and may follow topics."""

    type: Literal["welcome"] = "welcome"
    at: Moment = Field(description="The server's time.")
    heartbeat_seconds: float = Field(
        description="A stream that is silent for longer than twice this is dead."
    )
    limits: Limits = Field(description="What this stream may.")


class RefusedTopic(_Message):
    """A topic that cannot be followed."""

    topic: str = Field(description="As it was asked for.")
    code: str = Field(description="Stable, for programs.")
    detail: str = Field(description="What was wrong; what would be right.")
    near: list[str] = Field(description="What may have been meant.")


class Subscribed(_Message):
    """The answer to `subscribe`."""

    type: Literal["subscribed"] = "subscribed"
    topics: list[str] = Field(description="What is followed because of it.")
    refused: list[RefusedTopic] = Field(description="What is not, and why.")
    sequence: int | None = Field(
        description="Events with greater numbers follow; null: no topic has numbers."
    )


class Unsubscribed(_Message):
    """The answer to `unsubscribe`."""

    type: Literal["unsubscribed"] = "unsubscribed"
    topics: list[str] = Field(description="What is not followed any more.")


class EventMessage(_Message):
    """Something that happened; told once, in order, and never left out."""

    type: Literal["event"] = "event"
    sequence: int = Field(
        description=(
            "Numbers rise by one over all topics of a user; where one is missing, it "
            "belongs to a topic that is not followed."
        )
    )
    topic: str = Field(description="Where it happened.", examples=["jobs"])
    name: str = Field(description="What happened.", examples=["succeeded"])
    at: Moment = Field(description="When it happened.")
    body: dict[str, Any] = Field(description="What it is about; see the topic.")


class LatestValue(_Message):
    """The newest value of one topic."""

    topic: str = Field(examples=["tickers:binance:BTC/USDT"], description="Which one.")
    body: dict[str, Any] = Field(description="See the topic.")


class LatestMessage(_Message):
    """The newest values of topics that have changed; what came between is not told."""

    type: Literal["latest"] = "latest"
    values: list[LatestValue] = Field(description="One for each topic that changed.")


class Heartbeat(_Message):
    """Sent while there is nothing else to tell."""

    type: Literal["heartbeat"] = "heartbeat"
    at: Moment = Field(description="The server's time.")
    sequence: int | None = Field(
        description="All events up to this one have been told: resume after it."
    )


class Pong(_Message):
    """The answer to `ping`."""

    type: Literal["pong"] = "pong"
    at: Moment = Field(description="The server's time.")


class ErrorMessage(_Message):
    """A message of the client was not understood or not followed; the stream goes on."""

    type: Literal["error"] = "error"
    code: str = Field(description="Stable, for programs.")
    detail: str = Field(description="What was wrong; what would be right.")
    attr: str | None = Field(default=None, description="What it concerns.")


class HistoryLostMessage(_Message):
    """Events after `after` have been deleted: read the state anew."""

    type: Literal["history_lost"] = "history_lost"
    after: int = Field(description="What was asked for.")
    oldest: int = Field(description="The first event that is still there.")
    last: int = Field(description="The newest event.")
    detail: str = Field(description="What to do.")


class ResetMessage(_Message):
    """Numbers above `last` were never given: these are other data; read them anew."""

    type: Literal["reset"] = "reset"
    after: int = Field(description="What was asked for.")
    last: int = Field(description="The newest event.")
    detail: str = Field(description="What to do.")


class Goodbye(_Message):
    """The last message: why the stream ends."""

    type: Literal["goodbye"] = "goodbye"
    code: str = Field(
        description="Stable, for programs.",
        examples=["going_away", "slow_reader", "authentication_failed"],
    )
    detail: str = Field(description="Why it ends, and what to do.")
    sequence: int | None = Field(
        description="All events up to this one have been told: resume after it."
    )


ServerMessage = Annotated[
    Welcome
    | Subscribed
    | Unsubscribed
    | EventMessage
    | LatestMessage
    | Heartbeat
    | Pong
    | ErrorMessage
    | HistoryLostMessage
    | ResetMessage
    | Goodbye,
    Field(discriminator="type"),
]

CLIENT_MESSAGE: TypeAdapter[Authenticate | Subscribe | Unsubscribe | Ping] = (
    TypeAdapter(ClientMessage)
)
SERVER_MESSAGE: TypeAdapter[Any] = TypeAdapter(ServerMessage)
