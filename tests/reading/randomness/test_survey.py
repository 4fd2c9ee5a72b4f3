"""What is read of a module without LibCST."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchdet.facts.screen import outline_of
from torchdet.model.source import SourceText
from torchdet.reading.randomness.survey import MAIN, MODULE, imported_modules, survey
from torchdet.torch_api.random_numbers import Stream

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
    assert found.blocks[MODULE].everything.seeds == {Stream.PYTHON}
    assert found.blocks[MAIN].everything.seeds == {Stream.TORCH, Stream.ACCELERATOR}
    assert found.blocks["Trainer.step"].everything.steps == {"backward", "step"}
    assert found.classes == {"Trainer": ()}


def test_an_import_that_comes_later_counts() -> None:
    found = survey(b"def f():\n    r.seed(0)\nimport random as r\n")
    assert found.blocks["f"].everything.seeds == {Stream.PYTHON}


def test_what_cannot_be_parsed_may_do_anything() -> None:
    assert survey(b"print 'seed'\n").opaque
    assert survey(b"x = '\xff'\n").opaque


def test_without_an_argument_nothing_is_seeded() -> None:
    found = survey(
        b"import random, numpy, transformers\n"
        b"random.seed()\nnumpy.random.seed(None)\ntransformers.set_seed()\n"
    )
    assert not found.blocks[MODULE].everything.seeds


def test_what_seeds_stands_under_the_condition_on_its_option() -> None:
    found = survey(
        b"import torch\n"
        b"def f(args):\n"
        b"    if args.seed is None:\n"
        b"        return\n"
        b"    torch.manual_seed(args.seed)\n"
        b"parser.add_argument('--seed', type=int)\n"
    )
    (guard,) = (each for each in found.blocks["f"].parts if each is not None)
    assert Stream.TORCH in found.blocks["f"].parts[guard].seeds
    assert found.defaults["seed"] == {None}
    assert not guard.passes(None)
    assert guard.passes(0)


def test_a_tree_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = []
    parse = ast.parse
    monkeypatch.setattr(ast, "parse", lambda source: parsed.append(source) or parse(source))
    text = "import torch\n# a text of its own\n"
    assert outline_of(SourceText.decode(text.encode())) is not None
    assert survey(text).imported == {"torch": "torch"}
    assert len(parsed) == 1
