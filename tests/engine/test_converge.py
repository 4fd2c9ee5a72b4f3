"""One file's fixes: all of them, one after the other, or none."""

from __future__ import annotations

import ast
import io
import tokenize
from collections import Counter
from collections.abc import Iterator

import libcst as cst
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pages import PAGES, read_page
from torchdet.edit.node_edit import InsertAfter, NodeFix, Replace
from torchdet.engine.converge import fix_bytes
from torchdet.engine.settings import CheckSettings, settings_for
from torchdet.findings.base import Draft, Rule
from torchdet.model.config import LintConfig
from torchdet.model.diagnostic import Severity
from torchdet.model.file_fixes import FileFixes
from torchdet.model.fix import Applicability
from torchdet.reading.context import Context, Reference

ALL = settings_for("example.py", "example", LintConfig(select=("ALL",)))


def fix(text: str | bytes, *, unsafe: bool = False, rules: CheckSettings = ALL) -> FileFixes:
    data = text.encode() if isinstance(text, str) else text
    return fix_bytes("example.py", data, rules, unsafe=unsafe)


def fixed(text: str, *, unsafe: bool = False, rules: CheckSettings = ALL) -> str:
    done = fix(text, unsafe=unsafe, rules=rules)
    assert done.refusal is None
    return done.change.after.decode() if done.change is not None else text


def renaming(
    old: str, new: str, applicability: Applicability = Applicability.SAFE, *, after: bool = False
) -> Rule:
    """A rule that wants ``new`` instead of (or written after) the name ``old``."""

    def check(reference: Reference, context: Context) -> Iterator[Draft]:
        node = reference.node
        edit = InsertAfter(node, new) if after else Replace(node, new)
        yield Draft(node, f"use {new}", NodeFix(f"Use {new}", applicability, (edit,)))

    return Rule(
        code="DET999",
        module="torchdet.findings.run.renaming.rule",
        documentation="Renames.",
        severity=Severity.INFO,
        triggers=(old.encode(),),
        names={f"torch.{old}": check},
    )


def by(*rules: Rule) -> CheckSettings:
    return CheckSettings(rules, LintConfig())


def test_safe_fixes_only_unless_asked() -> None:
    text = "import torch\ntorch.cuda.synchronize()\nx = torch.load('a')\n"
    safe = fix(text)
    assert safe.change is not None
    assert safe.change.after == text.encode().replace(b"cuda.", b"accelerator.")
    assert [d.code for d in safe.fixed] == ["DET303"]
    left = [d.fix.applicability for d in safe.report.diagnostics if d.fix is not None]
    assert left == [Applicability.UNSAFE]
    assert "torch.load('a', map_location=\"cpu\")" in fixed(text, unsafe=True)


def test_suggestions_are_never_applied() -> None:
    text = "import torch\nx = torch.old\n"
    suggestion = by(renaming("old", "torch.new", Applicability.DISPLAY))
    done = fix(text, unsafe=True, rules=suggestion)
    assert (done.change, done.fixed, done.refusal) == (None, (), None)
    assert len(done.report.diagnostics) == 1


def test_what_a_comment_suppresses_is_not_fixed() -> None:
    text = (
        "import torch\n"
        "torch.cuda.synchronize()  # noqa: DET303\n"
        "torch.cuda.synchronize()  # torchdet: ignore[cuda-api]\n"
        "torch.cuda.synchronize()\n"
    )
    assert fixed(text).splitlines()[1:3] == text.splitlines()[1:3]
    assert fixed(text).splitlines()[3] == "torch.accelerator.synchronize()"
    whole = "# torchdet: ignore-file\n" + text
    assert fixed(whole) == whole


def test_a_fix_may_lay_bare_the_next() -> None:
    chain = by(renaming("a", "torch.b"), renaming("b", "torch.c"), renaming("c", "torch.d"))
    done = fix("import torch\ntorch.a\n", rules=chain)
    assert done.change is not None
    assert done.change.after == b"import torch\ntorch.d\n"
    assert len(done.fixed) == 3
    assert not done.report.diagnostics


