"""Every setting by which a repository can have git start a program, and none of them starts one.

Each is tried on the real git. Where an ordinary command of git does start the program, the test
first sees it do so, which shows that the setting is in force.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.process import torchdet
from torchdet.engine.changed_rows import changed_rows
from torchdet.engine.git_program import GitError, find_git
from torchdet.engine.work_tree import uncommitted

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs are shell scripts")

PROGRAM = "PROGRAM"
"""What stands in a setting for the program that the repository names."""

FIXABLE = "import torch\n\ntorch.cuda.synchronize()\n"

CHANGED = {FIXABLE: frozenset(), FIXABLE.upper(): frozenset({1, 3})}
"""The rows that differ from the commit, by what the file holds."""


@dataclass(frozen=True)
class Case:
    """Settings, ``.gitattributes``, and a command of git that starts the program with them.

    ``hook`` is a hook to have, ``incomplete`` whether objects are to be missing, which git fetches
    from the promisor remote ``evil``.
    """

    config: Mapping[str, str]
    attributes: str = ""
    starts: Sequence[str] = ()
    hook: str = ""
    incomplete: bool = False
    extra: Mapping[str, str] = field(default_factory=dict)


def promised(url: str, **settings: str) -> Case:
    """The objects are missing, and ``url`` promises them."""
    remote = {"remote.evil.promisor": "true", "remote.evil.url": url}
    format_1 = {"core.repositoryFormatVersion": "1", "extensions.partialClone": "evil"}
    named = {key.replace("__", "."): value for key, value in settings.items()}
    return Case({**format_1, **remote, **named}, starts=("ls-tree", "-r", "HEAD"), incomplete=True)


STATUS = ("status",)
DIFF = ("diff",)
CASES = {
    "filter.clean": Case({"filter.evil.clean": PROGRAM}, "*.py filter=evil", STATUS),
    "filter.smudge": Case(
        {"filter.evil.smudge": PROGRAM}, "*.py filter=evil", ("checkout", "--", "a.py")
    ),
    "filter.process": Case({"filter.evil.process": PROGRAM}, "*.py filter=evil", STATUS),
    "filter.required": Case(
        {"filter.evil.clean": PROGRAM, "filter.evil.required": "true"}, "*.py filter=evil", STATUS
    ),
    "diff.external": Case({"diff.external": PROGRAM}, starts=DIFF),
    "diff.command": Case({"diff.evil.command": PROGRAM}, "*.py diff=evil", DIFF),
    "diff.textconv": Case({"diff.evil.textconv": PROGRAM}, "*.py diff=evil", DIFF),
    "core.attributesFile": Case(
        {"core.attributesFile": "ATTRIBUTES", "filter.evil.clean": PROGRAM}, starts=STATUS
    ),
    "info/attributes": Case(
        {"filter.evil.clean": PROGRAM}, starts=STATUS, extra={"info/attributes": "* filter=evil\n"}
    ),
    "include.path": Case(
        {"include.path": "more"},
        "*.py filter=evil",
        STATUS,
        extra={"more": f'[filter "evil"]\n\tclean = {PROGRAM}\n'},
    ),
    "includeIf.path": Case(
        {"includeIf.gitdir:**.path": "more"},
        "*.py filter=evil",
        STATUS,
        extra={"more": f'[filter "evil"]\n\tclean = {PROGRAM}\n'},
    ),
    "config.worktree": Case(
        {"core.repositoryFormatVersion": "1", "extensions.worktreeConfig": "true"},
        "*.py filter=evil",
        STATUS,
        extra={"config.worktree": f'[filter "evil"]\n\tclean = {PROGRAM}\n'},
    ),
    "core.fsmonitor": Case({"core.fsmonitor": PROGRAM}, starts=STATUS),
    "core.hooksPath": Case({"core.hooksPath": "HOOKS"}, starts=("hook", "run", "pre-commit")),
    **{
        f"hook {name}": Case({}, starts=("hook", "run", name), hook=name)
        for name in (
            *("applypatch-msg", "commit-msg", "fsmonitor-watchman", "post-applypatch"),
            *("post-checkout", "post-commit", "post-index-change", "post-merge", "post-receive"),
            *("post-rewrite", "post-update", "pre-applypatch", "pre-auto-gc", "pre-commit"),
            *("pre-merge-commit", "pre-push", "pre-rebase", "pre-receive", "prepare-commit-msg"),
            *("proc-receive", "push-to-checkout", "reference-transaction", "sendemail-validate"),
            *("update",),
        )
    },
    "hook.<name>.command": Case({"hook.evil.command": PROGRAM, "hook.evil.event": "pre-commit"}),
    "alias": Case({"alias.evil": f"!{PROGRAM}"}, starts=("evil",)),
    "alias of a command": Case({"alias.ls-tree": f"!{PROGRAM}", "alias.status": f"!{PROGRAM}"}),
    "core.pager": Case({"core.pager": PROGRAM}),
    "pager.<command>": Case({"pager.ls-tree": PROGRAM, "pager.status": PROGRAM}),
    "core.editor": Case({"core.editor": PROGRAM}, starts=("commit", "--allow-empty")),
    "sequence.editor": Case({"sequence.editor": PROGRAM}),
    "core.askPass": Case({"core.askPass": PROGRAM}),
    "credential.helper": Case({"credential.helper": PROGRAM}, starts=("credential", "fill")),
    "credential.<url>.helper": Case(
        {"credential.https://example.org.helper": PROGRAM}, starts=("credential", "fill")
    ),
    "gpg.program": Case({"gpg.program": PROGRAM}, starts=("commit", "--allow-empty", "-S", "-mx")),
    "gpg.x509.program": Case(
        {"gpg.format": "x509", "gpg.x509.program": PROGRAM, "log.showSignature": "true"},
        starts=("commit", "--allow-empty", "-S", "-mx"),
    ),
    "gpg.ssh.program": Case(
        {"gpg.format": "ssh", "gpg.ssh.program": PROGRAM, "user.signingKey": "key"},
        starts=("commit", "--allow-empty", "-S", "-mx"),
    ),
    "gpg.ssh.defaultKeyCommand": Case(
        {"gpg.format": "ssh", "gpg.ssh.defaultKeyCommand": PROGRAM, "commit.gpgSign": "true"},
        starts=("commit", "--allow-empty", "-mx"),
    ),
    "merge.driver": Case({"merge.evil.driver": PROGRAM}, "*.py merge=evil"),
    "merge.tool": Case({"merge.tool": "evil", "mergetool.evil.cmd": PROGRAM}),
    "mergetool.path": Case({"merge.tool": "vimdiff", "mergetool.vimdiff.path": PROGRAM}),
    "diff.tool": Case(
        {"diff.tool": "evil", "difftool.evil.cmd": PROGRAM, "difftool.prompt": "false"},
        starts=("difftool",),
    ),
    "difftool.path": Case({"diff.tool": "vimdiff", "difftool.vimdiff.path": PROGRAM}),
    "guitool": Case({"guitool.evil.cmd": PROGRAM}),
    "interactive.diffFilter": Case({"interactive.diffFilter": PROGRAM}),
    "trailer.command": Case({"trailer.evil.command": PROGRAM, "trailer.evil.cmd": PROGRAM}),
    "browser.cmd": Case({"web.browser": "evil", "browser.evil.cmd": PROGRAM}),
    "help.browser": Case({"help.browser": "evil", "help.format": "web"}),
    "man.cmd": Case({"man.viewer": "evil", "man.evil.cmd": PROGRAM}),
    "instaweb": Case({"instaweb.browser": PROGRAM, "instaweb.httpd": PROGRAM}),
    "imap.tunnel": Case({"imap.tunnel": PROGRAM}),
    "sendemail": Case(
        {
            "sendemail.smtpServer": PROGRAM,
            "sendemail.sendmailCmd": PROGRAM,
            "sendemail.toCmd": PROGRAM,
            "sendemail.ccCmd": PROGRAM,
        }
    ),
    "tar.command": Case(
        {"tar.evil.command": PROGRAM}, starts=("archive", "--format=evil", "HEAD", "-oout.evil")
    ),
    "uploadpack.packObjectsHook": Case({"uploadpack.packObjectsHook": PROGRAM}),
    "core.alternateRefsCommand": Case({"core.alternateRefsCommand": PROGRAM}),
    "receive.procReceiveRefs": Case({"receive.procReceiveRefs": "refs"}, hook="proc-receive"),
    "submodule.update": Case(
        {"submodule.evil.update": f"!{PROGRAM}", "submodule.recurse": "true"}
    ),
    "trace2": Case({"trace2.eventTarget": "|PROGRAM"}),
    "maintenance": Case({"maintenance.auto": "true", "gc.auto": "1", "gc.autoDetach": "false"}),
    "protocol ext": promised(f"ext::{PROGRAM}", protocol__ext__allow="always"),
    "url.insteadOf": promised(
        "https://example.org/x", **{f"url.ext::{PROGRAM} .insteadOf": "https://example.org/"},
        protocol__allow="always",
    ),
    "core.sshCommand": promised("ssh://example.org/x", core__sshCommand=PROGRAM),
    "core.gitProxy": promised("git://example.org/x", core__gitProxy=PROGRAM),
    "remote.uploadpack": promised("HERE", remote__evil__uploadpack=PROGRAM),
    "remote.vcs": promised("https://example.org/x", remote__evil__vcs="evil"),
}  # fmt: skip


class Repository:
    """A repository whose settings name a program that leaves a mark."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "repository"
        self.mark = folder / "started"
        self.bin = folder / "bin"
        self.program = self.bin / "evil"

    def create(self) -> None:
        self.root.mkdir()
        self.bin.mkdir()
        self.program.write_text(f'#!/bin/sh\n: > "{self.mark}"\nexit 1\n')
        self.program.chmod(0o755)
        shutil.copy(self.program, self.bin / "git-remote-evil")
        (self.root / "a.py").write_text(FIXABLE)
        self.git("init", "-q")
        self.git("add", ".")
        self.git("commit", "-q", "-m", "Begin")

    def git(self, *arguments: str, check: bool = True) -> None:
        identity = {"user.name": "t", "user.email": "t@example.org"}
        options = [part for key, value in identity.items() for part in ("-c", f"{key}={value}")]
        subprocess.run(
            ["git", *options, *arguments],
            cwd=self.root,
            check=check,
            capture_output=True,
            input=b"protocol=https\nhost=example.org\n\n",
            env={**os.environ, "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}"},
            timeout=60,
        )

    def arm(self, case: Case) -> None:
        """Have ``case`` in force, and the file look as if it might have changed."""
        git = self.root / ".git"
        hooks = git / "hooks"
        if case.hook or "core.hooksPath" in case.config:
            hooks.mkdir(exist_ok=True)
            for name in {case.hook or "pre-commit", "post-index-change"}:
                shutil.copy(self.program, hooks / name)
        (git / "ATTRIBUTES").write_text("*.py filter=evil\n")
        if case.attributes:
            (self.root / ".gitattributes").write_text(f"{case.attributes}\n")
        for name, text in case.extra.items():
            (git / "info").mkdir(exist_ok=True)
            (git / name).write_text(text.replace(PROGRAM, str(self.program)))
        places = {
            PROGRAM: str(self.program),
            "HOOKS": str(hooks),
            "HERE": str(self.root),
            "ATTRIBUTES": str(git / "ATTRIBUTES"),
        }
        for key, value in case.config.items():
            for word, place in places.items():
                key, value = key.replace(word, place), value.replace(word, place)  # noqa: PLW2901
            self.git("config", key, value)
        if case.incomplete:
            for tree in self.trees():
                tree.unlink()
        os.utime(self.root / "a.py", (1, 1))

    def trees(self) -> list[Path]:
        """The files that hold the tree of the commit."""
        done = subprocess.run(
            [*("git", "rev-parse", "HEAD^{tree}")], cwd=self.root, check=True, capture_output=True
        )
        digits = done.stdout.decode().strip()
        return [self.root / ".git" / "objects" / digits[:2] / digits[2:]]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path)
    repository.create()
    return repository


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_no_setting_of_a_repository_starts_a_program(
    case: Case, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.arm(case)
    monkeypatch.setenv("PATH", str(repository.bin), prepend=os.pathsep)
    path = str(repository.root / "a.py")
    for content in (FIXABLE, FIXABLE.upper()):  # of one size, so that git has to look inside
        Path(path).write_text(content)
        try:
            assert uncommitted([path]) == ([] if content == FIXABLE else [path])
        except GitError:
            assert case.incomplete  # the commit cannot be read without the objects
        try:
            assert changed_rows([path], "HEAD") == {path: CHANGED[content]}
        except GitError:
            assert case.incomplete
    assert not repository.mark.exists()
    if case.starts:
        repository.git(*case.starts, check=False)
        assert repository.mark.exists(), "this setting is not in force, so the test shows nothing"


def test_fix_and_migrate_start_no_program_with_all_settings_at_once(
    repository: Repository,
) -> None:
    for case in CASES.values():
        if not case.incomplete:
            repository.arm(case)
    (repository.root / ".gitattributes").write_text("*.py filter=evil diff=evil merge=evil\n")
    path = repository.root / "a.py"
    for arguments in (["lint"], ["lint", "--diff-base", "HEAD"], ["fix"], ["fix", "--migrate"]):
        path.write_text(FIXABLE)
        done = torchdet(
            *arguments,
            *("--no-cache", str(repository.root)),
            PATH=f"{repository.bin}{os.pathsep}{os.environ['PATH']}",
        )
        assert "uncommitted" not in done.stderr, done.stderr
        assert (path.read_text() == FIXABLE) == (arguments[0] == "lint")
    assert not repository.mark.exists()
    repository.git("status", check=False)
    assert repository.mark.exists()


def test_a_git_that_lies_in_the_repository_is_not_started(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in (repository.root, repository.root / ".venv" / "bin"):
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(repository.program, place / "git")
    inside = [str(repository.root), str(repository.root / ".venv" / "bin")]
    path = str(repository.root / "a.py")
    monkeypatch.chdir(repository.root)
    monkeypatch.setenv("PATH", os.pathsep.join(["", ".", *inside, os.environ["PATH"]]))
    assert uncommitted([path]) == []
    monkeypatch.setenv("PATH", os.pathsep.join(["", ".", *inside]))
    with pytest.raises(GitError, match="lies in the work tree"):
        uncommitted([path])
    assert not repository.mark.exists()


def test_a_link_to_a_git_in_the_repository_is_not_followed(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(repository.program, repository.root / "git")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "git").symlink_to(repository.root / "git")
    monkeypatch.setenv("PATH", str(tmp_path / "links"))
    with pytest.raises(GitError, match="lies in the work tree"):
        find_git(outside=str(repository.root))


def test_on_windows_git_exe_is_looked_for_in_the_folders_of_path_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_tree, programs = tmp_path / "work", tmp_path / "programs"
    for folder in (work_tree, programs):
        folder.mkdir()
        for name in ("git.exe", "git.bat", "git.cmd"):
            (folder / name).touch(mode=0o755)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.chdir(work_tree)
    monkeypatch.setenv("PATH", os.pathsep.join([".", "", str(work_tree), str(programs)]))
    assert find_git(outside=str(work_tree)) == str(programs / "git.exe")
    (programs / "git.exe").unlink()
    monkeypatch.setenv("PATH", os.pathsep.join([".", "", str(programs)]))
    assert find_git(outside=str(work_tree)) is None


def test_a_bare_repository_among_the_files_is_not_asked(repository: Repository) -> None:
    repository.arm(CASES["core.fsmonitor"])
    inner = repository.root / "inner"
    shutil.copytree(repository.root / ".git", inner)
    (inner / ".git").mkdir()  # none, so that git would take the folder itself for one
    (inner / "a.py").write_text(FIXABLE)
    with pytest.raises(GitError, match="bare"):
        uncommitted([str(inner / "a.py")])
    assert not repository.mark.exists()


def test_git_that_waits_is_given_up(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torchdet.engine.git_program._SECONDS", 0.5)
    config = repository.root / ".git" / "config"
    config.unlink()
    os.mkfifo(config)
    with pytest.raises(GitError, match=r"did not answer within 0\.5 seconds"):
        uncommitted([str(repository.root / "a.py")])


def test_hooks_that_call_torchdet_ask_about_the_files_own_repository(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    assert uncommitted([str(repository.root / "a.py")]) == []
