"""Patches are bytes that ``git apply`` takes, whatever the bytes are."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from torchdet.report.unified_diff import unified_diff


def test_equal_contents_have_no_diff() -> None:
    assert unified_diff("a.py", b"x\n", b"x\n") == b""


@pytest.mark.parametrize(("before", "after"), [(b"x", b"y"), (b"x\n", b"y"), (b"x", b"y\n")])
def test_a_missing_last_newline_is_marked(before: bytes, after: bytes) -> None:
    patch = unified_diff("a.py", before, after)
    missing = sum(1 for data in (before, after) if not data.endswith(b"\n"))
    assert patch.count(b"\n\\ No newline at end of file\n") == missing
    assert patch.startswith(b"--- a.py\n+++ a.py\n@@ ")


ROWS = st.lists(
    st.sampled_from([b"x", b"\xe9", b"y\r", b"\x0c", b"a\rb", b"", b"--- z", b"+ \xc3\xa9", b"\\"])
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(before=ROWS, after=ROWS, ends=st.tuples(st.booleans(), st.booleans()))
def test_git_applies_it(
    tmp_path: Path, before: list[bytes], after: list[bytes], ends: tuple[bool, bool]
) -> None:
    old, new = (
        b"#\n" + b"\n".join(rows) + (b"\n" if end else b"x")
        for rows, end in zip((before, after), ends, strict=True)
    )
    path = tmp_path / "a.py"
    path.write_bytes(old)
    patch = unified_diff("a.py", old, new)
    if patch:
        subprocess.run(
            ["git", "apply", "-p0", "--whitespace=nowarn", "-"], input=patch, cwd=tmp_path,
            check=True, capture_output=True, env={**os.environ, "GIT_DIR": os.devnull},
        )  # fmt: skip
    assert path.read_bytes() == new
