"""Names in generated code: whatever a strategy is called, what comes out is harmless."""

from __future__ import annotations

import keyword
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

LENGTH_MAXIMUM = 60
_WORD = re.compile(r"[A-Za-z0-9]+")


def one_line(text: str) -> str:
    """Return a text as it may stand in a comment: one line, nothing that cannot be seen.

    Line breaks of every kind become spaces. What is not printable, such as marks that
    turn the direction of writing, becomes a question mark.
    """
    line = " ".join(text.split())
    return "".join(one if one.isprintable() else "?" for one in line)


def words_of(text: str) -> list[str]:
    """Return the words of a text in plain ASCII letters and digits."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _WORD.findall(plain)


def slug_of(text: str) -> str:
    """Return a name for a file: `sma_cross`; `strategy` where nothing is left."""
    slug = "_".join(words_of(text)).lower()[:LENGTH_MAXIMUM].strip("_")
    return slug or "strategy"


def class_name_of(text: str, taken: Collection[str]) -> str:
    """Return a name for a class: `SmaCross`.

    Args:
        text: What people call the strategy.
        taken: Names that mean something else in the file.
    """
    words = [word[:1].upper() + word[1:] for word in words_of(text.lower())]
    name = "".join(words)[:LENGTH_MAXIMUM] or "ExportedStrategy"
    if not name[0].isalpha():
        name = f"Strategy{name}"
    while name in taken or keyword.iskeyword(name):
        name += "Strategy"
    return name


def names_allot(wanted: Mapping[str, str], taken: Iterable[str] = ()) -> dict[str, str]:
    """Return a name of its own for each thing, the wanted one where that is free.

    Args:
        wanted: What each thing would be called, in the order in which they are asked.
        taken: Names that are not to be had.
    """
    used = {*taken, *keyword.kwlist}
    found = {}
    for thing, name in wanted.items():
        free = name
        while free in used:
            free += "_"
        used.add(free)
        found[thing] = free
    return found


def constant_name(name: str) -> str:
    """Return what a parameter is called as a constant: `fast` is `FAST`.

    Names that begin with an underscore are those of the embedded functions.
    """
    return name.upper() if not name.startswith("_") else f"P{name.upper()}"
