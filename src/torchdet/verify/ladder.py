"""Runs a program twice and goes down from steps to the operation at which the runs part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from torchdet.read_file import read_file
from torchdet.verify.aftermath import Aftermath, read_aftermath
from torchdet.verify.comparison.causes import in_environments
from torchdet.verify.comparison.divergence import Cause, Divergence, StepDivergence
from torchdet.verify.comparison.run_comparison import RunComparison
from torchdet.verify.descent import next_window
from torchdet.verify.program_run import FinishedRun, Starter, run_program, start_program
from torchdet.verify.recording_spec import CaptureTarget, Level, RecordingSpec, Window
from torchdet.verify.trace.captured_place import AFTERMATH_STEPS, CapturedPlace, aftermath_file
from torchdet.verify.trace.trace_reader import RunTrace
from torchdet.verify.value_difference import difference_of_files
from torchdet.verify.verdict import CapturedDetail, Finding, Recorded, Verdict, VerifyError

_DESCENTS = 6
"""How often the steps to look into are chosen."""


@dataclass(frozen=True)
class Verification:
    """What to verify and how.

    ``level`` None goes down by itself. ``say`` is told what is being done. ``folder`` is empty, and
    gets the traces. ``start`` starts the program, and ``start_other``, where it is given, the runs
    that are compared with the first, under other conditions. ``with_aftermath`` follows a
    difference for some steps.
    """

    command: Sequence[str]
    folder: Path
    level: Level | None = None
    runs: int = 2
    keep_going: bool = False
    eager: bool = False
    against: RunTrace | None = None
    say: Callable[[str], None] = field(default=lambda _text: None)
    start: Starter = start_program
    start_other: Starter | None = None
    with_aftermath: bool = False

    def verify(self) -> Verdict:
        """Run and compare. Raises ``VerifyError``."""
        first = self.first_run() if self.against is None else self.against
        level = self.level or Level.STEP
        if self.level is None or self.against is not None:
            level = Level.OPERATION if first.count_operations() else Level.STEP
        comparison = None
        for number in range(1 if self.against is not None else 2, self.runs + 1):
            comparison, differs = self._compared_run(f"run {number}", first, level)
            if differs:
                return self._diverged(first, comparison, number)
        assert comparison is not None
        environment = comparison.environment_changes()
        return Verdict(self.runs, recorded(first), environment)

    def first_run(self) -> RunTrace:
        """The run that others are compared with. Raises ``VerifyError``."""
        first = self._whole_run("run 1", self.level or Level.STEP)
        if self.level is None and not first.count_steps():
            self.say("no optimizer makes a step: every operation is recorded")
            first = self._whole_run("run 1, operations", Level.OPERATION)
        if not first.processes():
            raise VerifyError(_NOTHING)
        return first

    def record(self) -> RunTrace:
        """Run once and return the trace. Raises ``VerifyError``."""
        spec = RecordingSpec("", self.level or Level.OPERATION)
        trace = _succeeded(self._run("run 1", spec), self.command)
        if not trace.processes():
            raise VerifyError(_NOTHING)
        return trace

    def _spec(self, level: Level) -> RecordingSpec:
        # Where every operation of a long run is asked for, nearly all that goes in has come out
        # before: the values of the one that differs tell the rest.
        return RecordingSpec("", level, inputs=self.level is None or self.against is not None)

    def _whole_run(self, name: str, level: Level) -> RunTrace:
        return _succeeded(self._run(name, self._spec(level)), self.command)

    def _compared_run(self, name: str, first: RunTrace, level: Level) -> tuple[RunComparison, bool]:
        """Run once more beside ``first``, until the end or the first difference."""
        comparison, finished = self._beside(name, first, self._spec(level))
        if finished.status is None or comparison.finish():
            return comparison, True
        _succeeded(finished, self.command)
        return comparison, False

    def _diverged(self, first: RunTrace, comparison: RunComparison, runs: int) -> Verdict:
        environment = comparison.environment_changes()
        verdict = Verdict(runs, recorded(first), environment)
        if comparison.divergences:
            return self._located(verdict, comparison.divergences, None)
        step = comparison.step_divergences[0]
        verdict = replace(verdict, step=step)
        return verdict if self.level is Level.STEP else self._descended(verdict, first, step)

    def _descended(self, verdict: Verdict, first: RunTrace, step: StepDivergence) -> Verdict:
        """Record the operations of the step that differs, in two more runs."""
        stepped = tuple(key for key, process in first.processes().items()
                        if any(each.steps().read(finished=True)
                               for each in process.streams().values()))  # fmt: skip
        window: Window | None = Window(step.step, step.step)
        for attempt in range(1, _DESCENTS + 1):
            assert window is not None
            self.say(f"{_steps(window)}: operations are recorded")
            spec = RecordingSpec("", Level.OPERATION, window=window, stepped=stepped)
            name = f"{_steps(window)}, attempt {attempt}"
            one = self._run(f"{name}, run 1", spec, until_after=window.last).trace
            comparison, _ = self._beside(f"{name}, run 2", one, spec, until_after=window.last)
            ended_early = comparison.differs and not self.keep_going
            comparison.finish(complete=() if ended_early else stepped)
            window = next_window(window, comparison)
            if comparison.divergences and (window is None or attempt == _DESCENTS):
                seen = replace(verdict, step=_earliest(comparison, step))
                return self._located(seen, comparison.divergences, spec)
        return verdict

    def _located(
        self, verdict: Verdict, found: Sequence[Divergence], spec: RecordingSpec | None
    ) -> Verdict:
        """Complete the first difference by values and places from two more runs."""
        detail, aftermath = self._captured(found[0], spec)
        seen = [_with_inputs_seen(found[0], detail), *found[1:]]
        first, *also = [in_environments(each, verdict.environment) for each in seen]
        return replace(
            verdict,
            first=Finding(first, detail), also=tuple(map(Finding, also)), aftermath=aftermath,
        )  # fmt: skip

    def _captured(
        self, found: Divergence, spec: RecordingSpec | None
    ) -> tuple[CapturedDetail | None, Aftermath | None]:
        if found.first is None or found.second is None:
            return None, None
        self.say("the values are captured")
        observed = found.first
        origin = observed.record.origin - 1 if observed.record.origin else None
        target = CaptureTarget(
            found.place.process, found.place.stream, observed.sequence, origin, self.with_aftermath
        )
        base = spec or RecordingSpec("", Level.OPERATION)
        folders = []
        for number in (1, 2):
            start = self.start if number == 1 else self.start_other
            run = self._run(
                f"capture {number}", replace(base, capture=target), until_captured=True, start=start
            )
            folders.append(run.trace.folder)
        return _detail(*folders), read_aftermath(*folders) if self.with_aftermath else None

    def _beside(
        self, name: str, first: RunTrace, spec: RecordingSpec, until_after: int | None = None
    ) -> tuple[RunComparison, FinishedRun]:
        spec = replace(spec, folder=str(self._folder(name)))
        second = RunTrace(Path(spec.folder))
        comparison = RunComparison(first, second, keep_going=self.keep_going)

        def enough() -> bool:
            differs = comparison.advance()
            ends = until_after is not None and _is_after(second, until_after)
            return ends or (differs and not self.keep_going)

        self.say(name)
        spec = replace(spec, eager=self.eager)
        start = self.start_other or self.start
        finished = run_program(self.command, spec, enough=enough, start=start)
        return comparison, finished

    def _run(
        self,
        name: str,
        spec: RecordingSpec,
        *,
        until_after: int | None = None,
        until_captured: bool = False,
        start: Starter | None = None,
    ) -> FinishedRun:
        folder = self._folder(name)
        trace = RunTrace(folder)
        last_captured = aftermath_file(AFTERMATH_STEPS) if self.with_aftermath else "outputs.pt"

        def enough() -> bool:
            if until_captured:
                return (folder / last_captured).exists()
            return until_after is not None and _is_after(trace, until_after)

        self.say(name)
        spec = replace(spec, folder=str(folder), eager=self.eager)
        return run_program(self.command, spec, enough=enough, start=start or self.start)

    def _folder(self, name: str) -> Path:
        return self.folder / name.replace(", ", "-").replace(" ", "-")


def recorded(trace: RunTrace) -> Recorded:
    """How much a trace holds."""
    return Recorded(trace.count_operations(), trace.count_steps(), len(trace.processes()))


_NOTHING = (
    "nothing was recorded: the program ran no operation of torch in a Python that torchdet is "
    "installed for"
)


def _succeeded(run: FinishedRun, command: Sequence[str]) -> RunTrace:
    if run.status != 0:
        status = f"was ended by signal {-run.status}" if run.status and run.status < 0 else (
            f"exited with {run.status}")  # fmt: skip
        raise VerifyError(f"the program failed: `{' '.join(command)}` {status}")
    return run.trace


def _steps(window: Window) -> str:
    last = window.last
    return f"step {last}" if window.first == last else f"steps {window.first} to {last}"


def _is_after(trace: RunTrace, step: int) -> bool:
    """Whether every process that makes steps has made this one."""
    last = list(_last_steps(trace))
    return bool(last) and min(last) >= step


def _last_steps(trace: RunTrace) -> Iterator[int]:
    for process in trace.processes().values():
        for stream in process.streams().values():
            steps = list(stream.all_steps())
            if steps:
                yield steps[-1].step


def _earliest(comparison: RunComparison, otherwise: StepDivergence) -> StepDivergence:
    return comparison.step_divergences[0] if comparison.step_divergences else otherwise


def _detail(first: Path, second: Path) -> CapturedDetail | None:
    target = _place(first / "target.json")
    if target is None:
        return None
    forward = _place(first / "forward.json") or target
    entering = difference_of_files(first / "inputs.pt", second / "inputs.pt")
    leaving = difference_of_files(first / "outputs.pt", second / "outputs.pt")
    nearest = target if target.is_called_by_program else forward
    return CapturedDetail(
        nearest.stack, forward.module, leaving or entering, entering is not None
    )  # fmt: skip


def _place(path: Path) -> CapturedPlace | None:
    return CapturedPlace.from_text(read_file(path)) if path.exists() else None


def _with_inputs_seen(found: Divergence, detail: CapturedDetail | None) -> Divergence:
    """The cause once it is known what went in: equal numbers before do not mean equal memory."""
    if found.cause is not Cause.OPERATION or detail is None or not detail.inputs_differ:
        return found
    text = f"an input of `{found.observed.site.operation}` has changed since torch last wrote it"
    return replace(found, cause=Cause.MEMORY, detail=text)


def compare_traces(one: RunTrace, other: RunTrace, *, keep_going: bool = False) -> Verdict:
    """Compare two finished runs, without running anything."""
    comparison = RunComparison(one, other, keep_going=keep_going)
    comparison.finish()
    verdict = Verdict(2, recorded(one), comparison.environment_changes())
    if comparison.step_divergences:
        verdict = replace(verdict, step=comparison.step_divergences[0])
    if comparison.divergences:
        first, *also = [
            Finding(in_environments(each, verdict.environment)) for each in comparison.divergences
        ]
        verdict = replace(verdict, first=first, also=tuple(also))
    return verdict
