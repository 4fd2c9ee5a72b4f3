"""No input makes a check raise, crash or hang: a finding says what is wrong, and where."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.deep_code import ALL, STATEMENTS
from tests.engine.checking import check, found
from torchdet.engine.check import check_bytes
from torchdet.engine.settings import CheckSettings
from torchdet.findings.registry import all_cards
from torchdet.model.config import LintConfig

TRIGGER = "import torch\ntorch.set_default_dtype(torch.float64)\n"
HIT = (2, "DET202")


@pytest.mark.parametrize("kind", ALL)
def test_five_thousand_levels_are_a_finding_or_a_normal_result(kind: str) -> None:
    report = check(TRIGGER + ALL[kind](5000))
    if report.failed:
        (failure,) = report.diagnostics
        assert failure.code == "DET901"
        assert failure.span.start.row >= 3 or "indentation" in failure.message
    else:
        assert found(report) == [HIT]


@pytest.mark.parametrize("kind", sorted(set(STATEMENTS) - {"indents", "strings side by side"}))
def test_long_statements_are_checked(kind: str) -> None:
    assert found(check(TRIGGER + ALL[kind](5000))) == [HIT]


def test_deep_code_is_checked_in_a_thread_with_a_small_stack() -> None:
    """As an editor's server does it; the native parser would end the process here."""
    code = (
        "import threading\n"
        "from tests.deep_code import BRACKETS\n"
        "from tests.engine.checking import check, found\n"
        "threading.stack_size(256 * 1024)\n"
        f"source = {TRIGGER!r} + BRACKETS['calls'](190)\n"
        "thread = threading.Thread(target=lambda: print(found(check(source))))\n"
        "thread.start()\n"
        "thread.join()\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "[(2, 'DET202')]\n"), run.stderr


def test_names_deep_inside_are_found() -> None:
    inside = "(" * 150 + "torch.set_default_dtype(a)" + ")" * 150
    assert found(check(f"import torch\nx = {inside}\n")) == [HIT]
    elifs = "if a:\n    pass\n" + "elif a:\n    pass\n" * 3000
    report = check(f"import torch\n{elifs}else:\n    torch.set_default_dtype(a)\n")
    assert found(report) == [(6005, "DET202")]


BROKEN = {
    "print 'a'\n": (1, 7),
    "def f(:\n    pass\n": (1, 7),
    "x = (  # never closed\n\n": (1, 5),
    "if a:\npass\n": (2, 1),
    "def f():  # nothing below\n\n": (1, 8),
    "x = 'abc\n": (1, 5),
    "x = ''\ny = '''abc\n''\n": (2, 5),
    "x = f'{a'\n": (1, 5),
    "x = f'{a b}'\n": (1, 10),
    "x = 1\n  y = 2\n": (2, 3),
    "def f():\n    x = (1,\n2)\n  y = 2\n": (4, 3),
    "if x:\n\tpass\n        pass\n": (3, 9),
    "raise E, 'message'\n": (1, 8),
    "exec 'code'\n": (1, 6),
    "x = '`', `a`\n": (1, 10),
    "a <> b\n": (1, 3),
    "x = 0, 0.07, 0777L\n": (1, 14),
    "return = 3\n": (1, 8),
    "f(**a, *b)\nclass\n": (1, 8),
    "x = 1 + \\ 2\n": (1, 9),
    "\r\nx = = 2\r\n": (2, 5),
    "\f\nx = 'é' $ 2\n": (2, 9),
}


@pytest.mark.parametrize("source", BROKEN)
def test_python_2_and_broken_syntax(source: str) -> None:
    lead = "# set_default_dtype\n"
    report = check(lead + source)
    assert report.failed
    (failure,) = report.diagnostics
    row, column = BROKEN[source]
    assert (failure.code, failure.span.start[:2]) == ("DET901", (row + 1, column))
    assert failure.message
    assert "\n" not in failure.message


@pytest.mark.parametrize(
    "source",
    [
        "x = b'a' 'c'\n",
        "x = f'{a}' b'c'\n",
        "try: pass\nexcept: pass\nexcept E: pass\n",
        "return 1\nyield\nawait x\n",
        "f() = 1\ndel f()\nx: int: = 3\n",
        "def f(a, a): global a\n",
        "break\ncontinue\n",
        "nonlocal x\n",
    ],
)
def test_what_only_pythons_compiler_refuses(source: str) -> None:
    """A finding or a normal result; the linter is no compiler."""
    report = check(TRIGGER + source)
    assert report.failed or found(report) == [HIT]
    assert "internal error" not in str(report.diagnostics)


def test_broken_files_without_a_trigger_are_not_parsed() -> None:
    assert not check("def f(:\n").failed


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"set_default_dtype\0", "NUL"),
        (b"# coding: klingon\nset_default_dtype", "klingon"),
        (b"set_default_dtype = '\xff'", "0xff"),
        (b"\xef\xbb\xbf# coding: latin-1\nset_default_dtype", "byte order mark"),
        (b"# coding: hex\nset_default_dtype", "hex"),
        (b"# coding: punycode\nset_default_dtype", "not punycode"),
        (b"# coding: undefined\nset_default_dtype", "not undefined"),
        ("set_default_dtype".encode("utf-16"), "UTF-16"),
        ("x = 1".encode("utf-32"), "UTF-16"),
    ],
)
def test_undecodable(data: bytes, reason: str) -> None:
    report = check(data)
    assert report.failed
    assert reason in report.diagnostics[0].message


