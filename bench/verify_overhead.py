"""What ``torchdet verify`` costs a small GPT: each way of watching beside eager, in turns.

    python bench/verify_overhead.py                 # a table of CPU seconds a step
    python bench/verify_overhead.py --memory 10000  # memory over many steps at level operation

CPU time is measured, not the clock's, and rounds are interleaved, so that a busy machine disturbs
little. msProbe is measured where it is installed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from torchdet.verify.program_run import program_environment
from torchdet.verify.recording_spec import Level, RecordingSpec
from torchdet.verify.trace.trace_reader import RunTrace

PROGRAM = Path(__file__).parent / "small_gpt.py"


@dataclass(frozen=True)
class Way:
    """A way of watching the program; ``level`` is None where torchdet does not watch."""

    name: str
    level: Level | None = None
    arguments: tuple[str, ...] = ()


WAYS = (
    Way("eager"),
    Way("torchdet, level step", Level.STEP),
    Way("torchdet, level module", Level.MODULE),
    Way("torchdet, level operation", Level.OPERATION),
    Way("DebugMode with hashes", None, ("--debug-mode",)),
)


@dataclass(frozen=True)
class Measured:
    """What one run of the program said, and how large its trace is for each operation."""

    seconds: float
    memory: tuple[float, ...]
    bytes_each: float | None


def measure(way: Way, arguments: tuple[str, ...]) -> Measured:
    """Run the program once."""
    command = [sys.executable, str(PROGRAM), *way.arguments, *arguments]
    with tempfile.TemporaryDirectory() as folder:
        environment = None
        if way.level is not None:
            environment = program_environment(RecordingSpec(folder, way.level, inputs=False))
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        said = json.loads(run.stdout.splitlines()[-1])
        return Measured(said["seconds"], tuple(said["memory"]), _bytes_each(Path(folder)))


def _bytes_each(folder: Path) -> float | None:
    operations = RunTrace(folder).count_operations()
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return size / operations if operations else None


def table(rounds: int, arguments: tuple[str, ...]) -> Iterator[str]:
    """The lines of a table: the median of the rounds, and how often eager's that is."""
    seconds: dict[str, list[float]] = {way.name: [] for way in WAYS}
    sizes: dict[str, float | None] = {}
    for _ in range(rounds):
        for way in WAYS:
            measured = measure(way, arguments)
            seconds[way.name].append(measured.seconds)
            sizes[way.name] = measured.bytes_each
    eager = statistics.median(seconds["eager"])
    yield f"{'':<28}{'ms a step':>10}{'times eager':>13}{'bytes an operation':>20}"
    for name, each in seconds.items():
        median, size = statistics.median(each), sizes[name]
        shown = "" if size is None else f"{size:.0f}"
        yield f"{name:<28}{median * 1000:>10.1f}{median / eager:>13.2f}{shown:>20}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--memory", type=int, metavar="STEPS", help="memory over so many steps")
    options = parser.parse_args()
    if options.memory is None:
        for line in table(options.rounds, ("--steps", str(options.steps))):
            print(line)
        return
    small = ("--width", "16", "--layers", "1", "--batch", "1", "--length", "8")
    measured = measure(WAYS[3], (*small, "--steps", str(options.memory)))
    print("peak MiB after each tenth:", ", ".join(f"{each:.0f}" for each in measured.memory))


if __name__ == "__main__":
    main()
