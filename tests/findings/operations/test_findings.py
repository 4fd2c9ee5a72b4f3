"""Each row of the catalogue that raises against the rule: its call is found, its neighbour not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.findings.operations.calls import arguments, given_for
from tests.rows import every_row
from torchdet.engine.check import check_bytes
from torchdet.engine.settings import CheckSettings
from torchdet.findings.registry import all_rules
from torchdet.model.config import LintConfig
from torchdet.model.diagnostic import Confidence, Diagnostic
from torchdet.torch_api.condition_language import can_be_told
from torchdet.torch_api.operations import (
    Behaviour,
    IfUnknown,
    Operation,
    OperationKind,
    operations,
)
from torchdet.torch_api.signatures import signature_of

(RULE,) = (rule for rule in all_rules() if rule.code == "DET401")
KINDS = {OperationKind.FUNCTIONAL, OperationKind.MODULE, OperationKind.OPERATION}
RAISING = [
    operation
    for operation in operations().values()
    if operation.behaviour is Behaviour.ERRORS and operation.kind in KINDS
]
TOLD_BY_A_RUN_ONLY = {
    "flex_attention": "the backend is chosen by the size of the block mask",
    "resize_ quantized": "a quantized tensor looks like any other",
    "scatter reduce=add integral": "the data type is that of the tensors",
}
HARMLESS = {
    "avg_pool3d": ("torch.nn.AvgPool2d(2)", "torch.nn.functional.avg_pool2d(x, 2)"),
    "lp_pool3d": ("torch.nn.LPPool2d(2, 3)", "torch.nn.functional.lp_pool2d(x, 2, 3)"),
    "adaptive_max_pool1d": ("torch.nn.MaxPool1d(2)", "x.amax(-1)"),
    "adaptive_max_pool2d": ("torch.nn.MaxPool2d(2)", "torch.nn.functional.max_pool2d(x, 2)"),
    "ctc_loss": ("torch.nn.CTCLoss", "torch.nn.GaussianNLLLoss()"),
    "deform_conv2d/ps_roi (xpu)": ("torchvision.ops.nms(x, x, 0.5)",),
    "fractional_max_pool2d": ("torch.nn.MaxPool2d(2)", "torch.nn.functional.max_pool2d(x, 2)"),
    "fractional_max_pool3d": ("torch.nn.MaxPool2d(2)", "torch.nn.functional.max_pool2d(x, 2)"),
    "gather/index backward (mps)": ("torch.take_along_dim(x, x, 0)", "x.index_fill(0, x, 1)"),
    "grid_sample": ("torch.nn.functional.affine_grid(x, (1, 2, 3, 4))",),
    "histc": ("torch.histc(x.long())", "x.int().histc()", "torch.histc(expert_ids)"),
    "histogramdd": ("torch.bincount(x)",),
    "index_add (mps)": ("x.index_fill(0, x, 1)", "torch.index_fill(x, 0, x, 1)"),
    "index_reduce": ("x.scatter_reduce(0, x, x, 'amax')", "x.amax(0)"),
    "kthvalue (before 2.10)": ("x.sort()", "torch.sort(x)"),
    "kthvalue (mps)": ("x.sort()", "torch.sort(x)"),
    "kthvalue (xpu)": ("x.sort()", "torch.sort(x)"),
    "max_unpool": ("torch.nn.functional.interpolate(x, mode='nearest')", "torch.nn.MaxPool2d(2)"),
    "replication_pad direct": ("torch.nn.functional.pad(x, (1, 1), mode='replicate')",),
    "scatter_reduce (mps)": ("x.scatter_reduce(0, x, x, 'amax')",),
    "take backward": ("x.flatten()[x]", "torch.gather(x, 0, x)", "numpy.take(x, x)"),
    "torchvision deform_conv2d": ("torchvision.ops.nms(x, x, 0.5)",),
    "torchvision roi_pool/ps_roi": ("torchvision.ops.roi_align(x, x, 7)",),
    "upsample_bilinear2d/trilinear3d direct": ("torch._C._nn.upsample_nearest2d(x, (2, 2))",),
}
"""Where no argument makes the difference: the calls that people take for the same."""
MODEL = """
import numpy
import torch
import torch.nn.attention.flex_attention
import torchvision


class Model(torch.nn.Module):
    def forward(self, x: torch.Tensor, a):
        return {call}