def test_a_suppression_does_not_hide_that_a_file_cannot_be_read() -> None:
    report = check("# torchdet: ignore-file\nset_default_dtype = (  # noqa\n")
    assert [d.code for d in report.diagnostics] == ["DET901"]


@pytest.mark.parametrize("source", ["", "\n", " ", "\f", "\t\n", "#", "\\\n", "\ufeff", "\r"])
def test_next_to_nothing(source: str) -> None:
    trigger = "torch.set_default_dtype"
    for text in (source, f"{source}\n#{trigger}", f"#{trigger}\n{source}"):
        report = check(text)
        assert report.failed <= (source in {"\ufeff", "\\\n"})


def test_a_hundred_thousand_lines() -> None:
    lines = ["import torch"] + ["value = call(argument, other)"] * 5_000
    lines += ["torch.set_default_dtype(a)"] + ["# a comment"] * 94_998
    report = check("\n".join(lines))
    assert found(report) == [(5_002, "DET202")]
    assert len(report.lines) < 10


WORDS = (
    "torch . set_default_dtype ( ) [ ] { } : , = := -> @ * ** + - not lambda if else elif for in "
    "def class match case del import from as with try except return yield await async type global "
    "'a' b'b' f'{ }' \"\"\" ''' # \\ \\N{x} 0777 1_ 1e 0x ... é noqa"
)
SPACES = ("\n", "\n    ", "\r\n", "\r", " ", "\t", "\f", "\0", "\u2028", "# noqa: DET202\n", "\\\n")
PIECES = st.sampled_from([*WORDS.split(" "), *SPACES])


@given(st.lists(PIECES, max_size=30).map("".join))
def test_no_text_makes_a_check_raise(text: str) -> None:
    report = check(f"import torch\n{text}\ntorch.set_default_dtype(a)\n")
    assert "internal error" not in str(report.diagnostics)
    assert report.failed == any(d.code == "DET901" for d in report.diagnostics)


@given(st.binary(max_size=60))
def test_no_bytes_make_a_check_raise(data: bytes) -> None:
    for text in (b"set_default_dtype\n" + data, data + b"\nset_default_dtype\n"):
        assert "internal error" not in str(check(text).diagnostics)


@pytest.mark.parametrize("name", ["a.yaml", "a.json"])
def test_a_configuration_that_nests_deeply_fails_with_the_reason(name: str) -> None:
    depth = 5000
    deep = {"a.yaml": "device: " + "[" * depth, "a.json": '{"device": ' * depth + "1" + "}" * depth}
    rules = tuple(rule for rule in all_cards() if rule.code == "DET317")
    report = check_bytes(name, deep[name].encode(), CheckSettings(rules, LintConfig()))
    assert [each.message for each in report.failures] == ["nested too deeply"]
