"""Which topics there are to follow; rooms register theirs when they are ready."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    # Says of symbols of an exchange which cannot be followed, and why.
    type TopicCheck = Callable[[str, Sequence[str]], dict[str, "Refusal"]]

NEAR = 5


class TopicKind(StrEnum):
    """How a topic is told."""

    # Every event, once, in order, with a number.
    OUTBOX = "outbox"
    # The newest value of each symbol, with nothing in between.
    LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a topic cannot be followed.

    Attributes:
        code: Stable, for programs.
        detail: For people.
        near: Topics that may have been meant.
    """

    code: str
    detail: str
    near: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic, or the first word of topics of one kind.

    Attributes:
        name: `jobs`, or for the latest values what comes before the first colon.
        kind: How it is told.
        description: What is told, for the documentation.
        schema: The dotted path of a pydantic model of its body.
        names: What happens to such things; the names of its events.
        check: The dotted path of a `TopicCheck`, for the latest values.
    """

    name: str
    kind: TopicKind
    description: str
    schema: str
    names: tuple[str, ...] = ()
    check: str = ""


_topics: dict[str, Topic] = {}


def topic_register(topic: Topic) -> None:
    """Make a topic known; call it in `AppConfig.ready`."""
    known = _topics.setdefault(topic.name, topic)
    if known != topic:
        msg = f"The topic {topic.name!r} is registered twice."
        raise RuntimeError(msg)


def topic_list() -> tuple[Topic, ...]:
    """Return every topic, by name."""
    return tuple(_topics[name] for name in sorted(_topics))


def topic_find(text: str) -> Topic | Refusal:
    """Return the topic that a reader asks for, or why there is none."""
    word, colon, rest = text.partition(":")
    topic = _topics.get(word)
    if topic is None:
        near = get_close_matches(word, _topics, n=NEAR)
        known = ", ".join(sorted(_topics))
        return Refusal(
            "topic_unknown", f"There is no topic {word}; there are: {known}.", (*near,)
        )
    if topic.kind is TopicKind.OUTBOX and colon:
        detail = f"{word} is one topic; leave out what comes after the colon."
        return Refusal("topic_malformed", detail, (word,))
    if topic.kind is TopicKind.LATEST and not all(rest.partition(":")[::2]):
        detail = f"Write {word}:<exchange>:<symbol>, or * for every symbol held fresh."
        return Refusal("topic_malformed", detail)
    return topic
