"""What is read of a module without LibCST."""

from __future__ import annotations

import ast

from hypothesis import given
from hypothesis import strategies as st

from torchdet.reading.randomness.streams import Stream
from torchdet.reading.randomness.survey import MAIN, MODULE, imported_modules, survey

IMPORTS = b"""\
import torch, numpy as np
import kit.train  # a comment, with a comma
from . import config
from ..kit.seed import (
    fix,  # first, second
    state as kept,
)
from a import b, \\
    c
if True:
    from late import *
"""


def test_imports_are_found_without_parsing() -> None:
    assert imported_modules(IMPORTS) == (
        ("torch", ()),
        ("numpy", ()),
        ("kit.train", ()),
        (".", ("config",)),
        ("..kit.seed", ("fix", "state")),
        ("a", ("b", "c")),
        ("late", ("*",)),
    )


NAME = st.sampled_from(["a", "kit", "seed_all", "x1"])
IMPORT = st.one_of(
    st.builds("import {}.{}".format, NAME, NAME),
    st.builds("import {} as {}".format, NAME, NAME),
    st.builds("from {} import {}, {} as z".format, NAME, NAME, NAME),
    st.builds(
        "from {}{} import (\n    {},\n)".format, st.sampled_from(["", ".", ".."]), NAME, NAME
    ),
)


@given(st.lists(IMPORT))
def test_imports_are_those_that_python_parses(statements: list[str]) -> None:
    text = "\n".join(statements)
    expected: dict[tuple[str, tuple[str, ...]], None] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Import):
            expected.update({(alias.name, ()): None for alias in node.names})
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            expected[("." * node.level + (node.module or ""), names)] = None
    assert imported_modules(text.encode()) == tuple(expected)


def test_blocks_hold_what_functions_do() -> None:
    found = survey(
        b"import random, torch\n"
        b"random.seed(0)\n"
        b"class Trainer:\n"
        b"    def step(self):\n"
        b"        def inner():\n"
        b"            self.loss.backward()\n"
        b"        inner()\n"
        b"        self.optimizer.step()\n"
        b"        self.env.step()\n"
        b"if __name__ == '__main__':\n"
        b"    torch.manual_seed(0)\n"
        b"    Trainer().step()\n"
    )
    assert found.blocks[MODULE].seeds == {Stream.PYTHON}
    assert found.blocks[MAIN].seeds == {Stream.TORCH}
    assert found.blocks["Trainer.step"].steps == {"backward", "step"}
    assert found.classes == {"Trainer"}


def test_an_import_that_comes_later_counts() -> None:
    found = survey(b"def f():\n    r.seed(0)\nimport random as r\n")
    assert found.blocks["f"].seeds == {Stream.PYTHON}


def test_what_cannot_be_parsed_may_do_anything() -> None:
    assert survey(b"print 'seed'\n").opaque
    assert survey(b"x = '\xff'\n").opaque
