"""Fetch the projects of ``projects.toml`` and unpack them.

    python bench/fetch_projects.py [FOLDER] [--project NAME ...] [--clone NAME=PATH ...]

Source distributions come through pip and are checked by their hash; commits come through git. With
``--clone`` a project's commit is taken from a repository that is already on this machine. What is
there already is kept. Unlike the corpus, these projects are run later: fetch and migrate them on a
machine where you would run their tests.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

from projects import (
    DEFAULT_FOLDER,
    Commit,
    Project,
    ProjectError,
    Release,
    chosen,
    pinned_projects,
)


def fetch(project: Project, folder: Path, clones: Mapping[str, str]) -> str:
    """Fetch and unpack one project; returns a line about it. Raises ``ProjectError``."""
    destination = project.folder(folder)
    if destination.exists():
        return f"{project.label}: there already"
    destination.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(project.source, Release):
        sdist = download(project.name, project.source, folder / "sdists")
        count = unpack(sdist.read_bytes(), destination, strip=1)
    else:
        assert isinstance(project.source, Commit)
        clone = clones.get(project.name)
        repository = Path(clone) if clone else cloned(project.source, folder / "git")
        count = unpack(archived(project.source, repository), destination, strip=0)
    return f"{project.label}: {count} files"


def download(name: str, release: Release, sdists: Path) -> Path:
    """The source distribution below ``sdists``, fetched unless it is there already.

    Raises ``ProjectError`` when pip fails or the file's hash is not the pinned one.
    """
    sdist = sdists / release.sdist
    if not sdist.exists():
        sdists.mkdir(parents=True, exist_ok=True)
        requirement = f"{name}=={release.version}"
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        _run([*pip, f"--no-binary={name}", "--dest", str(sdists), requirement])
    if not sdist.exists():
        raise ProjectError(f"pip downloaded {name}, but not the file {release.sdist}")
    found = hashlib.sha256(sdist.read_bytes()).hexdigest()
    if found != release.sha256:
        raise ProjectError(
            f"{sdist}: sha256 is {found}, expected {release.sha256}; delete the file"
        )
    return sdist


def cloned(source: Commit, folder: Path) -> Path:
    """A repository below ``folder`` that has the one commit of ``source``.

    Raises ``ProjectError`` when git can't fetch it.
    """
    repository = folder / source.commit
    if not repository.exists():
        partial = repository.with_name(f"{source.commit}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        _run(["git", "init", "--quiet", "--bare", str(partial)])
        git = ["git", f"--git-dir={partial}", "fetch", "--quiet", "--depth=1"]
        _run([*git, source.repository, source.commit])
        partial.rename(repository)
    return repository


def archived(source: Commit, repository: Path) -> bytes:
    """The tar archive of the commit's paths. Raises ``ProjectError`` when git can't make it."""
    git = ["git", f"--git-dir={repository}", "archive", "--format=tar", source.commit]
    return _run([*git, "--", *source.paths])


def _run(command: list[str]) -> bytes:
    finished = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if finished.returncode != 0:
        raise ProjectError(f"`{' '.join(command)}` failed; its message is above")
    return finished.stdout


def unpack(archive: bytes, destination: Path, *, strip: int) -> int:
    """Unpack the plain files of a tar archive and return how many there are.

    The first ``strip`` folders of every name are dropped. Links are left out: none of the projects
    needs one. Raises ``ProjectError`` when a file points outside ``destination``; then nothing is
    left there.
    """
    partial = destination.with_name(destination.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    count = 0
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as reader:
            for member in reader:
                stream = reader.extractfile(member) if member.isfile() else None
                if stream is not None:
                    target = _target(member.name, partial, strip)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(stream.read())
                    count += 1
        partial.rename(destination)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return count


def _target(name: str, root: Path, strip: int) -> Path:
    """Where the member goes, when that is inside ``root``."""
    target = root.joinpath(*Path(name).parts[strip:]).resolve()
    if not target.is_relative_to(root.resolve()) or Path(name).is_absolute():
        raise ProjectError(f"{name!r} points outside the folder, refused")
    return target


def clones_of(values: list[str]) -> dict[str, str]:
    """Project name to local repository, from ``NAME=PATH``. Raises ``ProjectError``."""
    for value in values:
        if "=" not in value:
            raise ProjectError(f"--clone {value}: expected NAME=PATH")
    return dict(value.split("=", 1) for value in values)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument("--project", action="append", default=[], help="only this one; repeatable")
    parser.add_argument("--clone", action="append", default=[], metavar="NAME=PATH")
    arguments = parser.parse_args()
    try:
        clones = clones_of(arguments.clone)
        for project in chosen(arguments.project, pinned_projects()):
            print(fetch(project, arguments.folder, clones), flush=True)
    except ProjectError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
