"""Suppression comments: where they count, what they name, and which are unused."""

from __future__ import annotations

import re

import pytest
from flake8.violation import Violation
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.checking import check, found

CALL = "torch.set_default_dtype(torch.float64)"


def stands(source: str) -> bool:
    """Whether the one finding of ``source`` is reported."""
    report = check(f"import torch\n{source}")
    assert not report.failed
    assert len(report.diagnostics) + report.suppressed == 1
    return bool(report.diagnostics)


COVERING = [
    "# noqa",
    "#noqa",
    "# NOQA",
    "# NoQA",
    "#  noqa",
    "# noqa: DET202",
    "#noqa:DET202",
    "# noqa:E501,DET202",
    "# noqa: E501 DET202",
    "# noqa: E501,\tDET202 and a reason",
    "# noqa: DET2",
    "# noqa: det202",
    "# noqa : DET101",
    "# noqa: a reason without a code",
    "# type: ignore[attr-defined]  # noqa: DET202",
    "# noqa: E501  # noqa: DET202",
    "# torchdet: ignore",
    "#torchdet:ignore",
    "# torchdet: ignore[DET202]",
    "# torchdet: ignore[default-dtype, DET3]",
    "# torchdet: ignore[raw-import,DET2] because of the reference data",
    "# TorchDet: Ignore[Default-Dtype]",
    "# a reason # torchdet: ignore[DET2]",
]
NOT_COVERING = [
    "# noqa: E501",
    "# noqa: DET101",
    "# noqa:DET101,E501",
    "# noqa: DET2020",
    "# noqax",
    "# no qa",
    "# torchdet: ignore[]",
    "# torchdet: ignore[DET3, raw-import]",
    "# torchdet: ignore[DET202",
    "# torchdet: ignored",
    "# torchdet: ignore-next-line",
    "# torchdet ignore",
    "# flake8: skip",
]


@pytest.mark.parametrize("comment", COVERING)
def test_a_comment_that_covers(comment: str) -> None:
    assert not stands(f"{CALL}  {comment}\n")


@pytest.mark.parametrize("comment", NOT_COVERING)
def test_a_comment_about_something_else(comment: str) -> None:
    assert stands(f"{CALL}  {comment}\n")


PLACES = {
    "one line": "torch.set_default_dtype(a)  # noqa\n",
    "first row": "torch.set_default_dtype(  # noqa\n    a,\n)\n",
    "last row": "torch.set_default_dtype(\n    a,\n)  # noqa\n",
    "own row inside a call": "f(\n    1,\n    torch.set_default_dtype(a),  # noqa\n    2,\n)\n",
    "first row around": "f(  # noqa\n    1,\n    torch.set_default_dtype(a),\n)\n",
    "last row around": "f(\n    1,\n    torch.set_default_dtype(a),\n)  # noqa\n",
    "parentheses": "x = (\n    torch.set_default_dtype\n)  # noqa\n",
    "backslash": "x = torch.set_default_dtype(a) + \\\n    1  # noqa\n",
    "after a triple-quoted string": 'x = torch.set_default_dtype("""\n""")  # noqa\n',
    "semicolons": "a = 1; torch.set_default_dtype(a); b = 2  # noqa\n",
    "decorator": "@f(torch.set_default_dtype(a))  # noqa\ndef g():\n    pass\n",
    "end of a header": "def g(\n    a=torch.set_default_dtype,\n):  # noqa\n    pass\n",
    "start of a header": "def g(  # noqa\n    a=torch.set_default_dtype,\n):\n    pass\n",
    "inside a header": "def g(\n    a=torch.set_default_dtype,  # noqa\n):\n    pass\n",
    "if": "if torch.set_default_dtype(a):  # noqa\n    pass\n",
    "if over rows": "if (a and\n        torch.set_default_dtype(a)):  # noqa\n    pass\n",
    "elif": "if a:\n    pass\nelif torch.set_default_dtype(a):  # noqa\n    pass\n",
    "if on one row": "if a: torch.set_default_dtype(a)  # noqa\n",
    "for": "for x in torch.set_default_dtype(a):  # noqa\n    pass\n",
    "while": "while torch.set_default_dtype(a):  # noqa\n    pass\n",
    "with": "with (\n    torch.set_default_dtype(a) as b,\n    c,\n):  # noqa\n    pass\n",
    "except": "try:\n    pass\nexcept torch.set_default_dtype:  # noqa\n    pass\n",
    "class": "class A(torch.set_default_dtype):  # noqa\n    pass\n",
    "match": "match torch.set_default_dtype(a):  # noqa\n    case 1: pass\n",
    "case": "match a:\n    case torch.set_default_dtype():  # noqa\n        pass\n",
    "string annotation": "def f(\n    a: 'torch.set_default_dtype',  # noqa\n): pass\n",
    "carriage returns": "torch.set_default_dtype(\r\n    a,\r\n)  # noqa\r\n",
    "no last newline": "torch.set_default_dtype(a)  # noqa",
}
ELSEWHERE = {
    "row above": "# noqa\ntorch.set_default_dtype(a)\n",
    "row below": "torch.set_default_dtype(a)\n# noqa\n",
    "another row of a call": "f(\n    1,  # noqa\n    torch.set_default_dtype(a),\n    2,\n)\n",
    "string": "torch.set_default_dtype('# noqa')\n",
    "string beside": "x = '# noqa: DET202'; torch.set_default_dtype(a)\n",
    "triple-quoted string": 'torch.set_default_dtype("""\n# noqa\n# torchdet: ignore-file\n""")\n',
    "f-string in quotes of its own kind": "torch.set_default_dtype(f'{a['# noqa']}')\n",
    "f-string": "torch.set_default_dtype(f'{a}# noqa')\n",
    "block below": "if torch.set_default_dtype(a):\n    pass  # noqa\n",
    "comment in the block below": "if torch.set_default_dtype(a):\n    # noqa\n    pass\n",
    "else": "if torch.set_default_dtype(a):\n    pass\nelse:  # noqa\n    pass\n",
    "decorated function": "@f(torch.set_default_dtype(a))\ndef g():  # noqa\n    pass\n",
}


