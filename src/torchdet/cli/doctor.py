"""`torchdet doctor`: what the runtime sees, decides and sets in this environment."""

from __future__ import annotations

from pathlib import Path

import click

from torchdet.cli._exit import Exit
from torchdet.cli._output import CommandError, write_text
from torchdet.report.characters import json_text, printable
from torchdet.runtime.decision import Ready, Rejected
from torchdet.runtime.devices import CPU
from torchdet.runtime.diagnosis import Diagnosis, diagnose
from torchdet.runtime.errors import PolicyError
from torchdet.runtime.facts import RuntimeFacts, TorchPresent
from torchdet.runtime.settings import SettingState


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON document.")
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Show the facts, the decision, each setting as it reads back, and what to do.

    The policy is that of a process started in the current folder. Exits with 0 if torch may run
    under it, 1 if it is rejected, and 2 if the policy itself cannot be read.
    """
    try:
        diagnosis = diagnose(search_from=Path.cwd())
    except PolicyError as error:
        raise CommandError(f"the policy cannot be read: {error}") from None
    write_text(json_text(diagnosis.as_dict()) if as_json else render(diagnosis))
    context.exit(Exit.CLEAN if diagnosis.is_ready else Exit.FINDINGS)


def render(diagnosis: Diagnosis) -> str:
    """Return the diagnosis as text for people."""
    sections = [
        ("facts", _fact_lines(diagnosis.facts)),
        ("policy", _policy_lines(diagnosis)),
        ("settings", _setting_lines(diagnosis.settings)),
        ("decision", _decision_lines(diagnosis.decision)),
        ("advice", list(diagnosis.advice)),
    ]
    blocks = (
        "".join([f"{title}\n", *(f"  {printable(line)}\n" for line in lines)])
        for title, lines in sections
        if lines
    )
    return "\n".join(blocks)


def _fact_lines(facts: RuntimeFacts) -> list[str]:
    """Return the facts, one a line."""
    return [
        f"python        {facts.python_version} on {facts.platform}",
        *_torch_lines(facts),
        f"process       {_role(facts)}, thread {facts.thread.name}, {facts.cpu_count} CPUs",
        *[
            f"environment   {each.name}={each.now}"
            + ("" if each.now == each.at_start else f" (at start: {each.at_start})")
            for each in facts.environment.variables
            if each.now is not None or each.at_start is not None
        ],
    ]


def _policy_lines(diagnosis: Diagnosis) -> list[str]:
    """Return the policy's fields, each with the source that gave it."""
    given = {name: source.name for source in reversed(diagnosis.sources) for name in source.values}
    return [
        f"{name:<26} {_shown(value):<10} {given.get(name, 'default')}"
        for name, value in diagnosis.policy.as_dict().items()
    ]


def _setting_lines(settings: tuple[SettingState, ...]) -> list[str]:
    """Return each setting as it reads back, and whether that is what the policy wants."""
    return [
        f"{state.status.value:<10} {state.name} = {state.actual!r}"
        + ("" if state.actual == state.wanted else f" (wanted {state.wanted!r})")
        for state in settings
    ]


def _decision_lines(decision: Ready | Rejected) -> list[str]:
    """Return the decision, with the remedy of every reason if it is a rejection."""
    if isinstance(decision, Ready):
        moved = [f"{each.requested} -> {each.given}" for each in decision.substitutions]
        alone = decision.policy.device == "auto" and decision.device == CPU
        reason = ", because no accelerator was found" if alone else ""
        return [f"ready on {decision.device}{reason}", *moved]
    lines = ["rejected"]
    for each in decision.rejections:
        lines += [f"[{each.reason.value}] {each.message}", f"    remedy: {each.remedy}"]
    return lines


def _torch_lines(facts: RuntimeFacts) -> list[str]:
    torch = facts.torch
    if not isinstance(torch, TorchPresent):
        return [f"torch         none ({torch.detail})"]
    lines = [
        f"torch         {torch.version}, {torch.cpu_capability}, "
        f"{torch.num_threads} + {torch.num_interop_threads} threads"
    ]
    if torch.cuda is not None:
        name = "ROCm" if torch.cuda.is_rocm else "CUDA"
        lines.append(
            f"{name:<13} {torch.cuda.toolkit}, driver {torch.cuda.driver}, "
            f"cuDNN {torch.cuda.cudnn_version}"
        )
    for each in torch.accelerators:
        size = "" if each.total_memory is None else f", {each.total_memory / 2**30:.1f} GiB"
        lines.append(f"accelerator   {each.type}:{each.index} {each.name or 'unnamed'}{size}")
    return lines if torch.accelerators else [*lines, "accelerator   none"]


def _role(facts: RuntimeFacts) -> str:
    rank = facts.distributed
    place = "" if rank is None else f", rank {rank.rank} of {rank.world_size}"
    return f"{type(facts.process).__name__}{place}"


def _shown(value: object) -> str:
    if value is None:
        return "unset"
    return str(value).lower() if isinstance(value, bool) else str(value)
