"""Migrate a copy of a project, and check what became of it."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from projects import Project, ProjectError
from run_command import Finished, Place, run

IMPORT_RULES = ("DET101", "DET102", "DET103")
"""The rules that a project on the handle has no finding of, outside refusals."""
ENTRY_POINTS = "DET107"
"""The rule that finds entry points which never apply the runtime."""
HANDLE = "handle"
"""The target whose imports are rewritten."""
_PATTERNS = ("*.py", "*.ipynb")

Spot = tuple[str, int, str]
"""File, row and code of a finding."""


class Finding(TypedDict):
    """What is used here of a finding in the linter's JSON."""

    filename: str
    code: str
    message: str
    location: dict[str, int]


@dataclass(frozen=True, slots=True)
class Migration:
    """What one run of `torchdet fix --migrate` did.

    ``refusals`` counts them by code and reason; ``failed`` are the files that it could not read,
    ``imports_only`` those that changed for nothing but their imports.
    """

    finished: Finished
    edits: int
    imports_only: frozenset[str]
    refused: frozenset[Spot]
    refusals: Mapping[str, int]
    failed: tuple[str, ...]


def migrate(project: Project, folder: Path, target: str = HANDLE) -> Migration:
    """Migrate the packages of the copy at ``folder`` onto ``target``, with this script's Python.

    Raises ``ProjectError`` when no report is written.
    """
    report = folder.parent / "report.json"
    report.unlink(missing_ok=True)
    options = ["--migrate", "--to", target, "--allow-dirty", "--no-cache", "--report", str(report)]
    finished = _torchdet(["fix", *options, *project.packages], folder)
    if not report.exists():
        raise ProjectError(
            f"{project.label}: `torchdet fix --migrate` ended with exit code "
            f"{finished.exit_code} and wrote no report:\n{finished.output[-3000:]}"
        )
    return read_report(report.read_text(encoding="utf-8"), finished)


def read_report(text: str, finished: Finished) -> Migration:
    """The figures of a migration's JSON report."""
    files = json.loads(text)["files"]
    refusals = [(file["filename"], each) for file in files for each in file["refusals"]]
    by_reason = Counter(f"{each['code']} {each['reason']}" for _, each in refusals)
    return Migration(
        finished=finished,
        edits=sum(len(file["changes"]) for file in files),
        imports_only=frozenset(
            _posix(file["filename"])
            for file in files
            if file["changes"] and {each["code"] for each in file["changes"]} <= {*IMPORT_RULES}
        ),
        refused=frozenset(
            (_posix(name), each["location"]["row"], each["code"]) for name, each in refusals
        ),
        refusals=dict(by_reason.most_common()),
        failed=tuple(
            f"{file['filename']}: {failure['message']}"
            for file in files
            for failure in file["failures"]
        ),
    )


def remaining_findings(project: Project, folder: Path, refused: frozenset[Spot]) -> tuple[str, ...]:
    """What `torchdet lint` still finds of the `IMPORT_RULES` where nothing was refused."""
    return tuple(outside_refusals(_findings(IMPORT_RULES, project, folder), refused))


def entry_points(project: Project, folder: Path) -> tuple[int, int]:
    """How many files apply the runtime, and how many entry points the linter finds that don't."""
    sources = (path.read_text("utf-8", "replace") for path in _files(project, folder))
    applying = sum(re.search(r"\bget_torch_handle\(", source) is not None for source in sources)
    return applying, len(_findings((ENTRY_POINTS,), project, folder))


def with_runtime(project: Project, folder: Path) -> tuple[str, ...]:
    """The files that import torchdet, of which a migration onto PyTorch itself leaves none."""
    return tuple(
        path.relative_to(folder).as_posix()
        for path in _files(project, folder)
        if re.search(rb"^\s*(?:from|import)\s+torchdet\b", path.read_bytes(), re.MULTILINE)
    )


def _findings(rules: tuple[str, ...], project: Project, folder: Path) -> list[Finding]:
    options = ["--no-cache", "--policy", "handle", "--select", ",".join(rules)]
    options += ["--output-format", "json"]
    finished = _torchdet(["lint", "--quiet", *options, *project.packages], folder)
    start = finished.output.find("[")
    if finished.exit_code not in {0, 1} or start < 0:
        raise ProjectError(
            f"{project.label}: `torchdet lint` ended with exit code {finished.exit_code}:\n"
            f"{finished.output[-3000:]}"
        )
    found: list[Finding] = json.loads(finished.output[start:])
    return found


def outside_refusals(findings: Iterable[Finding], refused: frozenset[Spot]) -> Iterator[str]:
    """The findings of a JSON report that stand at no refused place, as one line each."""
    for finding in findings:
        path, row = _posix(finding["filename"]), finding["location"]["row"]
        if (path, row, finding["code"]) not in refused:
            yield f"{path}:{row}: {finding['code']} {finding['message']}"


def compile_errors(project: Project, place: Place) -> tuple[str, ...]:
    """The files that the project's own Python does not compile."""
    compileall = ["python", "-W", "ignore", "-m", "compileall", "-q", "-f", *project.packages]
    return tuple(re.findall(r"\*\*\* Error compiling '(.*)'", run(compileall, place).output))


def type_errors(project: Project, place: Place) -> Counter[str]:
    """What mypy or pyright says, without rows and columns, since these move."""
    lines = run(project.types, place).output.splitlines()
    matches = (_TYPE_ERROR.match(line) for line in lines)
    folder = f"{place.folder.resolve().as_posix()}/"
    return Counter(
        f"{match['path'].removeprefix(folder)}: {match['message']}" for match in matches if match
    )


_TYPE_ERROR = re.compile(r"\s*(?P<path>\S.*?\.py):[\d:]+(?: -)? error: (?P<message>.*)")


def unformatted(project: Project, place: Place) -> frozenset[str]:
    """The files that a formatter of the project would change, by what it prints."""
    folder = f"{place.folder.resolve().as_posix()}/"
    return frozenset(
        path.removeprefix(folder)
        for command in project.formatters
        for line in run(command, place).output.splitlines()
        for path in re.findall(r"[\w./-]+\.py\b", line)
    )


def digests(project: Project, folder: Path) -> dict[str, str]:
    """The hash of each module and notebook among the packages, by its path in the project."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in _files(project, folder)
    }


def _files(project: Project, folder: Path) -> list[Path]:
    named = [folder / package for package in project.packages]
    below = (
        [found for pattern in _PATTERNS for found in path.rglob(pattern)]
        if path.is_dir()
        else [path]
        for path in named
    )
    return sorted({path for paths in below for path in paths})


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """The files whose digests differ."""
    return tuple(sorted(path for path in {*before, *after} if before.get(path) != after.get(path)))


def _torchdet(arguments: list[str], folder: Path) -> Finished:
    return run([sys.executable, "-m", "torchdet", *arguments], Place(folder, Path(sys.executable)))


def _posix(path: str) -> str:
    return Path(path).as_posix()
