"""Our own functions as text, with all that they lean on, for files that stand alone.

Modules are read, not imported: a web process that hands out source needs no numpy.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TEXT = Path(__file__).parent / "text"
_NOQA = re.compile(r"[ \t]*# noqa[^\n]*")
_OWN = "apps."


@dataclass(frozen=True, slots=True)
class Piece:
    """One top-level function or constant of a module.

    Attributes:
        name: What it is called.
        text: Its source, without remarks to our linter.
        reads: Names that it reads and does not make itself.
        node: As it was parsed.
    """

    name: str
    text: str
    reads: frozenset[str]
    node: ast.stmt


@dataclass(frozen=True, slots=True)
class Module:
    """A module as text.

    Attributes:
        pieces: By name, in the module's order.
        imports: For each name that comes from another of our modules, which one.
    """

    pieces: dict[str, Piece]
    imports: dict[str, str]


def pieces_of(wanted: Iterable[tuple[str, str]]) -> tuple[Piece, ...]:
    """Return functions with all that they call, each after what it leans on.

    Args:
        wanted: Module and name of each: `apps.indicators.functions.bands`, `bollinger`;
            a module without dots is a text of this package.

    Raises:
        KeyError: A module has no such function.
    """
    found: dict[tuple[str, str], Piece] = {}
    for module, name in wanted:
        _collect(module, name, found)
    return tuple(found.values())


def piece_get(module: str, name: str) -> Piece:
    """Return one function as it stands in its module.

    Raises:
        KeyError: The module has no such function.
    """
    return _module(module).pieces[name]


def _collect(module: str, name: str, found: dict[tuple[str, str], Piece]) -> None:
    if (module, name) in found:
        return
    read = _module(module)
    piece = read.pieces[name]
    for other in sorted(piece.reads - {name}):
        if other in read.pieces:
            _collect(module, other, found)
        elif other in read.imports:
            _collect(read.imports[other], other, found)
    found[module, name] = piece


@cache
def _module(name: str) -> Module:
    text = _path(name).read_text(encoding="utf-8")
    tree = ast.parse(text)
    lines = text.splitlines()
    pieces = {piece.name: piece for piece in _pieces(tree, lines)}
    imports = {
        alias.name: node.module
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        and node.module is not None
        and node.module.startswith(_OWN)
        for alias in node.names
    }
    return Module(pieces, imports)


def _path(name: str) -> Path:
    if "." not in name:
        return TEXT / f"{name}.py.txt"
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        msg = f"there is no source of {name}"
        raise FileNotFoundError(msg)
    return Path(spec.origin)


def _pieces(tree: ast.Module, lines: list[str]) -> Iterator[Piece]:
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                decorators = [one.lineno for one in node.decorator_list]
                first = min([node.lineno, *decorators])
                text = "\n".join(lines[first - 1 : node.end_lineno])
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                text = _assigned(name, value, node, lines)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                text = _assigned(name, value, node, lines)
            case _:
                continue
        yield Piece(name, _NOQA.sub("", text), frozenset(_reads(node)), node)


def _reads(node: ast.stmt) -> set[str]:
    """Return the names that a piece reads and does not make itself."""
    names = [n for n in ast.walk(node) if isinstance(n, ast.Name)]
    arguments = {n.arg for n in ast.walk(node) if isinstance(n, ast.arg)}
    made = {n.id for n in names if isinstance(n.ctx, ast.Store)}
    return {n.id for n in names} - made - arguments


def _assigned(name: str, value: ast.expr, node: ast.stmt, lines: list[str]) -> str:
    match value:
        # Loops that we compile run as they are elsewhere: slower, the same numbers.
        case ast.Call(
            func=ast.Call(func=ast.Name(id="njit")), args=[ast.Name(id=loop)]
        ):
            return f"{name} = {loop}"
        case _:
            return "\n".join(lines[node.lineno - 1 : node.end_lineno])