@pytest.mark.parametrize("place", PLACES)
def test_where_a_comment_counts(place: str) -> None:
    assert not stands(PLACES[place])


@pytest.mark.parametrize("place", ELSEWHERE)
def test_where_a_comment_does_not_count(place: str) -> None:
    assert stands(ELSEWHERE[place])


@pytest.mark.parametrize("place", {**PLACES, **ELSEWHERE})
def test_a_comment_on_the_row_that_a_finding_names_counts(place: str) -> None:
    """``noqa_row`` is where ``--add-noqa`` writes."""
    source = {**PLACES, **ELSEWHERE}[place].replace("  # noqa", "").replace("# noqa", "# none")
    source = source.replace("torchdet: ignore-file", "")
    report = check(f"import torch\n{source}")
    (finding,) = report.diagnostics
    lines = f"import torch\n{source}".split("\n")
    row = finding.noqa_row - 1
    carriage = "\r" if lines[row].endswith("\r") else ""
    lines[row] = f"{lines[row].rstrip()}  # noqa: DET202{carriage}"
    assert found(check("\n".join(lines))) == []


def test_ignore_file() -> None:
    for comment in ("# torchdet: ignore-file", "# torchdet: ignore-file[DET202]"):
        assert not stands(f"{CALL}\n{comment}\n")
        assert not stands(f"if a:\n    {CALL}\n    {comment}\n")
    assert stands(f"{CALL}\n# torchdet: ignore-file[DET3]\n")
    assert stands(f"x = '# torchdet: ignore-file'\n{CALL}\n")


WORDS = st.sampled_from(
    [
        "# noqa",
        "# NOQA",
        ":",
        " ",
        ",",
        "  ",
        "DET202",
        "DET2",
        "DET101",
        "E501",
        "reason",
        "2",
        "#",
    ]
)


@given(st.lists(WORDS, max_size=8).map("".join))
def test_noqa_means_what_it_means_to_flake8(words: str) -> None:
    line = f"{CALL}  # {words}\n"
    violation = Violation("DET202", "example.py", 2, 1, "text", line)
    # flake8 reads the first comment only, and a word that begins with "noqa" as one.
    if len(re.findall("(?i)noqa", line)) < 2 and not re.search(r"(?i)noqa\w", line):
        assert stands(line) != violation.is_inline_ignored(disable_noqa=False)


def unused(source: str) -> list[tuple[int, str]]:
    report = check(f"import torch\n{source}", "DET201 DET202 DET902")
    return [(d.span.start.row, d.message) for d in report.diagnostics if d.code == "DET902"]


@pytest.mark.parametrize(
    ("comment", "idle"),
    [
        ("# noqa: DET202", "DET202"),
        ("# noqa: E501,DET202", "DET202"),
        ("# noqa: DET2", "DET2"),
        ("# torchdet: ignore[default-dtype]", "default-dtype"),
        ("# torchdet: ignore-file[DET201, DET202]", "DET201, DET202"),
        ("# noqa", None),
        ("# noqa: E501", None),
        ("# noqa: DET301", None),
        ("# torchdet: ignore", None),
    ],
)
def test_unused_comments(comment: str, idle: str | None) -> None:
    """Bare comments, other tools' codes and rules that did not run are none of our business."""
    assert len(unused(f"x = 1  {comment}\n")) == (idle is not None)
    if idle is not None:
        ((row, message),) = unused(f"x = 1  {comment}\n")
        assert row == 2
        assert message.endswith(f"no finding of {idle} here")


def test_used_comments() -> None:
    assert unused(f"{CALL}  # noqa: DET202\n") == []
    assert unused(f"{CALL}  # noqa: DET2\n") == []
    assert unused(f"{CALL}  # torchdet: ignore[default-dtype]\n") == []
    assert unused(f"{CALL}\n# torchdet: ignore-file[DET202]\n") == []
    assert unused("torch.set_default_dtype(\n    a,\n)  # noqa: DET202\n") == []


def test_half_used_comments_name_the_idle_half() -> None:
    ((_, message),) = unused(f"{CALL}  # noqa: DET201, DET202\n")
    assert message.endswith("no finding of DET201 here")


def test_each_unused_comment_of_a_row_is_reported() -> None:
    assert len(unused("x = 1  # noqa: DET202  # torchdet: ignore[DET201]\n")) == 2
