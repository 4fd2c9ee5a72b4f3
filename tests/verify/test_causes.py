"""The cause of a difference, decided from two records alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from torchdet.verify.comparison.causes import in_environments, judge
from torchdet.verify.comparison.divergence import (
    Cause,
    Divergence,
    EnvironmentChange,
    Observed,
    Place,
)
from torchdet.verify.trace.records import (
    Frame,
    OperationFlag,
    OperationRecord,
    Phase,
    Seeding,
    Site,
    SiteKind,
)

RECORD = OperationRecord(
    site=1, origin=0, step=1, layout=5, flags=0, arguments=6, inputs=7, outputs=8
)


def observed(
    record: OperationRecord = RECORD,
    kind: SiteKind = SiteKind.OPERATION,
    name: str = "aten.mm",
    seeding: Seeding | None = None,
) -> Observed:
    return Observed(0, record, Site(name, kind, Phase.FORWARD, ()), None, seeding)


@pytest.mark.parametrize(
    ("change", "kind", "flags", "cause"),
    [
        ({"outputs": 0}, SiteKind.OPERATION, OperationFlag.NONE, Cause.OPERATION),
        ({"outputs": 0}, SiteKind.RANDOM, OperationFlag.NONE, Cause.OPERATION),
        ({"arguments": 0, "outputs": 0}, SiteKind.RANDOM, OperationFlag.NONE, Cause.RANDOM),
        ({"arguments": 0}, SiteKind.OPERATION, OperationFlag.NONE, Cause.INPUT),
        ({"outputs": 0}, SiteKind.ENTRY, OperationFlag.NONE, Cause.INPUT),
        ({"inputs": 0, "outputs": 0}, SiteKind.ENTRY, OperationFlag.NONE, Cause.INPUT),
        ({"inputs": 0}, SiteKind.REGION, OperationFlag.NONE, Cause.INPUT),
        ({"layout": 0}, SiteKind.OPERATION, OperationFlag.NONE, Cause.CONTROL_FLOW),
        ({"inputs": 0}, SiteKind.OPERATION, OperationFlag.NONE, Cause.MEMORY),
        ({"inputs": 0, "outputs": 0}, SiteKind.OPERATION, OperationFlag.UNINITIALISED,
         Cause.MEMORY),
        ({"outputs": 0}, SiteKind.OPERATION, OperationFlag.UNINITIALISED, Cause.MEMORY),
        ({"inputs": 0}, SiteKind.OPERATION, OperationFlag.RECEIVED, Cause.COMMUNICATION),
        ({"outputs": 0}, SiteKind.COLLECTIVE, OperationFlag.NONE, Cause.COMMUNICATION),
    ],
)  # fmt: skip
def test_each_cause(
    change: dict[str, int], kind: SiteKind, flags: OperationFlag, cause: Cause
) -> None:
    record = RECORD._replace(flags=int(flags))
    judgement = judge(observed(record, kind), observed(record._replace(**change), kind))
    assert judgement is not None
    assert judgement.cause is cause


def test_another_operation_is_control_flow() -> None:
    judgement = judge(observed(), observed(name="aten.add"))
    assert judgement is not None
    assert judgement.cause is Cause.CONTROL_FLOW
    assert "aten.mm" in judgement.detail
    assert "aten.add" in judgement.detail


def test_memory_that_no_result_depends_on_is_no_difference() -> None:
    record = RECORD._replace(flags=int(OperationFlag.UNINITIALISED))
    assert judge(observed(record), observed(record._replace(inputs=0))) is None


@pytest.mark.parametrize(
    ("seeds", "said"),
    [
        ((None, None), "was never seeded"),
        ((1, 2), "seeded with 1 in the first run and seeded with 2 in the second"),
        ((None, 2), "never seeded in the first run and seeded with 2"),
        ((3, 3), "drawn from differently"),
    ],
)
def test_a_draw_names_the_seeds(seeds: tuple[int | None, int | None], said: str) -> None:
    one, other = (Seeding(0, "the default generator of cpu", seed) for seed in seeds)
    judgement = judge(
        observed(kind=SiteKind.RANDOM, seeding=one),
        observed(RECORD._replace(arguments=0), SiteKind.RANDOM, seeding=other),
    )
    assert judgement is not None
    assert said in judgement.detail


CHANGE = EnvironmentChange("threads", "1", "2")


def divergence(cause: Cause, first: Observed, second: Observed | None) -> Divergence:
    return Divergence(cause, Place("main", "main"), first, second, "what was seen")


@pytest.mark.parametrize("cause", list(Cause))
def test_another_environment_explains_only_what_nothing_else_does(cause: Cause) -> None:
    found = divergence(cause, observed(), observed())
    judged = in_environments(found, [CHANGE])
    if cause is Cause.OPERATION:
        assert judged.cause is Cause.ENVIRONMENT
        assert judged.detail == (
            "what was seen; threads is 1 in the first run and 2 in the second"
        )  # fmt: skip
    else:
        assert judged == found
    assert in_environments(found, []) == found


def test_another_environment_has_torch_choose_another_operation() -> None:
    chosen = divergence(Cause.CONTROL_FLOW, observed(), observed(name="aten.add"))
    assert in_environments(chosen, [CHANGE]).cause is Cause.ENVIRONMENT
    assert in_environments(replace(chosen, second=None), [CHANGE]).cause is Cause.CONTROL_FLOW
    elsewhere = Site("aten.add", SiteKind.OPERATION, Phase.FORWARD, (Frame("a.py", 1, "f"),))
    branched = replace(chosen, second=Observed(0, RECORD, elsewhere))
    assert in_environments(branched, [CHANGE]).cause is Cause.CONTROL_FLOW
