"""Show that the linter's memory doesn't grow with the number of files.

    python bench/fetch_corpus.py
    python bench/memory.py [--package NAME ...] [--jobs N]

Lints one, two and four copies of the corpus and prints Markdown: the peak of the largest process,
and of all processes together (their proportional share of shared pages, read 20 times a second
while they run, so a shorter peak can be missed). Needs Linux's /proc.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import contenders
from corpus import DEFAULT_FOLDER, CorpusError, chosen, packages, sources, stage, staged_tree
from measure import MeasureError, Usage, machine, measure

COPIES = (1, 2, 4)
INTERVAL = 0.05  # seconds


@dataclass
class Watch:
    """Follows the memory of all the descendants of this process, in a thread of its own.

    After the ``with`` block ``peak`` is their greatest sum in bytes.
    """

    peak: int = 0
    _done: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Watch:
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._thread is not None
        self._done.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._done.wait(INTERVAL):
            self.peak = max(self.peak, sum(map(_proportional_set_size, _descendants())))


def _descendants() -> Iterator[int]:
    """The identifiers of the processes below this one."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:  # it has ended since the folder was listed
            continue
        parents[int(folder.name)] = int(status.rpartition(")")[2].split()[1])
    own = os.getpid()
    for process, parent in parents.items():
        ancestor = parent
        while ancestor in parents and ancestor != own:
            ancestor = parents[ancestor]
        if ancestor == own:
            yield process


def _proportional_set_size(process: int) -> int:
    """The resident memory of a process in bytes, shared pages divided by those who share them."""
    try:
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8")
    except OSError:  # it has ended
        return 0
    sizes = (line.split()[1] for line in rollup.splitlines() if line.startswith("Pss:"))
    return int(next(sizes, "0")) * 1024


@dataclass(frozen=True, slots=True)
class Reading:
    """One line of the table."""

    copies: int
    files: int
    usage: Usage
    together: int


def readings(corpus: Path, names: tuple[str, ...], jobs: int, scratch: Path) -> Iterator[Reading]:
    """Lint ever more copies of the packages; a copy that exists is not made again."""
    root = scratch / "copies"
    used = chosen(names, [package for package in packages() if package.uses_torch])
    for copies in COPIES:
        for number in range(copies):
            folder = root / f"copy{number}"
            if not folder.exists():
                for package in used:
                    origin = package.source(corpus)
                    stage(sources(package, corpus), origin, folder / package.name)
        contender = contenders.torchdet_cold(contenders.Setting(root, jobs, rounds=1))
        with Watch() as watch:
            usage = measure(contender.command, scratch / "output")
        yield Reading(copies, len(staged_tree(root).files), usage, watch.peak)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--corpus", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument("--package", action="append", default=[], help="only this one; repeatable")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: 1)")
    options = parser.parse_args()
    print(f"{machine(contenders.tool_versions())}; {options.jobs} process(es) to check files.\n")
    print("| copies | files | seconds | peak MB, largest process | peak MB, all together |")
    print("|--:|--:|--:|--:|--:|")
    try:
        with tempfile.TemporaryDirectory(prefix="torchdet-bench-") as folder:
            corpus, scratch = options.corpus.resolve(), Path(folder)
            for reading in readings(corpus, tuple(options.package), options.jobs, scratch):
                usage = reading.usage
                print(
                    f"| {reading.copies} | {reading.files:,} | {usage.wall:.1f} "
                    f"| {usage.peak / 1e6:.0f} | {reading.together / 1e6:.0f} |",
                    flush=True,
                )
    except (CorpusError, MeasureError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
