"""``--add-noqa``: the comments silence exactly what they were written for."""

from __future__ import annotations

import ast

import pytest

from torchdet.config_file import parse_lint_config
from torchdet.engine.add_noqa import add_noqa
from torchdet.engine.check import check_bytes
from torchdet.engine.settings import settings_for
from torchdet.model.diagnostic import FileReport
from torchdet.model.source import SourceText


def report_on(source: str) -> FileReport:
    config = parse_lint_config("select = ['DET202']", root=".")
    return check_bytes("a.py", source.encode(), settings_for("a.py", "a", config))


def annotated(source: str) -> str:
    return add_noqa(SourceText(source), report_on(source).diagnostics)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("torch.set_default_dtype(d)", "torch.set_default_dtype(d)  # noqa: DET202"),
        (
            "torch.set_default_dtype(d)  # why",
            "torch.set_default_dtype(d)  # why  # noqa: DET202",
        ),
        (
            "torch.set_default_dtype(d)  # noqa: E501",
            "torch.set_default_dtype(d)  # noqa: E501, DET202",
        ),
        (
            "torch.set_default_dtype(d)  # noqa: E501 # why",
            "torch.set_default_dtype(d)  # noqa: E501, DET202 # why",
        ),
        ("f(torch.set_default_dtype,\n  d)", "f(torch.set_default_dtype,  # noqa: DET202\n  d)"),
        (
            'f(torch.set_default_dtype, """a\nb""")',
            'f(torch.set_default_dtype, """a\nb""")  # noqa: DET202',
        ),
        ("torch.set_default_dtype \\\n  (d)", "torch.set_default_dtype \\\n  (d)  # noqa: DET202"),
        (
            'if torch.set_default_dtype(d): x = """\n"""',
            'if torch.set_default_dtype(d): x = """\n"""  # noqa: DET202',
        ),
        (
            'try: pass\nexcept torch.set_default_dtype(d): x = """\n"""',
            'try: pass\nexcept torch.set_default_dtype(d): x = """\n"""  # noqa: DET202',
        ),
        (
            'class A(torch.set_default_dtype(d)): x = 1 + \\\n """\n"""',
            'class A(torch.set_default_dtype(d)): x = 1 + \\\n """\n"""  # noqa: DET202',
        ),
        (
            'f"""\n{torch.set_default_dtype(d)} # {x}\n"""; y = 1',
            'f"""\n{torch.set_default_dtype(d)} # {x}\n"""; y = 1  # noqa: DET202',
        ),
        (
            "torch.set_default_dtype('# noqa: DET202')",
            "torch.set_default_dtype('# noqa: DET202')  # noqa: DET202",
        ),
        (
            "if torch.set_default_dtype(d):\n    pass",
            "if torch.set_default_dtype(d):  # noqa: DET202\n    pass",
        ),
    ],
)
def test_where_the_comment_goes(before: str, after: str) -> None:
    source = f"import torch\n{before}\n"
    text = annotated(source)
    assert text == f"import torch\n{after}\n"
    assert ast.dump(ast.parse(text)) == ast.dump(ast.parse(source))
    assert report_on(text).diagnostics == ()


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_endings_stay(newline: str) -> None:
    text = annotated(f"import torch{newline}torch.set_default_dtype(d){newline}x = 1")
    assert text == (
        f"import torch{newline}torch.set_default_dtype(d)  # noqa: DET202{newline}x = 1"
    )


def test_a_second_run_changes_nothing() -> None:
    once = annotated("import torch\ntorch.set_default_dtype(d)\n")
    assert annotated(once) == once
