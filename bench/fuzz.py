"""Feed torchdet mutated pieces of real files, and collect what no input may cause.

    python bench/fuzz.py fixtures src/torchdet/findings PATH... --seconds 600
    python bench/fuzz.py fixtures timm-1.0.20-py3-none-any.whl --inputs 200000 --seed 7

PATHs are Python files, Markdown with Python blocks, wheels, and folders of these. Each input is a
small project: statements of real files whose bytes, tokens, lines, statements, encoding and nesting
were changed, under odd names, with odd configuration. It goes through `torchdet lint`, `fix` and
`fix --migrate`. A fault is a traceback, an internal error, an exit code that no page names, a run
beyond the limit, a process that dies, a file lost or changed where none should be, and code that
parsed before a fix and no longer does. The first input for each fault is written to `--out`, with
the command that shows it again. The exit code is 1 when there are faults.

One input is known by the corpus, the seed and its number; `--first` goes on where a run ended.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
import resource
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from fuzz_inputs import Corpus, Input, make_input, read_corpus
from fuzz_run import Fault, check, command_line, write

_INPUTS_A_PROCESS = 4000  # a new process now and then tells memory that grows from memory in use
_REPORT_EVERY = 30.0  # seconds
_PATIENCE = 200  # a run that waits takes this many times the limit before it is ended


@dataclass(frozen=True, slots=True)
class Done:
    """One input was run: its faults, CPU seconds, and the memory of the process in MiB."""

    number: int
    kinds: tuple[str, ...]
    faults: tuple[Fault, ...]
    seconds: float
    mebibytes: float


@dataclass
class Figures:
    """What the run has seen so far."""

    seed: int
    started: float = field(default_factory=time.monotonic)
    inputs: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    longest: tuple[float, int] = (0.0, -1)
    largest: tuple[float, int] = (0.0, -1)
    cpu_seconds: float = 0.0

    def add(self, done: Done) -> None:
        """Count one input."""
        self.inputs += 1
        self.kinds.update(done.kinds)
        self.cpu_seconds += done.seconds
        self.longest = max(self.longest, (done.seconds, done.number))
        self.largest = max(self.largest, (done.mebibytes, done.number))

    def text(self) -> str:
        """The figures, for people."""
        kinds = ", ".join(f"{name} {count}" for name, count in sorted(self.kinds.items()))
        lines = [
            f"inputs: {self.inputs} (seed {self.seed}), each through lint, fix and fix --migrate",
            f"mutations: {kinds}",
            f"faults: {sum(self.faults.values())} inputs, {len(self.faults)} causes",
            *(f"  {count} x {key}" for key, count in self.faults.most_common()),
            f"longest: {self.longest[0]:.2f} CPU seconds (input {self.longest[1]})",
            f"peak memory: {self.largest[0]:.0f} MiB (input {self.largest[1]})",
            f"time: {time.monotonic() - self.started:.0f} s, {self.cpu_seconds:.0f} CPU seconds",
        ]
        return "\n".join(lines) + "\n"


def work(
    corpus: Corpus, seed: int, numbers: range, limit: float, results: Connection[object, object]
) -> None:
    """Run the inputs ``numbers``, and send the number of each before and a `Done` after it."""
    for number in numbers:
        results.send(number)
        before = time.process_time()
        # The system ends a process that uses more: it counts work, not the time of a busy machine.
        resource.setrlimit(resource.RLIMIT_CPU, (int(before + limit) + 1, resource.RLIM_INFINITY))
        given = make_input(corpus, seed, number)
        faults = check(given, seed, number)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        seconds = time.process_time() - before
        results.send(Done(number, given.kinds, tuple(faults), seconds, peak))


class Fuzzer:
    """Runs inputs in a process of their own, and outlives what they do to it."""

    def __init__(self, corpus: Corpus, options: argparse.Namespace) -> None:
        self._corpus = corpus
        self._options = options
        self._last_report = time.monotonic()
        self.figures = Figures(options.seed)

    def run(self) -> None:
        """Run until all inputs are done, or the time is over."""
        options = self._options
        number, end = options.first, options.first + options.inputs
        while number < end and not self._is_over():
            number = self._run_process(range(number, min(end, number + _INPUTS_A_PROCESS)))
        self._report()

    def _is_over(self) -> bool:
        return time.monotonic() - self.figures.started > self._options.seconds

    def _run_process(self, numbers: range) -> int:
        """Run ``numbers`` in a process; return the one to go on with."""
        ours, theirs = multiprocessing.Pipe(duplex=False)
        arguments = (self._corpus, self._options.seed, numbers, self._options.limit, theirs)
        process = multiprocessing.get_context("fork").Process(target=work, args=arguments)
        process.start()
        theirs.close()
        current = numbers.start
        try:
            while not self._is_over():
                if not ours.poll(self._options.limit * _PATIENCE):
                    self._note(current, Fault((), "does not end", ""))
                    return current + 1
                message = ours.recv()
                if isinstance(message, Done):
                    self.figures.add(message)
                    for fault in message.faults:
                        self._note(message.number, fault)
                    self._report_now_and_then()
                else:
                    current = message
        except EOFError:  # the process has ended
            process.join()
            if process.exitcode:
                self._note(current, Fault((), _end(process.exitcode), ""))
                return current + 1
            return numbers.stop
        finally:
            process.kill()
            process.join()
        return current

    def _note(self, number: int, fault: Fault) -> None:
        self.figures.faults[fault.key] += 1
        if self.figures.faults[fault.key] == 1:
            given = make_input(self._corpus, self._options.seed, number)
            name = re.sub(r"\W+", "-", fault.key).strip("-")[:60]
            write_reproducer(self._options.out / f"{number}-{name}", number, given, fault)
            print(f"input {number}: {fault.key}", flush=True)

    def _report_now_and_then(self) -> None:
        if time.monotonic() - self._last_report > _REPORT_EVERY:
            self._last_report = time.monotonic()
            self._report()

    def _report(self) -> None:
        if self._options.figures is not None:
            self._options.figures.write_text(self.figures.text(), encoding="utf-8")


def _end(code: int) -> str:
    if -code == signal.SIGXCPU:
        return "takes longer than the limit"
    return f"the process ended with {code}"


def write_reproducer(folder: Path, number: int, given: Input, fault: Fault) -> None:
    """Write what shows ``fault`` again."""
    (folder / "files").mkdir(parents=True, exist_ok=True)
    write(given, folder / "files")
    about = {
        "number": number,
        "kinds": given.kinds,
        "fault": fault.key,
        "command": command_line(fault.command) if fault.command else "any",
    }
    (folder / "about.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    (folder / "output.txt").write_text(fault.output, encoding="utf-8", errors="replace")


def main() -> int:
    """Run the fuzzer from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--inputs", type=int, default=10**9, help="how many at most")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="for how long at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="the number of the first input")
    parser.add_argument("--limit", type=float, default=10.0, help="CPU seconds for an input")
    parser.add_argument("--out", type=Path, default=Path("fuzz-out"), help="for reproducers")
    parser.add_argument("--figures", type=Path, help="a file that holds the figures meanwhile")
    options = parser.parse_args()
    options.out, options.figures = (
        options.out.resolve(),
        options.figures and options.figures.resolve(),
    )
    os.environ["NO_COLOR"] = "1"
    try:
        corpus = read_corpus(options.paths)
    except ValueError as error:
        parser.error(str(error))
    print(f"{len(corpus.pieces)} pieces", flush=True)
    fuzzer = Fuzzer(corpus, options)
    try:
        fuzzer.run()
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    print(fuzzer.figures.text(), end="")
    return 1 if fuzzer.figures.faults else 0


if __name__ == "__main__":
    sys.exit(main())
