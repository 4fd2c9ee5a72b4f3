"""Why two operations at the same place of two runs differ. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from torchdet.verify.comparison.divergence import Cause, Divergence, EnvironmentChange, Observed
from torchdet.verify.trace.records import OperationFlag, OperationRecord, SiteKind


@dataclass(frozen=True, slots=True)
class Judgement:
    """A cause, and a sentence that says what was seen."""

    cause: Cause
    detail: str


def judge(first: Observed, second: Observed) -> Judgement | None:
    """The cause of the difference between two operations before which everything was equal.

    None where they agree in all that counts: memory that was never written may hold anything as
    long as no result depends on it.
    """
    one, other = first.record, second.record
    if not _is_same_call(first, second):
        return Judgement(Cause.CONTROL_FLOW, _went_on(first, second))
    if one.layout != other.layout:
        return Judgement(Cause.CONTROL_FLOW, f"`{first.site.operation}` got or gave other shapes")
    if one.arguments != other.arguments:
        return _judge_arguments(first, second)
    if first.site.kind is SiteKind.ENTRY and (one.inputs, one.outputs) != (
        other.inputs,
        other.outputs,
    ):
        return Judgement(Cause.INPUT, "a value that became a tensor here differs")
    if one.inputs != other.inputs:
        return _judge_inputs(first, second)
    return _judge_outputs(first, second) if one.outputs != other.outputs else None


def in_environments(found: Divergence, changes: Sequence[EnvironmentChange]) -> Divergence:
    """``found``, with the environment as its cause where that changed and nothing else explains it.

    An operation that gives other values for equal inputs has no other explanation, nor has torch
    when it goes another way from the same line of the program. All other causes are reasons of
    their own.
    """
    if not changes or not (found.cause is Cause.OPERATION or _torch_went_another_way(found)):
        return found
    changed = ", ".join(map(str, changes))
    return replace(found, cause=Cause.ENVIRONMENT, detail=f"{found.detail}; {changed}")


def _torch_went_another_way(found: Divergence) -> bool:
    one, other = found.first, found.second
    if found.cause is not Cause.CONTROL_FLOW or one is None or other is None:
        return False
    return one.site.operation != other.site.operation and one.site.stack == other.site.stack


def _is_same_call(first: Observed, second: Observed) -> bool:
    one, other = first.site, second.site
    return (one.operation, one.phase, one.kind) == (other.operation, other.phase, other.kind)


def _judge_arguments(first: Observed, second: Observed) -> Judgement:
    if first.site.kind is SiteKind.RANDOM:
        return Judgement(Cause.RANDOM, _seeds(first, second))
    return Judgement(Cause.INPUT, f"a number that was handed to `{first.site.operation}` differs")


def _judge_inputs(first: Observed, second: Observed) -> Judgement | None:
    flags = _flags(first.record, second.record)
    if flags & OperationFlag.RECEIVED:
        return Judgement(Cause.COMMUNICATION, _received(first))
    if flags & OperationFlag.UNINITIALISED:
        if first.record.outputs == second.record.outputs:
            return None
        return Judgement(
            Cause.MEMORY, f"`{first.site.operation}` reads memory that was never written"
        )
    if flags & OperationFlag.SENT:
        return Judgement(Cause.INPUT, "what another process sent differs")
    if first.site.kind in (SiteKind.REGION, SiteKind.MODULE):
        return Judgement(Cause.INPUT, f"what enters `{first.site.operation}` differs")
    return Judgement(
        Cause.MEMORY,
        f"an input of `{first.site.operation}` has changed since torch last wrote it",
    )


def _judge_outputs(first: Observed, second: Observed) -> Judgement:
    name, kind = first.site.operation, first.site.kind
    if kind is SiteKind.COLLECTIVE:
        return Judgement(Cause.COMMUNICATION, f"`{name}` received other values")
    flags = _flags(first.record, second.record)
    if flags & OperationFlag.RECEIVED:
        return Judgement(Cause.COMMUNICATION, _received(first))
    if flags & OperationFlag.UNINITIALISED and kind is not SiteKind.RANDOM:
        return Judgement(Cause.MEMORY, f"`{name}` changes memory that was never written")
    return Judgement(Cause.OPERATION, f"`{name}` gave other values for equal inputs")


def _flags(one: OperationRecord, other: OperationRecord) -> OperationFlag:
    return OperationFlag(one.flags | other.flags)


def _received(observed: Observed) -> str:
    name = observed.origin.operation if observed.origin else "a collective"
    return f"what `{name}` brought from other ranks differs"


def _went_on(first: Observed, second: Observed) -> str:
    return f"the first run went on with {_call(first)}, the second with {_call(second)}"


def _call(observed: Observed) -> str:
    at = observed.site.location
    place = "" if at is None else f" at {at.filename}:{at.row}"
    return f"`{observed.site.operation}`{place}"


def _seeds(first: Observed, second: Observed) -> str:
    one, other = first.seeding, second.seeding
    if one is None or other is None:
        return "the generator stood elsewhere, and what it was seeded with is not known"
    if one.seed is None and other.seed is None:
        return f"{one.generator} was never seeded"
    seeds = [
        "never seeded" if each.seed is None else f"seeded with {each.seed}" for each in (one, other)
    ]
    if one.seed == other.seed:
        return f"{one.generator} was {seeds[0]} in both runs, but has been drawn from differently"
    return f"{one.generator} was {seeds[0]} in the first run and {seeds[1]} in the second"