def test_overlapping_fixes_wait_for_the_next_round() -> None:
    text = "import torch\nx = torch.FloatTensor(torch.FloatTensor(torch.FloatTensor([1.0])))\n"
    select = settings_for("e.py", "e", LintConfig(select=("DET310", "DET3")))
    after = fixed(text, unsafe=True, rules=select)
    assert fixed(after, unsafe=True, rules=select) == after


def test_without_findings_nothing_changes() -> None:
    done = fix("import torch\n", rules=by())
    assert (done.change, done.fixed, done.refusal, done.report.diagnostics) == (None, (), None, ())


@pytest.mark.parametrize("data", [b"torch.cuda.synchronize(\n", b"torch.cuda \xff\n"])
def test_what_cannot_be_checked_is_a_failure(data: bytes) -> None:
    done = fix(data)
    assert done.report.failed
    assert done.change is None


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        ("torch.a if torch.b else torch.c", "where no edit was made (row 2)"),
        ("1 2", "does not parse (row 2"),
        ("torch.old", "undo each other"),
        ("torch.old.old", "do not settle in 20 rounds"),
        ("(return)", "does not parse"),
        ('"\N{SNOWMAN}"', "iso8859-1 cannot express"),
    ],
)
def test_fixes_that_cannot_be_trusted_leave_the_original(new: str, reason: str) -> None:
    text = "# coding: latin-1\nimport torch; x = torch.old + 1; torch.fine()\n"
    done = fix(text, rules=by(renaming("old", new), renaming("fine", "torch.better")))
    assert done.change is None
    assert done.fixed == ()
    assert reason in (done.refusal or "")
    assert [d.span.start.row for d in done.report.diagnostics] == [2, 2]


def test_two_rules_that_undo_each_other() -> None:
    done = fix(
        "import torch\ntorch.a\n", rules=by(renaming("a", "torch.b"), renaming("b", "torch.a"))
    )
    assert "undo each other" in (done.refusal or "")


def test_a_new_row_begins_as_the_others() -> None:
    rules = by(renaming("old", "(torch.a,\n torch.b)"))
    for newline in ("\n", "\r\n", "\r"):
        text = newline.join(["import torch", "x = torch.old", "y = 1", ""])
        done = fix(text, rules=rules)
        assert done.change is not None
        assert done.change.after.decode() == text.replace(
            "torch.old", f"(torch.a,{newline} torch.b)"
        )


@pytest.mark.parametrize("end", ["", "  # end", "\n", "\n\n    ", "; x = 1"])
def test_the_last_row_is_fixed_however_the_file_ends(end: str) -> None:
    text = "import torch\ntorch.cuda.synchronize()"
    assert fixed(text + end) == text.replace("cuda", "accelerator") + end


def test_syntax_newer_than_this_python_is_fixed_too() -> None:
    # No Python can parse the first row, LibCST can: as with any syntax of a later release.
    text = "x = '\\N{no such character}'\nimport torch\ntorch.cuda.synchronize()\n"
    assert fixed(text).endswith("torch.accelerator.synchronize()\n")


def test_fixes_inside_f_strings_stay_readable_for_older_pythons() -> None:
    text = "import torch\nx = f\"{torch.load('a')} {torch.cuda.current_device()}\"\n"
    assert fixed(text, unsafe=True).count('"') == 2


def test_the_code_of_every_rules_page_settles() -> None:
    cases = (case for page in PAGES for case in read_page(page))
    sources = sorted({case.source for case in cases if case.path.endswith(".py")})
    assert sources
    for source in sources:
        text = fixed(source, unsafe=True)
        assert fix(text, unsafe=True).change is None, source
        assert not text or comments(text) == comments(source), source


