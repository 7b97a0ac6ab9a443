"""HTML made so that text is escaped unless it is HTML already."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})

type Inside = str | int | None
type Attribute = str | int | float | bool | None


class Html(str):
    """Text that is HTML already; any other text is escaped on its way into the page."""

    __slots__ = ()


def text_of(inside: Inside) -> Html:
    """Return something as HTML: HTML as it is, text escaped, None as nothing."""
    if inside is None:
        return Html()
    return inside if isinstance(inside, Html) else Html(escape(str(inside)))


def tag(name: str, *inside: Inside, **attributes: Attribute) -> Html:
    """Return one element.

    Args:
        name: Its name.
        inside: What it holds, in order.
        attributes: Its attributes. `class_` is `class`, `data_bar` is `data-bar`; True
            is an attribute without a value, None and False are none.
    """
    given = "".join(
        f" {key.strip('_').replace('_', '-')}"
        + ("" if value is True else f'="{escape(str(value))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in VOID:
        return Html(f"<{name}{given}>")
    return Html(f"<{name}{given}>{join(inside)}</{name}>")


def join(parts: Iterable[Inside], by: str = "") -> Html:
    """Return parts one after the other, with some HTML between them."""
    return Html(by.join(text_of(part) for part in parts))


def moment_tag(moment: str) -> Html:
    """Return a moment as it is served for the eye, to the minute, and for the machine."""
    words = moment[: len("2020-03-12T10:00")].replace("T", " ")
    return tag("time", words, datetime=moment)


def scrolling(name: str, inside: Html) -> Html:
    """Return something wide in a frame of its own, so that the page need not scroll.

    Args:
        name: What it is, for those who hear the page.
        inside: What is wide.
    """
    return tag(
        "div", inside, class_="scroll", tabindex=0, role="region", aria_label=name
    )
