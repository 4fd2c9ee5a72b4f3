"""The handle of libraries: inert at import, and the program's once it has applied one."""

from __future__ import annotations

import pytest

from tests.runtime.support import run_python

STATE = """
import os, torch
def state():
    backends = torch.backends
    return [
        torch.are_deterministic_algorithms_enabled(), backends.cudnn.benchmark,
        backends.cudnn.deterministic, backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32,
        torch.get_default_dtype(), torch.get_num_threads(), torch.initial_seed(),
        torch.utils.deterministic.fill_uninitialized_memory, dict(os.environ),
    ]
"""


def test_making_one_imports_no_torch(tmp_path):
    code = """
        import sys
        from torchdet.runtime import deferred_handle
        rt = deferred_handle()
        print("torch" in sys.modules, rt)
    """
    assert run_python(code, cwd=tmp_path) == "False <TorchHandle, deferred>"


def test_no_use_of_it_writes_a_setting(tmp_path):
    code = (
        STATE
        + """
from torchdet.runtime import deferred_handle
torch.backends.cudnn.benchmark = True
torch.manual_seed(7)
before = state()
rt = deferred_handle()
torch = rt.torch
torch.zeros(1, device=rt.device)
rt.device_for("cpu"), rt.policy, rt.runtime, rt.event(), rt.stream(), rt.memory()
rt.generator(3)
with rt.autocast(torch.bfloat16):
    pass
print([pair for pair in zip(before, state()) if pair[0] != pair[1]])
"""
    )
    assert run_python(code, cwd=tmp_path) == "[]"


def test_it_is_the_handle_that_the_program_applies(tmp_path):
    code = """
        from torchdet.runtime import RuntimePolicy, deferred_handle, get_torch_handle
        rt = deferred_handle()
        print(rt.policy.seed)
        applied = get_torch_handle(RuntimePolicy(seed=3, device="cpu"))
        print(rt.policy is applied.policy, rt.runtime is applied.runtime, rt.audit().holds)
    """
    assert run_python(code, cwd=tmp_path).split("\n") == ["None", "True True True"]


def test_what_comes_too_late_to_be_set_does_not_stop_it(tmp_path):
    code = """
        import torch
        torch.version.cuda = "12.8"
        torch.cuda._initialized = True
        from torchdet.runtime import TorchRuntimeRejected, deferred_handle, get_torch_handle
        print(deferred_handle().device)
        try:
            get_torch_handle()
        except TorchRuntimeRejected as error:
            print(error.rejected.reasons[0].value)
    """
    assert run_python(code, cwd=tmp_path).split("\n") == ["cpu", "cublas-workspace-too-late"]


def test_a_device_that_is_missing_is_refused_when_it_is_asked_for(tmp_path):
    code = """
        from torchdet.runtime import TorchRuntimeRejected, deferred_handle
        rt = deferred_handle()
        print(rt.torch.__name__)
        try:
            rt.device
        except TorchRuntimeRejected as error:
            print(error.rejected.reasons[0].value)
    """
    asked = {"TORCHDET_DEVICE": "cuda"}
    found = run_python(code, cwd=tmp_path, environment=asked).split("\n")
    assert found == ["torch", "device-missing"]


def test_without_torch_its_torch_fails_as_the_import_does(tmp_path):
    code = """
        import sys
        sys.modules["torch"] = None
        from torchdet.runtime import deferred_handle
        rt = deferred_handle()
        try:
            rt.torch
        except ImportError as error:
            print(type(error).__name__)
    """
    assert run_python(code, cwd=tmp_path) == "ModuleNotFoundError"


@pytest.mark.parametrize("asked", ["copy.deepcopy(rt)", "pickle.loads(pickle.dumps(rt))"])
def test_it_is_copied_and_pickled_without_a_decision(tmp_path, asked):
    code = f"""
        import copy, pickle
        from torchdet.runtime import deferred_handle
        from torchdet.runtime.process import current_handle
        rt = deferred_handle()
        print({asked}, current_handle())
    """
    assert run_python(code, cwd=tmp_path) == "<TorchHandle, deferred> None"


def test_compiled_code_reads_its_device(tmp_path):
    code = """
        from torchdet.runtime import deferred_handle, get_torch_handle
        rt = deferred_handle()
        torch = rt.torch
        @torch.compile(fullgraph=True, backend="eager")
        def shifted(x):
            return x.to(rt.device) + 1
        print(shifted(torch.zeros(1)).item())
        get_torch_handle()
        print(shifted(torch.zeros(1)).item())
    """
    assert run_python(code, cwd=tmp_path).split("\n") == ["1.0", "1.0"]


def test_workers_of_its_loaders_apply_nothing_that_the_program_did_not(tmp_path):
    code = """
        from torchdet.runtime import deferred_handle
        rt = deferred_handle()
        torch = rt.torch
        class Flags(torch.utils.data.Dataset):
            def __len__(self): return 2
            def __getitem__(self, index): return torch.are_deterministic_algorithms_enabled()
        if __name__ == "__main__":
            for method in ("fork", "spawn"):
                loader = torch.utils.data.DataLoader(
                    Flags(), num_workers=1, multiprocessing_context=method,
                    **rt.dataloader_options(0))
                print([bool(each) for each in loader])
    """
    assert run_python(code, cwd=tmp_path).split("\n") == ["[False, False]"] * 2
