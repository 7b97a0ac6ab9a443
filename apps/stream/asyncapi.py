"""The messages of streams as an AsyncAPI document, made of the models that check them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, get_args

import yaml
from django.conf import settings
from django.utils.module_loading import import_string
from pydantic.json_schema import models_json_schema

from apps.core.outbox.topics import TopicKind, topic_list
from apps.stream.messages import ClientMessage, ServerMessage

if TYPE_CHECKING:
    from pydantic import BaseModel

    from apps.core.outbox.topics import Topic

REFERENCE = "#/components/schemas/{model}"
DESCRIPTION = (
    "One connection, many topics. Events have numbers: who connects again with the last "
    "one that was seen is told all that came after it, once. Prices are told by their "
    "newest value alone.\n\n"
    "Say who you are by `Authorization: Bearer <API key>` or `Authorization: Token "
    "<token>`, by a session's cookie from a page of ours, or by the first message, "
    "`authenticate`. Never in the address, which ends in logs.\n\n"
    "`GET /api/v1/events/` tells the same as server-sent events: the type of a message "
    "is the event's name, its JSON the data, and the number its id."
)


def document() -> dict[str, Any]:
    """Return the AsyncAPI document."""
    said, told = _models(ClientMessage), _models(ServerMessage)
    topics = topic_list()
    bodies = [import_string(topic.schema) for topic in topics]
    # Of what is sent, the shape in which it is written; of what is heard, that it is read.
    _, schemas = models_json_schema(
        [
            *((model, "validation") for model in said),
            *((model, "serialization") for model in (*told, *bodies)),
        ],
        ref_template=REFERENCE,
    )
    messages = {_type(model): _message(model) for model in (*said, *told)}
    for topic, body in zip(topics, bodies, strict=True):
        messages[_topic_name(topic)] = _topic_message(topic, body)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"{settings.SPECTACULAR_SETTINGS['TITLE']} streams",
            "version": settings.SPECTACULAR_SETTINGS["VERSION"],
            "description": DESCRIPTION,
            "license": settings.SPECTACULAR_SETTINGS["LICENSE"],
        },
        "defaultContentType": "application/json",
        "channels": {"stream": _channel(messages)},
        "operations": {
            "hear": _operation("receive", "What a client says.", map(_type, said)),
            "tell": _operation(
                "send",
                "What the server says. Messages of a topic are `event` and `latest` "
                "with the body that the topic has.",
                [*map(_type, told), *map(_topic_name, topics)],
            ),
        },
        "components": {
            "messages": messages,
            "schemas": dict(sorted(schemas["$defs"].items())),
        },
    }


@cache
def document_text() -> str:
    """Return the document as YAML."""
    return yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=88)


def _models(union: Any) -> tuple[type[BaseModel], ...]:
    alternatives, *_ = get_args(union)
    return get_args(alternatives)


def _type(model: type[BaseModel]) -> str:
    (name,) = get_args(model.model_fields["type"].annotation)
    return str(name)


def _text(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split())


def _message(model: type[BaseModel]) -> dict[str, Any]:
    return {
        "name": _type(model),
        "summary": _text(model),
        "payload": {"$ref": REFERENCE.format(model=model.__name__)},
    }


def _topic_name(topic: Topic) -> str:
    return f"topic_{topic.name}"


def _topic_message(topic: Topic, body: type[BaseModel]) -> dict[str, Any]:
    """Return the message of one topic: as `event` or `latest`, but with its own body."""
    shape = {"$ref": REFERENCE.format(model=body.__name__)}
    if topic.kind is TopicKind.OUTBOX:
        base = "EventMessage"
        own: dict[str, Any] = {
            "topic": {"const": topic.name},
            "name": {"enum": list(topic.names)},
            "body": shape,
        }
    else:
        base = "LatestMessage"
        value = {"properties": {"body": shape}}
        own = {"values": {"type": "array", "items": value}}
    return {
        "name": _topic_name(topic),
        "title": topic.name,
        "summary": topic.description,
        "payload": {
            "allOf": [{"$ref": REFERENCE.format(model=base)}, {"properties": own}]
        },
    }


def _channel(messages: dict[str, Any]) -> dict[str, Any]:
    return {
        "address": "/ws/v1/stream",
        "title": "The stream",
        "messages": {
            name: {"$ref": f"#/components/messages/{name}"} for name in messages
        },
    }


def _operation(action: str, summary: str, names: Any) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": "#/channels/stream"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/stream/messages/{one}"} for one in names],
    }
