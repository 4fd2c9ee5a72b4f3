"""Kernels are chosen by timing them, so that two runs can compute with different ones.

## What it does
Reports what makes the compiler or a library time kernels in the running program and keep the
fastest: `torch.compile` with a `mode` of `max-autotune` or `options` that tune, the switches of
`torch._inductor.config` that do, TunableOp (`torch.cuda.tunable.enable()`), a limit for the
algorithms that cuDNN tries, and environment variables that the program sets for itself
(`TORCHINDUCTOR_MAX_AUTOTUNE`, `PYTORCH_TUNABLEOP_ENABLED`, and values of `NCCL_ALGO` and its like
that let the network add up gradients in an order of its own). So is, as likely, `triton.autotune`
with several configurations around a kernel that adds numbers up: how it groups them depends on the
configuration.

Also reports, as likely, a cumulative sum of floating-point numbers in compiled code: compiled for
CUDA, up to torch 2.13, it adds in parts whose order is not fixed, and ignores deterministic mode.

Not reported: `torch.backends.cudnn.benchmark`, which `determinism-flag` reports; programs whose
file name says that they measure speed; and branches for one release alone.

## Why is this bad?
Times differ from run to run and from machine to machine, and so does the kernel that wins. Kernels
for the same operation add in different orders: the results drift apart, and nothing says why. Since
torch 2.10 deterministic mode stops the compiler's timing, but only in the thread that switched it
on, and it does not stop TunableOp's.

## Example
Bad:

```python
import torch

model = torch.compile(torch.nn.Linear(8, 8), mode="max-autotune")
```

Good:

```python
import torch

model = torch.compile(torch.nn.Linear(8, 8))
```

## Fix safety
The fix writes the mode that is the same without the measuring (`reduce-overhead`, `default`), or
the other value of a switch. It is unsafe: the program can become slower.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torchdet.edit.node_edit import NodeFix, Replace
from torchdet.facts.expressions import (
    argument,
    is_constant,
    last_name,
    literal_value,
    string_value,
)
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import along_way, remembered
from torchdet.facts.walk import descendants
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.findings.environment_writes import EnvironmentWrite, checks_of_environment
from torchdet.findings.state.flag_writes import FlagWrite, checks_of_writes
from torchdet.model.diagnostic import Confidence, Severity
from torchdet.model.fix import Applicability
from torchdet.reading.context import Context, Reference
from torchdet.reading.module_role import measures_speed
from torchdet.reading.operations.compiled_code import is_compiled
from torchdet.reading.operations.number_kinds import is_integral
from torchdet.reading.runtime_modules import in_runtime_module
from torchdet.reading.state.saved_values import restores
from torchdet.torch_api.compilers import COMPILE_FUNCTIONS, CUMULATIVE_SUM, TRITON_SUMS
from torchdet.torch_api.environment_variables import VARIABLES
from torchdet.torch_api.library_arguments import tuning_arguments
from torchdet.torch_api.switches import (
    AUTOTUNING_SWITCHES,
    BENCHMARK_LIMIT,
    COMPILER,
    TUNABLE_SWITCH,
    TUNABLE_TUNING,
)

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts
    from torchdet.facts.flow.graph import Branch

# The same as the key in all but the measuring (`torch._inductor.list_mode_options`, torch 2.13).
_MODES = {"max-autotune": "reduce-overhead", "max-autotune-no-cudagraphs": "default"}
_OPTIONS = {
    flag.name.removeprefix(f"{COMPILER}."): flag for flag in AUTOTUNING_SWITCHES if flag.attribute
}

_TIMED = "has the compiler choose kernels by timing them"
_VARIABLES = {each.name: each for each in VARIABLES if each.bad}


def check_compile(reference: Reference, context: Context) -> Iterator[Draft]:
    """``torch.compile(...)``, as a function, a decorator, or in ``partial(torch.compile, ...)``."""
    facts = context.facts
    call = facts.parent(reference.node)
    if isinstance(call, cst.Arg):
        call = facts.parent(call)
        if isinstance(call, cst.Call) and facts.means(call.func, "functools.partial"):
            yield from _compilation(call, context)
    elif isinstance(call, cst.Call) and call.func is reference.node:
        yield from _compilation(call, context)


def check_method(node: cst.Attribute, context: Context) -> Iterator[Draft]:
    """``model.compile(mode=...)``, the method of a module."""
    facts = context.facts
    call = facts.parent(node)
    if isinstance(call, cst.Call) and call.func is node and not facts.resolve(node).names:
        yield from _compilation(call, context)


def _compilation(call: cst.Call, context: Context) -> Iterator[Draft]:
    if _is_no_concern(call, context):
        return
    mode, options = argument(call, "mode"), argument(call, "options")
    if mode is not None:
        yield from _mode(mode, context.facts)
    if options is not None:
        yield from _options(options.value, context.facts)


def _is_no_concern(node: cst.CSTNode, context: Context) -> bool:
    """Whether the runtime does it, a program that measures, or a branch for one release alone.

    Such a branch (``if torch.__version__ == "2.6.0":``) works around a fault of that release.
    """
    return (
        in_runtime_module(context)
        or measures_speed(context)
        or _is_for_one_release(node, context.facts)
    )


def _release_step(branch: Branch, outer: bool, facts: FileFacts) -> bool:
    def asks(test: cst.BaseExpression, holds: bool) -> Iterator[bool]:
        if isinstance(test, cst.Comparison) and holds:
            is_equal = isinstance(test.comparisons[0].operator, cst.Equal)
            if is_equal and "version" in facts.code(test.left):
                yield True

    return outer or bool(facts.flow.implied(((branch.test, branch.holds),), asks))


_is_for_one_release = along_way(False, _release_step)


def _mode(mode: cst.Arg, facts: FileFacts) -> Iterator[Draft]:
    sources = facts.flow.sources(mode.value)
    values = {literal_value(each) for each in sources.expressions}
    tuning = sorted(str(value) for value in values if value in _MODES)
    if not tuning:
        return
    certain = sources.complete and len(values) == len(tuning)
    literal = string_value(mode.value)
    edit = Replace(mode.value, f'"{_MODES[literal]}"') if literal is not None else None
    verb = "has" if literal is not None else "can have"
    yield Draft(
        mode,
        f'`mode="{tuning[0]}"` {verb} the compiler choose kernels by timing them, so that runs can '
        f'differ; write `mode="{_MODES[tuning[0]]}"`',
        _unsafe(f"Use the mode {_MODES[literal]}", edit) if literal and edit else None,
        Confidence.CERTAIN if certain else Confidence.LIKELY,
    )


def _unsafe(title: str, edit: Replace) -> NodeFix:
    return NodeFix(title, Applicability.UNSAFE, (edit,))


def _options(options: cst.BaseExpression, facts: FileFacts) -> Iterator[Draft]:
    """The entries of a dictionary of compiler options, written here or bound to a name."""
    for end in facts.flow.sources(options).expressions:
        for entry in end.elements if isinstance(end, cst.Dict) else ():
            if isinstance(entry, cst.DictElement):
                yield from _option(entry)


def _option(entry: cst.DictElement) -> Iterator[Draft]:
    flag = _OPTIONS.get(string_value(entry.key) or "")
    value = literal_value(entry.value)
    if flag is not None and value is not None and value in flag.bad:
        yield Draft(
            entry,
            f"the compiler option `{string_value(entry.key)}` {_TIMED}, so that runs can differ; "
            f"write `{flag.good_text}`",
            _unsafe(f"Write `{flag.good_text}`", Replace(entry.value, flag.good_text)),
        )


def check_flag(writes: tuple[FlagWrite, ...], context: Context) -> Iterator[Draft]:
    """The compiler's switches and TunableOp's."""
    facts = context.facts
    for write in writes:
        if _is_no_concern(write.node, context):
            return
        if write.bad_values(facts) and not _only_reads_results(write, facts):
            yield Draft(write.node, write.accusation(facts), write.fix())


def _only_reads_results(write: FlagWrite, facts: FileFacts) -> bool:
    """Whether TunableOp is switched on with its tuning off: it uses a file of results then."""
    return write.flag.name.startswith(TUNABLE_SWITCH) and _tuning_is_off(facts.module, facts)


@remembered
def _tuning_is_off(module: cst.Module, facts: FileFacts) -> bool:
    """Whether the file switches TunableOp's tuning off."""
    del module
    for uses in facts.index.uses.values():
        for use in uses:
            call = facts.index.parents.get(use.node)
            if isinstance(call, cst.Call) and call.func is use.node:
                passed = argument(call, "val", 0)
                switched_off = passed is not None and is_constant(passed.value, "False")
                if switched_off and facts.means(call.func, TUNABLE_TUNING):
                    return True
    return False


