"""``torchdet run``."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import click

from torchdet.cli._output import CommandError
from torchdet.cli._program import Program, ProgramCommand, ProgramForm, program_of
from torchdet.runtime.errors import PolicyError
from torchdet.runtime.policy_choices import Determinism, OnMissing, Precision
from torchdet.runtime.policy_sources import process_policy
from torchdet.runtime.program_start import ProgramSpec

_SEED = 0


@click.command(
    cls=ProgramCommand,
    short_help="Run an unmodified program with deterministic settings and seeds.",
)
@click.option("--seed", type=int, help="Seeds Python, NumPy and torch.  [default: 0]")
@click.option("--redirect", is_flag=True,
              help="Send devices that are not there where TorchDevice's table says.")  # fmt: skip
@click.option("--masquerade", is_flag=True,
              help="Redirect, and answer as a machine with CUDA does.")  # fmt: skip
@click.option("--device", help="The device that must be there: auto, cpu, cuda, cuda:1, mps, ...")
@click.option("--on-missing", type=click.Choice([each.value for each in OnMissing]),
              help="What happens if it is not.")  # fmt: skip
@click.option("--determinism", type=click.Choice([each.value for each in Determinism]),
              help="Whether an operation without a deterministic algorithm raises.")  # fmt: skip
@click.option("--precision", type=click.Choice([each.value for each in Precision]),
              help="How float32 products are computed.")  # fmt: skip
@click.option("--num-threads", type=int, help="Threads in an operation on the CPU.")
@click.option("--num-interop-threads", type=int, help="Operations side by side on the CPU.")
@click.option("--fill-uninitialized-memory/--leave-uninitialized-memory", default=None,
              help="Whether torch.empty is filled.")  # fmt: skip
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def run(
    context: click.Context,
    seed: int | None,
    redirect: bool,
    masquerade: bool,
    device: str | None,
    on_missing: str | None,
    determinism: str | None,
    precision: str | None,
    num_threads: int | None,
    num_interop_threads: int | None,
    fill_uninitialized_memory: bool | None,
    words: tuple[str, ...],
) -> None:
    """Run a program, unchanged, under the runtime's policy.

    Every setting is made and read back before the program's first line, in its children and workers
    too, and generators are seeded. Options win over the environment and over the configuration
    file beside the program. When a process ends, settings that no longer hold are named with the
    line that changed them. The exit code is the program's; 2 if it may not run under the policy.
    """
    program = program_of(context, words)
    mode = "masquerade" if masquerade else "honest" if redirect else ""
    if mode and on_missing is None:
        on_missing = OnMissing.REDIRECT.value
    given = {
        "seed": seed,
        "device": device,
        "on_missing": on_missing,
        "determinism": determinism,
        "precision": precision,
        "num_threads": num_threads,
        "num_interop_threads": num_interop_threads,
        "fill_uninitialized_memory": fill_uninitialized_memory,
    }
    try:
        chosen = process_policy(
            {name: value for name, value in given.items() if value is not None},
            search_from=_folder(program),
        )
    except PolicyError as error:
        raise CommandError(f"the policy cannot be read: {error}") from None
    if chosen.seed is None:
        chosen = replace(chosen, seed=_SEED)
    environment = ProgramSpec(chosen, redirection=mode).environment(os.environ)
    _become(program, environment)


def _folder(program: Program) -> Path:
    """Where the policy's file is looked for."""
    if program.form is ProgramForm.SCRIPT:
        return Path(program.words[0]).resolve().parent
    return Path.cwd()


def _become(program: Program, environment: dict[str, str]) -> None:
    """Let the program take this process's place, so that signals and the terminal are its own."""
    command = program.command()
    sys.stdout.flush()
    try:
        if os.name == "posix":
            os.execvpe(command[0], command, environment)  # noqa: S606 -- the user's program
        sys.exit(subprocess.call(command, env=environment))  # noqa: S603
    except OSError as error:
        raise CommandError(f"{command[0]}: {error.strerror or error}") from None
