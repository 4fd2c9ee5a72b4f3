"""Conditions on seeds, and what the options are by default."""

from __future__ import annotations

import ast

import pytest

from torchdet.reading.randomness.options import Value, declared, guards_of, literal_of


@pytest.mark.parametrize(
    ("test", "holds", "value", "runs"),
    [
        ("args.seed is not None", True, None, False),
        ("args.seed is not None", True, 0, True),
        ("args.seed is None", False, None, False),
        ("args.seed", True, 0, False),
        ("not args.seed", False, 0, False),
        ("cfg['seed'] >= 0", True, -1, False),
        ("seed != -1", True, -1, False),
        ("seed and rank == 0", True, None, False),
        ("args.deterministic", True, False, False),
    ],
)
def test_the_outcome_for_a_default(test: str, holds: bool, value: Value, runs: bool) -> None:
    guards = guards_of(ast.parse(test, mode="eval").body, holds=holds)
    about_seeds = [each for each in guards if each.is_about_seeds]
    assert [each.passes(value) for each in about_seeds] == [runs]


@pytest.mark.parametrize("test", ["rank == 0", "torch.cuda.is_available()", "a.seed < b.seed"])
def test_what_asks_for_no_seed_is_no_condition(test: str) -> None:
    (guard,) = guards_of(ast.parse(test, mode="eval").body, holds=True)
    assert not guard.is_about_seeds


@pytest.mark.parametrize(
    ("call", "default"),
    [
        ("p.add_argument('--seed')", None),
        ("p.add_argument('-s', '--random-seed', type=int, default=7)", 7),
        ("p.add_argument('--deterministic', action='store_true')", False),
        ("click.option('--seed', default=-1)", -1),
    ],
)
def test_the_default_of_an_option(call: str, default: Value) -> None:
    node = ast.parse(call, mode="eval").body
    assert isinstance(node, ast.Call)
    option = declared(node, call.partition("(")[0].rpartition(".")[2])
    assert option is not None
    assert literal_of(option[1]) == (True, default)
