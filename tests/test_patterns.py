"""Patterns match what git matches, in linear time whatever they hold."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from torchdet.glob_pattern import PatternError, alternatives, parse_ignore_line, parse_pattern
from torchdet.patterns import Patterns, configured_patterns

# "x**" is a star and a star to us, as the manual says; git itself reads "**" there in its own way
# when what stands before it is literal.
_PIECES = st.sampled_from(
    ["a", "b", "*", "?", "/", "\\a", "\\*", "\\/", "**/", "/**/", "[ab]", "[!a]", "[^b]", "[a-c]",
     "[]a]", "[a", "[[:alpha:]]", "[[:x:]]", "[a-]", "[\\]a]", "!", "#", " ", "\\ ", "/**",
     "-", "]"]
)  # fmt: skip
_PATTERNS = (
    st.lists(_PIECES, min_size=1, max_size=6)
    .map("".join)
    .filter(
        lambda pattern: not re.search(r"[^/*]\*\*|\*\*[^/*]|\*\*\*|\*\*\\", pattern.lstrip("!"))
    )
)
_NAMES = st.text("ab-]*! ", min_size=1, max_size=3).filter(lambda name: name.strip())
_PATHS = st.lists(_NAMES, min_size=1, max_size=4).map("/".join)


@pytest.fixture(scope="module")
def repository() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="patterns"))
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return folder


def ignored_by_git(repository: Path, lines: list[str], path: str) -> bool:
    """What git says of a path that does not exist, so that it is a file in folders."""
    (repository / ".gitignore").write_text("\n".join(lines) + "\n")
    command = ["git", "-c", "core.excludesFile=", "check-ignore", "--no-index", "--stdin", "-z"]
    done = subprocess.run(
        command, cwd=repository, input=f"{path}\0".encode(), capture_output=True, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    return done.returncode == 0


def ignored(lines: list[str], path: str) -> bool:
    patterns = []
    for line in lines:
        try:
            pattern = parse_ignore_line(line)
        except PatternError:
            continue
        if pattern is not None:
            patterns.append(pattern)
    return Patterns(".", patterns).verdict(path) is True


@settings(max_examples=300, deadline=None)
@given(st.lists(_PATTERNS, min_size=1, max_size=3), _PATHS)
@example(["a/**"], "a/b/c")
@example(["**/a/**/b"], "x/a/y/z/b")
@example(["a/**/b"], "a/b")
@example(["a/*"], "a/b/c")
@example(["*", "!a"], "a")
@example(["a/", "!a/b"], "a/b")
@example(["[]-a]"], "^")
def test_verdicts_are_those_of_git(repository: Path, lines: list[str], path: str) -> None:
    assert ignored(lines, path) is ignored_by_git(repository, lines, path)


@pytest.mark.parametrize(
    "pattern",
    [
        "*a" * 9 + "*b",
        "*a" * 500 + "*b",
        "**/" + "*a" * 50 + "/**/*b",
        "**/a/" * 200 + "b",
        "[a-z]*" * 200 + "b",
        "?*" * 200 + "/b",
    ],
)
@pytest.mark.parametrize("path", ["a" * 120, "a" * 4000, "a/" * 1000 + "c", "aa/" * 600 + "c"])
def test_no_pattern_backtracks(pattern: str, path: str) -> None:
    # A matcher that backtracks would not come back from any of these.
    assert not Patterns(".", [parse_pattern(pattern)]).match(path)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("[", "the bracket at '[' is never closed"),
        ("src/[a-", "the bracket at '[a-' is never closed"),
        ("a\\", "ends in a backslash"),
        ("[[:letter:]]", "'[:letter:]' is no class"),
        ("!", "names no file or folder"),
        ("//", "names no file or folder"),
        ("a" * 5000, "longer than 4096 characters"),
    ],
)
def test_a_pattern_that_can_match_nothing_is_an_error(pattern: str, reason: str) -> None:
    with pytest.raises(PatternError, match=re.escape(reason)):
        parse_pattern(pattern)


def test_too_many_combinations_of_braces_are_an_error() -> None:
    with pytest.raises(PatternError, match="more than 1000 combinations"):
        alternatives("{a,b}" * 20)
    assert alternatives("{a}" * 1300) == ["a" * 1300]


def test_names_with_line_breaks_and_other_characters() -> None:
    patterns = configured_patterns(os.curdir, ["*.tmp", "caf?.py", "x*/é.py"])
    assert patterns.match("a\nb.tmp")
    assert patterns.match("café.py")
    assert patterns.match("x\n/é.py")
