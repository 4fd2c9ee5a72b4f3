"""Fetch the wheels of ``corpus.toml``, check their hashes and unpack their Python files.

    python bench/fetch_corpus.py [FOLDER] [--package NAME ...] [--scripts] [--clone NAME=PATH ...]

With ``--scripts`` also the commits of its repositories, through git, or with ``--clone`` from a
repository that is already on this machine.
Wheels are downloaded with pip and read as archives: nothing in them is installed, imported or
executed. A wheel or an unpacked package that is already there is kept.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from corpus import (
    DEFAULT_FOLDER,
    CorpusError,
    Package,
    Repository,
    chosen,
    packages,
    repositories,
)
from fetch_projects import archived, cloned, clones_of
from fetch_projects import unpack as unpack_archive
from projects import Commit, ProjectError


def download(package: Package, wheels: Path) -> Path:
    """The wheel of ``package`` below ``wheels``, fetched unless it is there already.

    Raises ``CorpusError`` when pip fails or the file's hash is not the pinned one.
    """
    wheel = wheels / package.wheel
    if not wheel.exists():
        requirement = f"{package.name}=={package.version}"
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        options = ["--only-binary=:all:", "--dest", str(wheels), requirement]
        if subprocess.run([*pip, *options], check=False).returncode != 0:
            raise CorpusError(f"pip could not download {requirement}; its message is above")
    if not wheel.exists():
        raise CorpusError(f"pip downloaded {package.name}, but not the file {package.wheel}")
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != package.sha256:
        raise CorpusError(f"{wheel}: sha256 is {found}, expected {package.sha256}; delete the file")
    return wheel


def unpack(wheel: Path, destination: Path) -> int:
    """Unpack the Python files of ``wheel`` to ``destination`` and return how many there are.

    Raises ``CorpusError`` when a member is a link or points outside ``destination``; then nothing
    is left there.
    """
    partial = destination.with_name(destination.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = [info for info in archive.infolist() if info.filename.endswith(".py")]
            for info in members:
                target = _target(info, partial, wheel)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(info))
        partial.rename(destination)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return len(members)


def _target(info: zipfile.ZipInfo, root: Path, wheel: Path) -> Path:
    """Where the member goes, when that is a plain file inside ``root``."""
    if stat.S_ISLNK(info.external_attr >> 16):
        raise CorpusError(f"{wheel}: {info.filename!r} is a link, refused")
    target = (root / info.filename).resolve()
    if not target.is_relative_to(root.resolve()):
        raise CorpusError(f"{wheel}: {info.filename!r} points outside the folder, refused")
    return target


def fetch(package: Package, folder: Path) -> str:
    """Fetch and unpack one package; returns a line about it."""
    destination = package.source(folder)
    label = f"{package.name} {package.version}"
    if destination.exists():
        return f"{label}: there already"
    wheels = folder / "wheels"
    wheels.mkdir(parents=True, exist_ok=True)
    destination.parent.mkdir(parents=True, exist_ok=True)
    count = unpack(download(package, wheels), destination)
    return f"{label}: {count} files"


def fetch_repository(repository: Repository, folder: Path, clones: Mapping[str, str]) -> str:
    """Fetch the files of one commit; returns a line about it. Raises ``ProjectError``."""
    destination = repository.source(folder)
    label = f"{repository.name} {repository.commit[:12]}"
    if destination.exists():
        return f"{label}: there already"
    destination.parent.mkdir(parents=True, exist_ok=True)
    source = Commit(repository.url, repository.commit, repository.paths)
    clone = clones.get(repository.name)
    bare = Path(clone) if clone else cloned(source, folder / "git")
    return f"{label}: {unpack_archive(archived(source, bare), destination, strip=0)} files"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument("--package", action="append", default=[], help="only this one; repeatable")
    parser.add_argument("--scripts", action="store_true", help="the repositories, too")
    parser.add_argument("--clone", action="append", default=[], metavar="NAME=PATH")
    arguments = parser.parse_args()
    try:
        clones = clones_of(arguments.clone)
        for package in chosen(arguments.package, packages()):
            print(fetch(package, arguments.folder), flush=True)
        for repository in repositories() if arguments.scripts else ():
            print(fetch_repository(repository, arguments.folder, clones), flush=True)
    except (CorpusError, ProjectError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
