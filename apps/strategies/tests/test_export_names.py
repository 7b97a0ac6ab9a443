"""Names in exported code: whatever people write, it stays a name or a text."""

from __future__ import annotations

import ast
import keyword
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings, strategies as st

from apps.strategies.export import ExportEngine, strategy_export
from apps.strategies.export.freqtrade import freqtrade_files
from apps.strategies.export.names import (
    class_name_of,
    names_allot,
    one_line,
    slug_of,
)
from apps.strategies.export.rules import quoted
from apps.strategies.tests.exporting import definition_of, subject_of

if TYPE_CHECKING:
    from apps.strategies.definition import StrategyDefinition

EXAMPLES = settings(max_examples=200, deadline=None)
TEXTS = st.text(min_size=1, max_size=100)
HOSTILE = (
    '"""\nimport os; os.system("x")\n"""',
    "'; raise SystemExit  #",
    "a\\",
    "$name ${head} $$",
    "\u202egnidart\u2028x = 1\u2029",
    "`rm` [link](http://x) <b>",
    "import",
    "Strategy Decimal IStrategy",
    "名前",
    "🙂" * 50,
    "../../etc/passwd",
)


@EXAMPLES
@given(text=TEXTS)
def test_a_comment_of_any_text_is_one_line_that_can_be_seen(text: str) -> None:
    assert one_line(text).isprintable()
    assert len(f"# {one_line(text)}".splitlines()) == 1


@EXAMPLES
@given(text=TEXTS)
def test_a_quoted_text_reads_back_as_itself(text: str) -> None:
    assert ast.literal_eval(quoted(text)) == text


@EXAMPLES
@given(text=TEXTS, taken=st.sets(st.sampled_from(["Order", "Trade", "A", "B"])))
def test_a_class_name_is_plain_and_free(text: str, taken: set[str]) -> None:
    name = class_name_of(text, taken)

    assert name.isidentifier()
    assert name.isascii()
    assert name not in taken
    assert not keyword.iskeyword(name)


@EXAMPLES
@given(text=TEXTS)
def test_a_file_name_is_plain_and_never_empty(text: str) -> None:
    assert set(slug_of(text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")
    assert slug_of(text).strip("_")


def test_every_thing_is_given_a_name_of_its_own() -> None:
    given_ = names_allot({"a": "x", "b": "x", "c": "class", "d": "y"}, {"y"})

    assert given_ == {"a": "x", "b": "x_", "c": "class_", "d": "y_"}


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("engine", ExportEngine)
def test_a_hostile_text_changes_nothing_but_texts(
    engine: ExportEngine, text: str
) -> None:
    def shape(definition: StrategyDefinition) -> list[str]:
        return [_shape(source) for source in _sources(definition, engine)]

    plain = definition_of(name="Plain")
    hostile = definition_of(
        name=text.replace("\x00", " "),
        description=text,
        parameters={
            name: one | {"description": text} for name, one in _parameters().items()
        },
    )

    assert shape(hostile) == shape(plain)


def _parameters() -> dict[str, dict[str, Any]]:
    parameters = definition_of().parameters
    return {name: one.model_dump(mode="json") for name, one in parameters.items()}


def _sources(definition: StrategyDefinition, engine: ExportEngine) -> list[str]:
    subject = subject_of(definition)
    if engine is ExportEngine.FREQTRADE:
        files = freqtrade_files(subject)
        return [files[name] for name in sorted(files) if name.endswith(".py")]
    return [strategy_export(subject, engine).content.decode()]


def _shape(source: str) -> str:
    """Return a source's tree without texts and without the names of its classes."""
    tree = ast.parse(source)
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
        elif isinstance(node, ast.ClassDef) and node.name in classes:
            node.name = "C"
        elif isinstance(node, ast.Name) and node.id in classes:
            node.id = "C"
    return ast.dump(tree)


@pytest.mark.parametrize("engine", ExportEngine)
def test_names_that_mean_something_in_the_engine_are_passed_by(
    engine: ExportEngine,
) -> None:
    # Each is a word of some engine's file: a function, a constant, a column.
    taken = ["STRATEGY", "capital", "np", "params", "indicator", "on_grid", "known"]
    parameter = {"default": 20, "minimum": 2, "maximum": 200}
    definition = definition_of(
        parameters=dict.fromkeys(taken, parameter),
        indicators={
            name: {"indicator": "sma", "parameters": {"period": "np"}}
            for name in ("time", "date", "enter_long", "buy")
        },
        entry={"long": "crosses_above(time, date) and close > capital", "short": None},
        exit={"long": "enter_long < buy - STRATEGY", "short": None},
    )

    for source in _sources(definition, engine):
        names = _assigned(ast.parse(source))
        assert len(names) == len(set(names))
    (source,) = (one for one in _sources(definition, engine) if "STRATEGY =" in one)
    assert 'STRATEGY = "SMA cross"' in source
    own = "buy_params_ = Int" if engine is ExportEngine.FREQTRADE else "CAPITAL_ = 20"
    assert own in source


def _assigned(tree: ast.Module) -> list[str]:
    """Return the names that a module gives to constants, functions and classes."""
    made: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.Assign):
            made += [one.id for one in node.targets if isinstance(one, ast.Name)]
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            made.append(node.name)
    return made