LINES = [
    "torch.cuda.synchronize()",
    "torch.cuda.synchronize()  # é, a comment",
    "torch.cuda.synchronize()  # noqa: DET303",
    "torch.cuda.synchronize(  # why\n        0)",
    "with torch.cuda.amp.autocast(): pass  # è",
    "with torch.cuda.amp.autocast(  # kept\n            enabled=x,  # too\n            ): pass",
    "scaler = torch.cuda.amp.GradScaler(enabled = x)",
    "n = torch.cuda.device_count() + torch . cuda . current_device()",
    "x = torch.load('é.pt', # comment\n            weights_only=True)",
    "x = torch.load('a')['b'].cuda()",
    "net.cuda(); net.cuda(non_blocking=True)",
    "x = torch.cuda.FloatTensor(3).cuda().type(torch.cuda.LongTensor)",
    "x = torch.FloatTensor([1.0, # one\n       2.0])",
    "torch.backends.cudnn.benchmark = True",
    "torch.backends.cuda.matmul.allow_tf32 = True # faster",
    "torch.use_deterministic_algorithms(False)",
    "x = torch.device('cuda' if torch.cuda.is_available() else 'cpu')",
    "x = f\"{torch.cuda.device_count()} {net.cuda()!r:>{torch.load('a')}}\"",
    "def f(x: 'torch.cuda.FloatTensor') -> None: return x.cuda()",
    "if torch.cuda.is_available(): x = x.cuda() \\\n            + 1",
    "from torch.cuda.amp import autocast, GradScaler  # both",
    "@torch.cuda.amp.custom_fwd\n    def f(): pass",
    "'''torch.cuda.synchronize()'''",
    "y = 'ü'; \f",
    "",
    "# torch.cuda.synchronize()",
]


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A file out of rows with and without findings, in any encoding and with any newline."""
    newline = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    coding, codec = draw(
        st.sampled_from([("", "utf-8"), ("", "utf-8-sig"), ("# coding: latin-1\n", "latin-1")])
    )
    rows = draw(st.lists(st.sampled_from(LINES), min_size=1, max_size=8))
    text = f"{coding}import torch\ndef main(x, net):\n    pass\n"
    text += "".join(f"    {row}\n" for row in rows)
    if draw(st.booleans()):
        text = text.rstrip("\n \f")
    return text.replace("\n", newline).encode(codec)


@settings(max_examples=150, deadline=None)
@given(data=files(), unsafe=st.booleans())
def test_any_file_is_fixed_without_a_trace_elsewhere(data: bytes, unsafe: bool) -> None:
    done = fix(data, unsafe=unsafe)
    assert done.refusal is None
    if done.change is None:
        return
    before, after = decoded(data), decoded(done.change.after)
    ast.parse(after)
    assert comments(after) == comments(before)
    assert newlines(after) == newlines(before)
    assert done.change.after.startswith(b"\xef\xbb\xbf") == data.startswith(b"\xef\xbb\xbf")
    again = fix(done.change.after, unsafe=unsafe)
    assert again.change is None
    assert again.report.diagnostics == done.report.diagnostics


def decoded(data: bytes) -> str:
    codec, _ = tokenize.detect_encoding(io.BytesIO(data.replace(b"\r", b"\n")).readline)
    return data.decode(codec)


def comments(text: str) -> Counter[str]:
    """Every comment, as LibCST finds them: with an eye that the engine does not use for it."""
    found: Counter[str] = Counter()

    class Collect(cst.CSTVisitor):
        def visit_Comment(self, node: cst.Comment) -> None:
            found[node.value] += 1

    cst.parse_module(text).visit(Collect())
    return found


def newlines(text: str) -> Counter[str]:
    crlf = text.count("\r\n")
    return Counter({"\r\n": crlf, "\r": text.count("\r") - crlf, "\n": text.count("\n") - crlf})


@settings(max_examples=60, deadline=None)
@given(data=files())
def test_rows_without_a_finding_stay_as_they_are(data: bytes) -> None:
    done = fix(data, unsafe=True)
    edits = [edit for d in done.fixed if d.fix is not None for edit in d.fix.edits]
    rows = {row for e in edits for row in range(e.span.start.row, e.span.end.row + 1)}
    after = done.change.after if done.change is not None else data
    assert len(rows_of(data)) == len(rows_of(after))
    for number, (old, new) in enumerate(zip(rows_of(data), rows_of(after), strict=True), start=1):
        assert old == new or number in rows


def rows_of(data: bytes) -> list[bytes]:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
