"""Messages as they are sent: written once, and shared by all who are sent the same."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from apps.core.outbox.recording import moment_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import BaseModel

    from apps.core.outbox.reading import Event


@dataclass(frozen=True, slots=True)
class Frame:
    """One message.

    Attributes:
        kind: Its type.
        text: JSON on one line.
        sequence: Of an event; None for others.
    """

    kind: str
    text: str
    sequence: int | None = None


def message_frame(message: BaseModel) -> Frame:
    """Return a message of `apps.stream.messages` as it is sent."""
    kind: Any = getattr(message, "type", "")
    return Frame(str(kind), message.model_dump_json())


def event_frame(event: Event) -> Frame:
    """Return an event as it is sent; its body as it was written."""
    text = (
        f'{{"type":"event","sequence":{event.sequence},'
        f'"topic":{json.dumps(event.topic)},"name":{json.dumps(event.name)},'
        f'"at":"{moment_text(event.at)}","body":{event.body}}}'
    )
    return Frame("event", text, event.sequence)


def latest_item(topic: str, body: bytes) -> str:
    """Return one value as it stands in a message; its body as it was written."""
    return f'{{"topic":{json.dumps(topic)},"body":{body.decode()}}}'


def latest_frames(items: Iterable[str], most: int) -> Iterator[Frame]:
    """Yield messages with the values, each no longer than `most` if one value fits."""
    held: list[str] = []
    size = 0
    for item in items:
        if held and size + len(item) > most:
            yield _latest_frame(held)
            held, size = [], 0
        held.append(item)
        size += len(item) + 1
    if held:
        yield _latest_frame(held)


def _latest_frame(items: list[str]) -> Frame:
    return Frame("latest", f'{{"type":"latest","values":[{",".join(items)}]}}')