def check_limit(reference: Reference, context: Context) -> Iterator[Draft]:
    """``torch.backends.cudnn.benchmark_limit = 10``."""
    facts = context.facts
    target = facts.parent(reference.node)
    statement = facts.parent(target) if isinstance(target, cst.AssignTarget) else None
    if not isinstance(statement, cst.Assign) or in_runtime_module(context):
        return
    if not restores(statement.value, (BENCHMARK_LIMIT,), facts):
        yield Draft(
            statement,
            "`benchmark_limit` is for cuDNN's choice of algorithms by timing, so that runs can "
            "differ; leave `torch.backends.cudnn.benchmark` off, and this out",
        )


def check_environment(write: EnvironmentWrite, context: Context) -> Iterator[Draft]:
    """A variable by which the program asks for measuring."""
    if write.name not in _VARIABLES or write.value is None or in_runtime_module(context):
        return
    variable = _VARIABLES[write.name]
    sources = context.facts.flow.sources(write.value)
    values = {literal_value(each) for each in sources.expressions}
    asking = [each for each in values if isinstance(each, str) and each.startswith(variable.bad)]
    if asking:
        certain = sources.complete and len(asking) == len(values)
        yield Draft(
            write.node,
            f"`{write.name}={min(asking)}` {variable.effect}, so that runs can differ; "
            "leave it unset",
            confidence=Confidence.CERTAIN if certain else Confidence.LIKELY,
        )


