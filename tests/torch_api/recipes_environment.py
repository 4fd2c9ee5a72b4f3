"""Recipes: environment variables, read in processes of their own."""

# torch leaves many functions without annotations.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import json
from collections.abc import Mapping

import torch

from tests.torch_api.processes import fresh_python, run_python
from tests.torch_api.recipe import NothingToSeeError, claim

REPORT = """
    import os
    import torch
    threads = torch.get_num_threads()
    os.environ.update(OMP_NUM_THREADS="1", TORCH_ALLOW_TF32_CUBLAS_OVERRIDE="1")
    import hashlib, json, threading
    import torch._inductor.config as inductor
    os.environ["TORCHINDUCTOR_DETERMINISTIC"] = "1"

    def bits(x):
        return hashlib.sha1(x.contiguous().numpy().tobytes()).hexdigest()

    def is_refused(action):
        try:
            action()
        except RuntimeError:
            return True
        return False

    seed = torch.initial_seed()
    in_threads = []
    thread = threading.Thread(target=lambda: in_threads.append(inductor.deterministic))
    thread.start()
    thread.join()
    torch.set_num_interop_threads(2)
    late_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(300_000, generator=generator) * 20 - 10
    print(json.dumps({
        "seed": seed,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "softmax": bits(x.view(300, -1).softmax(1)),
        "expm1": bits(x.expm1()),
        "sum": bits(x.sum()),
        "sin": bits(x.sin()),
        "randn": bits(torch.randn(1000, generator=generator)),
        "few randn": bits(torch.randn(15, generator=generator)),
        "threads": threads,
        "late threads": late_threads,
        "interop set again": not is_refused(lambda: torch.set_num_interop_threads(2)),
        "tf32": torch.backends.cuda.matmul.allow_tf32,
        "inductor deterministic": inductor.deterministic,
        "in a thread": in_threads[0],
        "max autotune": inductor.max_autotune,
    }))
"""


def report(**variables: str) -> Mapping[str, object]:
    """What torch says of itself in a process that starts with ``variables``."""
    found: Mapping[str, object] = json.loads(fresh_python(REPORT, **variables))
    return found


def plain() -> Mapping[str, object]:
    return report()


def configured() -> Mapping[str, object]:
    return report(
        ATEN_CPU_CAPABILITY="default",
        OMP_NUM_THREADS="1",
        TORCHINDUCTOR_DETERMINISTIC="1",
        TORCHINDUCTOR_MAX_AUTOTUNE="1",
        TORCH_ALLOW_TF32_CUBLAS_OVERRIDE="1",
    )


@claim("PYTHONHASHSEED")
def the_hash_seed_is_read_when_the_interpreter_starts(device: torch.device) -> None:
    ask = "import sys; print(hash('x'), sys.flags.hash_randomization)"
    assert fresh_python(ask, PYTHONHASHSEED="0") == run_python(ask, (), {"PYTHONHASHSEED": "0"})
    assert fresh_python(ask, PYTHONHASHSEED="0").endswith(" 0")
    assert fresh_python(ask, PYTHONHASHSEED="7").endswith(" 1")
    late = "import os; os.environ['PYTHONHASHSEED'] = '0'; print(hash('x'))"
    assert len({run_python(late, (), {}) for _ in range(4)}) > 1
    ignored = "print(hash('x'))"
    for option in ("-I", "-E"):
        seen = {run_python(ignored, (option,), {"PYTHONHASHSEED": "0"}) for _ in range(4)}
        assert len(seen) > 1, option


@claim("hash and id ordering")
def strings_hash_differently_in_each_process(device: torch.device) -> None:
    ask = "print(list({'apple', 'banana', 'cherry', 'date', 'elder', 'fig', 'grape', 'hazel'}))"
    assert len({run_python(ask, (), {}) for _ in range(6)}) > 1
    assert len({run_python(ask, (), {"PYTHONHASHSEED": "0"}) for _ in range(3)}) == 1
    assert len({run_python("print(list({3, 1, 2}))", (), {}) for _ in range(3)}) == 1


@claim("no seed at all")
def fresh_processes_start_from_different_seeds(device: torch.device) -> None:
    assert plain()["seed"] != configured()["seed"]


@claim("cpu capability", "CPU kernels env", "randn cpu capability")
def bits_depend_on_the_instructions_that_kernels_use(device: torch.device) -> None:
    assert configured()["capability"] == "DEFAULT"
    if plain()["capability"] not in ("AVX2", "AVX512"):
        raise NothingToSeeError("the processor has neither AVX2 nor AVX512")
    for name in ("softmax", "expm1", "randn"):
        assert plain()[name] != configured()[name], name
    for name in ("sum", "sin", "few randn"):
        assert plain()[name] == configured()[name], name


@claim("threads env", "thread counts")
def thread_variables_count_before_torch_is_imported(device: torch.device) -> None:
    assert configured()["threads"] == 1
    assert plain()["late threads"] == plain()["threads"]
    assert plain()["interop set again"] is False


@claim("TF32 overrides")
def an_override_turns_tf32_on_at_import(device: torch.device) -> None:
    assert plain()["tf32"] is False  # where the variable was set after the import
    assert configured()["tf32"] is True


@claim("Inductor env", "inductor deterministic thread scope")
def the_compiler_reads_its_variables_when_imported(device: torch.device) -> None:
    assert plain()["inductor deterministic"] is False  # set after the import
    assert plain()["max autotune"] is False
    assert configured()["inductor deterministic"] is True
    assert configured()["in a thread"] is True
    assert configured()["max autotune"] is True


@claim("CUBLAS_WORKSPACE_CONFIG", devices=("cuda",))
def matrix_products_ask_for_no_workspace_variable(device: torch.device) -> None:
    """2.13 no longer raises where the variable is missing."""
    code = """
        import torch
        torch.use_deterministic_algorithms(True)
        a = torch.ones(64, 64, device="cuda")
        print((a @ a).sum().item())
    """
    assert fresh_python(code) == "262144.0"
    assert fresh_python(code, CUBLAS_WORKSPACE_CONFIG=":4096:8") == "262144.0"


@claim("OS entropy")
def entropy_cannot_be_seeded(device: torch.device) -> None:
    ask = (
        "import os, random, secrets, uuid; random.seed(0);"
        "print(os.urandom(4), secrets.token_hex(4), uuid.uuid4(), random.SystemRandom().random())"
    )
    first, second = (run_python(ask, (), {}) for _ in range(2))
    assert first != second
