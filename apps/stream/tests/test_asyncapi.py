"""The AsyncAPI document: fresh, open to all, and what is sent fits it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped]  # ships none
import pytest
import yaml
from django.test import Client
from django.utils import timezone

from apps.core.outbox.topics import TopicKind, topic_list
from apps.stream.asyncapi import document
from apps.stream.frames import latest_frames, latest_item, message_frame
from apps.stream.messages import (
    CLIENT_MESSAGE,
    ErrorMessage,
    Goodbye,
    Heartbeat,
    HistoryLostMessage,
    Limits,
    Pong,
    RefusedTopic,
    ResetMessage,
    Subscribed,
    Unsubscribed,
    Welcome,
)

if TYPE_CHECKING:
    from apps.stream.frames import Frame

ROOT = Path(__file__).parents[3]
NOW = timezone.now()
LIMITS = Limits(topics=1, connections=1, message_bytes=1, messages_per_second=1)
REFUSED = RefusedTopic(topic="x", code="topic_unknown", detail="No.", near=["y"])
TICKER = (
    b'{"symbol":"A/B","last":"1","bid":null,"ask":null,"bid_quantity":null,'
    b'"ask_quantity":null,"base_volume":null,"venue_time":null,'
    b'"received_at":"2026-01-01T00:00:00.000000Z"}'
)
(LATEST,) = latest_frames([latest_item("tickers:x:A/B", TICKER)], 1_000)
SENT = [
    message_frame(Welcome(at=NOW, heartbeat_seconds=15, limits=LIMITS)),
    message_frame(Subscribed(topics=["jobs"], refused=[REFUSED], sequence=None)),
    message_frame(Unsubscribed(topics=[])),
    message_frame(Heartbeat(at=NOW, sequence=5)),
    message_frame(Pong(at=NOW)),
    message_frame(ErrorMessage(code="x", detail="y")),
    message_frame(HistoryLostMessage(after=1, oldest=3, last=4, detail="x")),
    message_frame(ResetMessage(after=1, last=0, detail="x")),
    message_frame(Goodbye(code="going_away", detail="x", sequence=1)),
    LATEST,
]


def schema_of(name: str) -> dict[str, Any]:
    """Return the schema of a message, with what it refers to."""
    whole = document()
    return {**whole["components"]["messages"][name]["payload"], **whole}


def test_the_committed_document_is_fresh(tmp_path: Path) -> None:
    fresh = tmp_path / "asyncapi.yaml"
    # In a process of its own: the topics that tests make up are no part of it.
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "manage.py", "export_asyncapi", "--file", str(fresh)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    committed = ROOT / "docs" / "asyncapi.yaml"
    assert fresh.read_text() == committed.read_text(), "run `make schema`"


def test_the_document_is_served_to_all() -> None:
    answer = Client().get("/api/asyncapi/")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/yaml")
    served = yaml.safe_load(answer.content)
    assert served["asyncapi"] == "3.0.0"
    assert served["channels"]["stream"]["address"] == "/ws/v1/stream"


def test_every_reference_of_the_document_leads_somewhere() -> None:
    whole = document()

    def walk(part: Any) -> int:
        if isinstance(part, list):
            return sum(map(walk, part))
        if not isinstance(part, dict):
            return 0
        found = 0
        if isinstance(part.get("$ref"), str):
            found = 1
            place: Any = whole
            for step in part["$ref"].removeprefix("#/").split("/"):
                place = place[step]
            assert place
        return found + sum(map(walk, part.values()))

    assert walk(whole) > 50


def test_every_field_of_every_message_says_what_it_is() -> None:
    for name, schema in document()["components"]["schemas"].items():
        assert schema.get("description") or "enum" in schema, name
        for field, shape in schema.get("properties", {}).items():
            assert field == "type" or "description" in shape, f"{name}.{field}"


@pytest.mark.parametrize("frame", SENT, ids=lambda frame: frame.kind)
def test_what_is_sent_fits_its_schema(frame: Frame) -> None:
    jsonschema.validate(json.loads(frame.text), schema_of(frame.kind))


def test_a_ticker_fits_the_schema_of_its_topic() -> None:
    jsonschema.validate(json.loads(LATEST.text), schema_of("topic_tickers"))
    broken = json.loads(LATEST.text)
    del broken["values"][0]["body"]["received_at"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema_of("topic_tickers"))


@pytest.mark.parametrize(
    "said",
    [
        {"type": "authenticate", "token": "x"},
        {"type": "subscribe", "topics": ["jobs"]},
        {"type": "subscribe", "topics": ["jobs"], "after": 0},
        {"type": "unsubscribe", "topics": ["jobs"]},
        {"type": "ping"},
    ],
    ids=str,
)
def test_what_the_document_lets_a_client_say_is_understood(said: Any) -> None:
    jsonschema.validate(said, schema_of(said["type"]))
    CLIENT_MESSAGE.validate_python(said)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(said | {"more": 1}, schema_of(said["type"]))


def test_every_topic_has_a_message_with_its_body() -> None:
    messages = document()["components"]["messages"]
    kinds = {topic.name: topic.kind for topic in topic_list() if topic.schema}
    assert {"jobs", "tickers", "books", "trades", "status"} <= set(kinds)
    assert kinds["jobs"] is TopicKind.OUTBOX
    assert {f"topic_{name}" for name in kinds} <= set(messages)