def check_function(reference: Reference, context: Context) -> Iterator[Draft]:
    """``torch.cumsum(x, 0)`` in compiled code."""
    call = context.facts.parent(reference.node)
    if isinstance(call, cst.Call) and call.func is reference.node and call.args:
        yield from _cumulative(call, call.args[0].value, context)


def check_cumsum(node: cst.Attribute, context: Context) -> Iterator[Draft]:
    """``x.cumsum(0)`` in compiled code."""
    facts = context.facts
    call = facts.parent(node)
    if isinstance(call, cst.Call) and call.func is node and not facts.resolve(node.value).names:
        yield from _cumulative(call, node.value, context)


def _cumulative(call: cst.Call, operand: cst.BaseExpression, context: Context) -> Iterator[Draft]:
    facts = context.facts
    if context.config.target_devices and "cuda" not in context.config.target_devices:
        return
    if not is_compiled(call, facts) or is_integral(call, operand, facts):
        return
    yield Draft(
        call.func,
        "`cumsum` of floating-point numbers loses its deterministic path in compiled code on CUDA; "
        "keep it out with `torch.compiler.disable`",
        confidence=Confidence.LIKELY,
    )


def check_triton(reference: Reference, context: Context) -> Iterator[Draft]:
    """``@triton.autotune(configs=[...], key=[...])``."""
    facts = context.facts
    call = facts.parent(reference.node)
    decorator = facts.parent(call) if isinstance(call, cst.Call) else None
    kernel = facts.parent(decorator) if isinstance(decorator, cst.Decorator) else None
    if not isinstance(call, cst.Call) or not isinstance(kernel, cst.FunctionDef):
        return
    choices = tuning_arguments()[reference.name]
    listed = argument(call, choices.keyword, choices.position)
    kept = argument(call, "cache_results")
    if listed is None or (kept is not None and not is_constant(kept.value, "False")):
        return
    if _is_no_concern(call, context) or not _lists_several(listed.value, facts):
        return
    if _adds_up(kernel, facts):
        yield Draft(
            call.func,
            f"Triton chooses the configuration of `{kernel.name.value}` by timing, and in which "
            f"order the kernel adds depends on it; {choices.instead}",
            confidence=Confidence.LIKELY,
        )


def _lists_several(choices: cst.BaseExpression, facts: FileFacts) -> bool:
    """Whether ``choices`` is certainly a list of more than one."""
    sources = facts.flow.sources(choices)
    return sources.complete and all(
        isinstance(each, cst.ListComp) or (isinstance(each, cst.List) and len(each.elements) > 1)
        for each in sources.expressions
    )


def _adds_up(kernel: cst.FunctionDef, facts: FileFacts) -> bool:
    """Whether a kernel of Triton sums: over blocks, within one, or with atomics."""
    for node in descendants(kernel.body):
        if isinstance(node, cst.Call) and last_name(node.func) in TRITON_SUMS:
            return True
        if isinstance(node, cst.AugAssign) and isinstance(node.operator, cst.AddAssign):
            loops = (
                each for each in facts.ancestors(node) if isinstance(each, (cst.For, cst.While))
            )
            if any(True for _ in loops) and not isinstance(node.value, (cst.Name, cst.Integer)):
                return True
    return False


RULE = Rule(
    code="DET405",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    triggers=(
        *(b"NCCL_", b"TORCHINDUCTOR_", b"TUNABLEOP", b"autotune", b"benchmark_fusion"),
        *(b"benchmark_limit", b"coordinate_descent", b"cumsum", b"multi_kernel", b"tunable"),
    ),
    names={
        **checks_of_writes(AUTOTUNING_SWITCHES, check_flag),
        **checks_of_environment(check_environment),
        **dict.fromkeys(COMPILE_FUNCTIONS, check_compile),
        CUMULATIVE_SUM: check_function,
        BENCHMARK_LIMIT: check_limit,
        **dict.fromkeys(tuning_arguments(), check_triton),
    },
    attributes={"compile": check_method, "cumsum": check_cumsum},
    stays=Grounds(
        "whether speed or repeatability matters here is a decision",
        "turn the tuning off, or apply `torchdet fix --unsafe-fixes`",
    ),
)
