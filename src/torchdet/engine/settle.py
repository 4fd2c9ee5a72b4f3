"""What the configuration leaves to the project is settled here, before any file is checked."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from torchdet.engine.discover import SourceFile
from torchdet.engine.git_program import is_below
from torchdet.engine.project_metadata import metadata_of, metadata_paths
from torchdet.engine.project_root import project_root
from torchdet.glob_pattern import PatternError, parse_pattern
from torchdet.model.config import DEFAULT_TEST_FILES, LintConfig, Policy
from torchdet.read_file import SETTINGS_LIMIT, read_file
from torchdet.reading.project import ModuleSource
from torchdet.reading.project.metadata import ProjectMetadata
from torchdet.reading.project.pytest_settings import PYTEST_FILES, pytest_patterns
from torchdet.torch_api.releases import RELEASES

Looked = Callable[[str], None]
"""Called with each path that an answer depends on."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Files with the configuration that holds for them; ``reasons`` say what decided, by line."""

    files: tuple[SourceFile, ...]
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Answers:
    """What a project says about the keys that its configuration leaves open."""

    policy: Policy
    torch_version: tuple[int, int] | None
    torch_version_from: str
    root: str
    test_files: tuple[str, ...]
    reasons: tuple[str, ...]


def settle(
    files: Sequence[SourceFile],
    looked: Looked,
    undecided: Policy = Policy.UNDECIDED,
    read: Callable[[str], bytes] = read_file,
) -> Settled:
    """``files`` with a policy that is no longer ``AUTO``, and the project's own oldest torch.

    A project that requires torchdet, or imports it in one of ``files``, has chosen the handle;
    ``undecided`` is for those that have chosen nothing. The tests that pytest is configured to find
    are added to the default ones. ``read`` gives the content of the file at a path.
    """
    folders = {file: _project_folders(file) for file in files}
    users: dict[str, str | None] = {}
    for file, (*_, root) in folders.items():
        if file.config.policy is Policy.AUTO and users.get(root) is None:
            users[root] = file.path if _imports_torchdet(file, looked, read) else None
    answers = {
        each: _answers(each, users.get(each[-1]), undecided, looked)
        for each in dict.fromkeys(folders.values())
    }
    return Settled(
        tuple(replace(file, config=_with(file.config, answers[folders[file]])) for file in files),
        tuple(dict.fromkeys(reason for each in answers.values() for reason in each.reasons)),
    )


def _answers(
    folders: tuple[str, ...], user: str | None, undecided: Policy, looked: Looked
) -> _Answers:
    told = [(folder, _told(folder)) for folder in folders]
    for folder, _ in told:
        for path in metadata_paths(folder):
            looked(path)
    requiring = next((where for where, each in told if each.requires("torchdet")), None)
    policy = undecided if user is None and requiring is None else Policy.HANDLE
    if user is not None:
        reasons = [f"policy: handle, because {user} imports torchdet"]
    elif requiring is not None:
        reasons = [f"policy: handle, because the project in {requiring} requires torchdet"]
    else:
        reasons = [f"policy: {undecided.value}, because nothing in {folders[-1]} chooses one"]
    release, source = next(_releases(each for _, each in told), (None, ""))
    if release is not None:
        release = min(max(release, RELEASES[0]), RELEASES[-1])
        reasons.append(f"torch-version: {release[0]}.{release[1]}, as {source} requires")
    tests = tuple(_tests_of(folders[-1], looked))
    return _Answers(policy, release, source, folders[-1], tests, tuple(reasons))


def _tests_of(root: str, looked: Looked) -> Iterator[str]:
    """Patterns below ``root`` of what pytest collects there."""
    texts: dict[str, str] = {}
    for name in PYTEST_FILES:
        path = os.path.join(root, name)
        if os.path.exists(path):
            looked(path)
            with contextlib.suppress(OSError):
                texts[name] = read_file(path, limit=SETTINGS_LIMIT).decode("utf-8", "replace")
    for pattern in pytest_patterns(texts):
        with contextlib.suppress(PatternError):
            parse_pattern(pattern)
            yield pattern


def _releases(told: Iterable[ProjectMetadata]) -> Iterator[tuple[tuple[int, int], str]]:
    """The oldest release of torch that each folder allows, with the file that says so."""
    for each in told:
        release = each.oldest_release("torch")
        if release is not None:
            sources = (
                declared.path
                for declared in each.requirements
                if declared.is_of("torch") and declared.floor() == release
            )
            yield release, next(sources)


@lru_cache(maxsize=64)
def _with(config: LintConfig, answers: _Answers) -> LintConfig:
    """One object for all files of a folder: tables are kept by it."""
    if config.policy is Policy.AUTO:
        config = replace(config, policy=answers.policy)
    if not config.torch_version_from and answers.torch_version is not None:
        config = replace(
            config,
            torch_version=answers.torch_version,
            torch_version_from=answers.torch_version_from,
        )
    if config.test_files == DEFAULT_TEST_FILES and answers.test_files:
        tests = _as_seen_from(config.root, answers)
        config = replace(config, test_files=(*DEFAULT_TEST_FILES, *tests))
    return config


def _as_seen_from(root: str, answers: _Answers) -> Iterator[str]:
    """The patterns of tests, relative to ``root`` where that is not the project's own."""
    way = os.path.relpath(answers.root, os.path.abspath(root)).replace(os.sep, "/")
    for pattern in answers.test_files:
        if way == os.curdir or not pattern.startswith("/"):
            yield pattern
        elif not way.startswith(os.pardir):
            yield f"/{way}{pattern}"


def _imports_torchdet(file: SourceFile, looked: Looked, read: Callable[[str], bytes]) -> bool:
    looked(file.path)
    try:
        data = read(file.path)
    except OSError:
        return False  # the check of the file says so
    return ModuleSource(file.module_name, data).imports("torchdet")


def forget_projects() -> None:
    """Read what projects say anew: for a process in which they change."""
    for kept in (_told, _telling, _with):
        kept.cache_clear()


@lru_cache(maxsize=4096)
def _told(folder: str) -> ProjectMetadata:
    return metadata_of([folder]) if metadata_paths(folder) else ProjectMetadata()


def _project_folders(file: SourceFile) -> tuple[str, ...]:
    """The folders from that of ``file`` to the root of its project, as far as they tell something.

    A file in no project belongs to the folder of its configuration, or to its own.
    """
    folder = os.path.dirname(os.path.abspath(file.path))
    return _telling(folder, os.path.abspath(file.config.root))


@lru_cache(maxsize=4096)
def _telling(folder: str, configured: str) -> tuple[str, ...]:
    root = project_root(folder) or (configured if is_below(folder, configured) else folder)
    between = [folder]
    while between[-1] != root and os.path.dirname(between[-1]) != between[-1]:
        between.append(os.path.dirname(between[-1]))
    return (*(each for each in between[:-1] if metadata_paths(each)), between[-1])
