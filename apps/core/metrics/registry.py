"""Which rooms have something to tell when metrics are asked for."""

from __future__ import annotations

_collectors: dict[str, str] = {}


def metrics_collector(name: str, path: str) -> None:
    """Have a room asked at each scrape; call it when the app is ready.

    Args:
        name: The room's, as `parallax_collector_up` shows it.
        path: The dotted path of a function `(now: datetime) -> Iterable[Metric]`. It is
            imported at the first scrape, so that workers, which register too, need
            nothing of it. It must read little: it has a second.
    """
    known = _collectors.setdefault(name, path)
    if known != path:
        msg = f"The metrics of {name!r} have two collectors: {known} and {path}."
        raise RuntimeError(msg)


def collector_list() -> dict[str, str]:
    """Return the rooms' collectors: dotted paths by name."""
    return dict(_collectors)