"""


def check(call: str, *devices: str, oldest: tuple[int, int] = (2, 6)) -> list[Diagnostic]:
    config = LintConfig(target_devices=devices, torch_version=oldest)
    source = MODEL.format(call=call)
    report = check_bytes("model.py", source.encode(), CheckSettings((RULE,), config, "model"))
    assert not report.failed, source
    return list(report.diagnostics)


def device_of(operation: Operation) -> str:
    """A device that the row is about."""
    value = operation.devices[0].value
    return "cuda" if value == "any" else str(value)


def speaks_of(operation: Operation, finding: Diagnostic) -> bool:
    always = operation.when.startswith("always")
    return operation.instead in finding.message and (always or operation.when in finding.message)


def called(spelling: str, argument_list: str) -> str:
    """The text of a call; methods are called on a tensor."""
    method = spelling.removeprefix("torch.Tensor.")
    name = f"x.{method}" if method != spelling else spelling
    return f"{name}({argument_list})"


def cases(*, holds: bool) -> Iterator[tuple[Operation, str]]:
    for operation in RAISING:
        for spelling in operation.spellings:
            signature = signature_of(spelling)
            given = given_for(operation.condition, signature, holds=holds)
            if given is None or spelling.endswith("__"):
                continue
            for argument_list in dict.fromkeys(arguments(signature, given)):
                yield operation, called(spelling, argument_list)


FOUND = list(cases(holds=True))
NEIGHBOURS = list(cases(holds=False))


def named(row: tuple[Operation, str]) -> str:
    operation, call = row
    return f"{operation.name}: {call}"


@every_row(FOUND, name=named)
def test_a_call_that_meets_the_condition_is_found(row: tuple[Operation, str]) -> None:
    operation, call = row
    findings = check(call, device_of(operation))
    assert len(findings) == 1, call
    assert findings[0].message.startswith("`torch")
    if speaks_of(operation, findings[0]):
        return
    others = [row for row in RAISING if speaks_of(row, findings[0])]
    assert any(set(row.spellings) & set(operation.spellings) for row in others), findings[0].message


@every_row(NEIGHBOURS, name=named)
def test_the_neighbouring_call_is_not_found(row: tuple[Operation, str]) -> None:
    operation, call = row
    assert not [each for each in check(call, device_of(operation)) if speaks_of(operation, each)]


@every_row([(name, call) for name, calls in HARMLESS.items() for call in calls])
def test_the_harmless_call_is_not_found(row: tuple[str, str]) -> None:
    name, call = row
    assert check(call, device_of(operations()[name])) == []


@every_row(RAISING, name=lambda each: each.name)
def test_every_row_that_raises_is_tested(operation: Operation) -> None:
    if operation.name in TOLD_BY_A_RUN_ONLY:
        assert not can_be_told(operation.condition)
        assert operation.if_unknown is IfUnknown.SILENT
        return
    assert any(row is operation for row, _ in FOUND)
    assert operation.name in HARMLESS or any(row is operation for row, _ in NEIGHBOURS)


@every_row(RAISING, name=lambda each: each.name)
def test_other_devices_are_not_spoken_of(operation: Operation) -> None:
    wanted = {device.value for device in operation.devices}
    other = next((name for name in ("cpu", "cuda", "mps", "xpu") if name not in wanted), None)
    if other is None or "any" in wanted:
        pytest.skip("every device is meant")
    for row, call in FOUND:
        if row is operation:
            assert not [each for each in check(call, other) if speaks_of(operation, each)]


@every_row([row for row in RAISING if row.until], name=lambda each: each.name)
def test_what_raises_in_older_releases_only_is_not_reported_for_newer_ones(
    operation: Operation,
) -> None:
    call = next(call for row, call in FOUND if row is operation)
    assert operation.until is not None
    device = device_of(operation)
    before = (operation.until[0], operation.until[1] - 1)
    assert any(speaks_of(operation, each) for each in check(call, device, oldest=before))
    assert not check(call, device, oldest=operation.until)


def test_without_target_devices_it_speaks_of_cuda_and_the_cpu() -> None:
    assert "CUDA" in check("torch.median(x, dim=0)")[0].message
    assert "on the CPU and CUDA" in check("torch.nn.MaxUnpool2d(2)")[0].message
    assert check("torch.index_add(x, 0, x, x)") == []


def test_devices_of_several_rows_are_named_together() -> None:
    (finding,) = check("torch.kthvalue(x, 2)", "cuda", "mps")
    assert "CUDA and MPS" in finding.message


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("torch.nn.AdaptiveAvgPool2d(7)", Confidence.CERTAIN),
        ("torch.nn.AdaptiveAvgPool2d(a)", Confidence.LIKELY),
        ("torch.median(x, dim=0)", Confidence.CERTAIN),
        ("torch.median(a, dim=0)", Confidence.CERTAIN),
        ("x.median(dim=0)", Confidence.CERTAIN),
        ("a.median(dim=0)", Confidence.LIKELY),
        ("torch.nn.functional.grid_sample(x, a)", Confidence.LIKELY),
        ("torch.histc(x)", Confidence.LIKELY),
    ],
)
def test_confidence(call: str, expected: Confidence) -> None:
    assert [finding.confidence for finding in check(call)] == [expected]
