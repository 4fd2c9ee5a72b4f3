"""Which rows of a document are Python."""

from __future__ import annotations

import pytest

from torchdet.engine.code_blocks import code_blocks


def code(text: str, *, markdown: bool = True) -> list[tuple[int, str]]:
    return [
        (block.row, "\n".join(block.code))
        for block in code_blocks(text.split("\n"), markdown=markdown)
    ]


@pytest.mark.parametrize(
    "info",
    ["python", " py", "Python title='a.py'", "{.python .numberLines}", "{code-block} python",
     "{code-cell} ipython3", "python3 {linenos=true}"],
)  # fmt: skip
def test_fences_name_python_in_many_ways(info: str) -> None:
    assert code(f"Text\n```{info}\nx = 1\n```\n") == [(3, "x = 1")]


@pytest.mark.parametrize("info", ["", "sh", "text", "{code-block} bash", "pythonic", "json"])
def test_other_fences_are_other_text(info: str) -> None:
    assert code(f"```{info}\nx = 1\n```\n") == []


def test_a_fence_ends_with_one_as_long_of_its_own_kind() -> None:
    assert code("````python\nx = '''\n```\n'''\n````\n") == [(2, "x = '''\n```\n'''")]
    assert code("~~~py\nx = 1\n```\n~~~\n") == []
    assert code("```python\nx = 1\n") == []


def test_margins_are_left_out() -> None:
    assert code("- a\n\n  ```python\n  if x:\n      y = 1\n\n      z = 2\n  ```\n") == [
        (4, "if x:\n    y = 1\n\n    z = 2")
    ]


def test_a_doctest_holds_what_it_asks() -> None:
    text = "```pycon\n>>> for i in range(2):\n...     print(i)\n0\n1\n>>> x = 1\n```\n"
    assert code(text) == [(2, "for i in range(2):\n    print(i)\n\n\nx = 1")]


def test_directives_of_restructured_text() -> None:
    text = (
        ".. code-block:: python\n   :caption: a\n\n   x = 1\n\n     \nText\n\n"
        ".. testcode::\n\n   y = 2\n\n.. code-block:: c\n\n   int z;\n\n"
        ".. code-block::\n\n   a = 1\n"
    )
    assert code(text, markdown=False) == [(4, "x = 1"), (11, "y = 2")]


def test_doctests_between_paragraphs() -> None:
    assert code("Text\n\n  >>> x = 1\n  >>> x\n  1\n\nEnd\n", markdown=False) == [(3, "x = 1\nx\n")]


def test_what_does_not_parse_is_left_out() -> None:
    assert code("```python\ndef f(:\n```\n```python\n" + "(" * 500 + "\n```\n") == []
