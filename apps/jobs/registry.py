"""Which function does a kind of job, and what it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from apps.jobs.errors import JobKindUnknown

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from uuid import UUID

    type Handler = Callable[["JobContext"], dict[str, Any]]


class JobContext(Protocol):
    """What a handler is given; it runs in a process of its own."""

    job_id: UUID
    owner_id: UUID
    payload: dict[str, Any]

    def progress(self, fraction: float, message: str) -> None:
        """Say how far the work has come: a fraction from 0 to 1, and what is done."""
        ...

    def log(self, message: str) -> None:
        """Write a line to the job's log."""
        ...

    def fenced(self) -> AbstractContextManager[None]:
        """Open a transaction that only the run holding the job can commit.

        Raises:
            JobLost: The job was cancelled, or another worker has it.
        """
        ...

    def resource(self, kind: str, name: str) -> str:
        """Return the address of something that outlives the job, started if need be.

        Args:
            kind: What a room has registered with `worker_resource`.
            name: Which one of them.

        Raises:
            ApplicationError: It cannot be had; the message says why.
        """
        ...


class WorkerResource(Protocol):
    """Something that a worker keeps from one job to the next, such as warm engines."""

    def ensure(self, name: str) -> str:
        """Return the address of the named one; start it when it is not there."""
        ...

    def close(self) -> None:
        """Let go of all of them."""
        ...


_handlers: dict[str, Handler] = {}
_resources: dict[str, Callable[[], WorkerResource]] = {}
_preloads: list[str] = []


def job_handler(kind: str) -> Callable[[Handler], Handler]:
    """Register the function that does this kind of job.

    The function returns a small JSON object, kept as the job's result. An
    `ApplicationError` that it raises becomes the job's error.
    """

    def register(handler: Handler) -> Handler:
        known = _handlers.setdefault(kind, handler)
        if known is not handler:
            msg = f"The job kind {kind!r} has two handlers: {known} and {handler}."
            raise RuntimeError(msg)
        return handler

    return register


def handler_get(kind: str) -> Handler:
    """Return the function that does this kind of job.

    Raises:
        JobKindUnknown: None is registered.
    """
    if kind not in _handlers:
        msg = f"No handler does {kind!r}; known: {', '.join(sorted(_handlers))}."
        raise JobKindUnknown(msg)
    return _handlers[kind]


def kind_list() -> tuple[str, ...]:
    """Return every kind of job that some handler does."""
    return tuple(_handlers)


def worker_resource(kind: str, factory: Callable[[], WorkerResource]) -> None:
    """Register how a worker makes its keeper of one kind of resource."""
    _resources[kind] = factory


def resource_make(kind: str) -> WorkerResource:
    """Return a new keeper of this kind of resource.

    Raises:
        JobKindUnknown: No room has registered one.
    """
    if kind not in _resources:
        msg = f"No room keeps {kind!r}; known: {', '.join(sorted(_resources))}."
        raise JobKindUnknown(msg)
    return _resources[kind]()


def worker_preload(*modules: str) -> None:
    """Have workers import what jobs of a room need, once, before they fork.

    Args:
        modules: Dotted paths; none of them may load an engine or start a thread.
    """
    _preloads.extend(name for name in modules if name not in _preloads)


def preload_list() -> tuple[str, ...]:
    """Return what workers import before they fork."""
    return tuple(_preloads)
