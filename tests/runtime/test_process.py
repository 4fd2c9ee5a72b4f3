"""One handle a process: who comes first, who comes late, and who was forked or spawned.

Each test is a fresh interpreter, because the flags of this one are set already.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import venv

import pytest

from tests.runtime.support import SOURCE, run_python, run_script
from torchdet.runtime import EventKind, TorchRuntimeRejected, apply_torch_runtime

# A torch build that believes it has CUDA, as far as that can be had without a GPU: the facts that
# the probe reads are the real ones, CUDA's own state is set by hand.
PRETEND_CUDA = """
import torch
torch.version.cuda = "12.8"
torch.cuda._initialized = True
"""


def test_the_order_of_torch_does_not_matter(tmp_path):
    code = """
        import torch
        from torchdet.runtime import get_torch_handle
        rt = get_torch_handle()
        print(rt.torch is torch, torch.are_deterministic_algorithms_enabled(), rt.audit().holds)
        print(rt.runtime.facts.torch.was_imported)
    """
    assert run_python(code, cwd=tmp_path).split("\n") == ["True True True", "True"]


def test_cuda_that_was_initialised_first_is_too_late(tmp_path):
    code = (
        PRETEND_CUDA
        + """
from torchdet.runtime import TorchRuntimeRejected, get_torch_handle
try:
    get_torch_handle()
except TorchRuntimeRejected as error:
    print([reason.value for reason in error.rejected.reasons])
print(torch.are_deterministic_algorithms_enabled())
"""
    )
    assert run_python(code, cwd=tmp_path).split("\n") == ["['cublas-workspace-too-late']", "False"]
    early = {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
    assert run_python(code, cwd=tmp_path, environment=early) == "True"


def test_cuda_that_is_initialised_between_decision_and_application_is_too_late(tmp_path):
    code = (
        """
from torchdet.runtime import *
from torchdet.runtime import apply_torch_runtime, decide_torch_runtime, TorchRuntimeRejected
ready = decide_torch_runtime()
"""
        + PRETEND_CUDA
        + """
try:
    apply_torch_runtime(ready)
except TorchRuntimeRejected as error:
    print([reason.value for reason in error.rejected.reasons])
"""
    )
    assert run_python(code, cwd=tmp_path) == "['cublas-workspace-too-late']"


def test_a_process_group_is_too_late(tmp_path):
    code = """
        import torch.distributed as dist
        from torchdet.runtime import TorchRuntimeRejected, get_torch_handle
        store = dist.HashStore()
        dist.init_process_group("gloo", store=store, rank=0, world_size=1)
        try:
            get_torch_handle()
        except TorchRuntimeRejected as error:
            print([reason.value for reason in error.rejected.reasons])
        dist.destroy_process_group()
        rt = get_torch_handle()
        dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
        print(get_torch_handle() is rt, get_torch_handle(rt.policy) is rt)
    """
    assert run_python(code, cwd=tmp_path).split("\n") == ["['process-group-exists']", "True True"]


def test_a_second_policy_is_an_error_that_shows_both(tmp_path):
    code = """
        from torchdet.runtime import PolicyConflictError, RuntimePolicy, apply_torch_runtime
        from torchdet.runtime import decide_torch_runtime, get_torch_handle, probe_torch_runtime
        rt = get_torch_handle(RuntimePolicy(seed=1))
        assert get_torch_handle() is rt
        assert get_torch_handle(RuntimePolicy(seed=1)) is rt
        facts = probe_torch_runtime()
        assert apply_torch_runtime(decide_torch_runtime(facts, RuntimePolicy(seed=1))) is rt
        for attempt in (
            lambda: get_torch_handle(RuntimePolicy(seed=2)),
            lambda: apply_torch_runtime(decide_torch_runtime(facts, RuntimePolicy(seed=2))),
        ):
            try:
                attempt()
            except PolicyConflictError as error:
                shown = "seed: applied 1, requested 2" in str(error)
                print(shown, error.applied.seed, error.requested.seed)
    """
    assert run_python(code, cwd=tmp_path).split("\n") == ["True 1 2"] * 2


def test_a_decision_for_another_machine_is_refused(tmp_path):
    code = """
        from torchdet.runtime import *
        from torchdet.runtime import simulated_facts, decide_torch_runtime, apply_torch_runtime
        for decision in (
            decide_torch_runtime(simulated_facts("cuda"), RuntimePolicy()),
            decide_torch_runtime(simulated_facts("cuda"), RuntimePolicy(device="cpu")),
            decide_torch_runtime(simulated_facts("cuda"), RuntimePolicy(device="cuda")),
            decide_torch_runtime(simulated_facts("no-torch"), RuntimePolicy()),
        ):
            try:
                apply_torch_runtime(decision)
            except TorchRuntimeRejected as error:
                print(*[reason.value for reason in error.rejected.reasons])
        try:
            apply_torch_runtime(None)
        except TypeError as error:
            print("expected a Ready" in str(error))
    """
    changed = ["facts-changed"] * 2  # the second for the CPU, on a machine with other accelerators
    expected = [*changed, "device-missing", "torch-not-installed", "True"]
    assert run_python(code, cwd=tmp_path).split("\n") == expected


def test_many_threads_at_once_get_one_handle(tmp_path):
    code = """
        import threading
        from torchdet.runtime import get_torch_handle, on_event
        applied = []
        def listen(event):  # as a listener may: it waits for a thread that needs the handle
            other = threading.Thread(target=get_torch_handle, daemon=True)
            other.start(); other.join(1800)
            applied.append("hangs" if other.is_alive() else event.kind.value)
        on_event(listen)
        start, seen = threading.Barrier(16), []
        def work():
            start.wait()
            rt = get_torch_handle()
            seen.append((id(rt), rt.torch.are_deterministic_algorithms_enabled()))
        threads = [threading.Thread(target=work) for _ in range(16)]
        [each.start() for each in threads]; [each.join() for each in threads]
        print(len(seen), len(set(seen)), applied.count("applied"))
        # The compiler's switch belongs to a context; its default must be on in new threads too.
        states = []
        late = threading.Thread(target=lambda: states.append(get_torch_handle().audit().holds))
        late.start(); late.join()
        print(states)
    """
    assert run_python(code, cwd=tmp_path).split("\n") == ["16 1 1", "[True]"]


def test_a_worker_thread_is_refused_where_the_policy_requires_the_main_one(tmp_path):
    code = """
        import threading
        from torchdet.runtime import get_torch_handle
        def work():
            try:
                get_torch_handle()
            except Exception as error:
                print([reason.value for reason in error.rejected.reasons])
        thread = threading.Thread(target=work); thread.start(); thread.join()
        print(get_torch_handle().device)
    """
    required = {"TORCHDET_THREAD_AFFINITY": "requires-main-thread"}
    got = run_python(code, cwd=tmp_path, environment=required)
    assert got.split("\n") == ["['not-main-thread']", "cpu"]


CHILD = """
import multiprocessing, os, sys
from torchdet.runtime import RuntimePolicy, get_torch_handle

def report(rt, answers):
    from torchdet.runtime.probe import probe_process_role
    torch = rt.torch
    answers.put((torch.are_deterministic_algorithms_enabled(), rt.audit().holds, rt.policy.seed,
                 type(probe_process_role()).__name__, probe_process_role().start_method,
                 rt is get_torch_handle()))

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1] if len(sys.argv) > 1 else METHOD)
    rt = get_torch_handle(RuntimePolicy(seed=3))
    answers = context.Queue()
    child = context.Process(target=report, args=(rt, answers))
    child.start()
    print(*answers.get())
    child.join()
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_run_under_the_policy_that_they_were_handed(tmp_path, method):
    code = f"METHOD = {method!r}\n" + CHILD
    assert run_python(code, cwd=tmp_path) == f"True True 3 ChildProcess {method} True"


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_child_knows_what_it_is_while_it_imports_the_main_module(tmp_path, method):
    code = """
        import multiprocessing
        from torchdet.runtime.probe import probe_process_role
        role = probe_process_role()
        if __name__ == "__main__":
            print(role)
            child = multiprocessing.get_context(METHOD).Process(target=print, args=(role,))
            child.start(); child.join()
        else:
            print(role)
    """.replace("METHOD", repr(method))
    first, *others = run_python(code, cwd=tmp_path).split("\n")
    assert first == "MainProcess()"
    assert sorted(others) == [f"ChildProcess(start_method='{method}')", "MainProcess()"]


def test_a_fork_while_another_thread_holds_the_lock_does_not_hang(tmp_path):
    code = """
        import os, threading
        from torchdet.runtime import process, get_torch_handle
        held, done = threading.Event(), threading.Event()
        def hold():
            with process._state.lock:
                held.set(); done.wait()
        threading.Thread(target=hold).start(); held.wait()
        child = os.fork()
        if child == 0:
            from torchdet.runtime.probe import probe_process_role
            rt = get_torch_handle()
            good = rt.audit().holds and probe_process_role().start_method == "os.fork"
            os._exit(0 if good else 1)
        done.set()
        print(os.waitpid(child, 0)[1])
    """
    assert run_python(code, cwd=tmp_path) == "0"


def test_dataloader_workers_run_under_the_policy(tmp_path):
    # torch.Generator is left out under spawn: torch 2.13 cannot hand one to a spawned worker.
    code = """
        import torch, random, numpy as np
        from torch.utils.data import DataLoader, Dataset, Subset
        from torchdet.runtime import RuntimePolicy, get_torch_handle
        from torchdet.runtime.probe import probe_process_role

        class Noise(Dataset):
            def __init__(self, method):
                self.own, self.numpy = random.Random(0), np.random.default_rng(0)
                self.legacy = np.random.RandomState(0)
                self.torch = torch.Generator() if method == "fork" else None
            def __len__(self): return 8
            def __getitem__(self, index):
                draws = [random.random(), np.random.rand(), torch.rand(1).item()]
                draws += [self.own.random(), self.numpy.random(), self.legacy.rand()]
                if self.torch is not None:
                    draws.append(torch.rand(1, generator=self.torch).item())
                rt = get_torch_handle()
                state = (rt.audit().holds, rt.policy.seed, type(probe_process_role()).__name__)
                return index, draws, (*state, torch.get_num_threads())

        def epochs(rt, method, count):
            loader = DataLoader(
                Subset(Noise(method), range(8)), batch_size=4, shuffle=True, num_workers=2,
                collate_fn=list, multiprocessing_context=method, **rt.dataloader_options(7),
            )
            return [[item for batch in loader for item in batch] for _ in range(count)]

        def without_the_generator(epoch):
            return [(index, draws[:6], state) for index, draws, state in epoch]

        if __name__ == "__main__":
            rt = get_torch_handle(RuntimePolicy(seed=1, num_threads=2))
            first, second = epochs(rt, "fork", 2), epochs(rt, "fork", 2)
            print({item[2] for epoch in first for item in epoch})
            draws = [draw for epoch in first for item in epoch for draw in item[1]]
            print(first == second, first[0] != first[1], len(draws) - len(set(draws)))
            [spawned] = epochs(rt, "spawn", 1)
            print(without_the_generator(first[0]) == without_the_generator(spawned))
    """
    lines = run_python(code, cwd=tmp_path).split("\n")
    assert lines == ["{(True, 1, 'DataLoaderWorker', 1)}", "True True 0", "True"]


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory):
    """A real environment without torch: no packages at all but ours, by path."""
    home = tmp_path_factory.mktemp("bare")
    venv.create(home, with_pip=False, symlinks=sys.platform != "win32")
    return home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def test_without_torch_the_runtime_says_so_as_a_value(bare_python, tmp_path):
    code = """
import json, sys
from torchdet.runtime import (RuntimePolicy, TorchRuntimeRejected, decide_torch_runtime,
                              get_torch_handle, on_event, probe_torch_runtime)
facts = probe_torch_runtime()
decision = decide_torch_runtime(facts, RuntimePolicy(device="cuda"))
events = []
on_event(events.append)
try:
    get_torch_handle()
except TorchRuntimeRejected as error:
    raised = [each.value for each in error.rejected.reasons]
from torchdet.runtime.diagnosis import diagnose
print(json.dumps([facts.torch.reason.value, [each.value for each in decision.reasons], raised,
                  [each.kind.value for each in events], diagnose().as_dict()["status"],
                  sorted({"torch", "numpy", "libcst", "click"} & set(sys.modules))]))
"""
    done = subprocess.run(
        [bare_python, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(SOURCE)},
        check=True,
    )
    missing = ["torch-not-installed"]
    expected = ["not-installed", missing, missing, ["rejected"], "rejected", []]
    assert json.loads(done.stdout) == expected
    # Whoever can do without torch catches the error; a log of errors would be noise there.
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        ("raise OSError('libcudart.so.12: cannot open shared object file')", "OSError: libcudart"),
        ("import surely_not_there", "No module named 'surely_not_there'"),
        ("x = 1", "is not PyTorch"),
    ],
)
def test_a_torch_that_cannot_be_used_says_why(bare_python, tmp_path, content, detail):
    (tmp_path / "torch.py").write_text(content)
    code = (
        "from torchdet.runtime import probe_torch_runtime as p; t = p().torch; "
        "print(t.reason.value, t.detail)"
    )
    environment = {"PYTHONPATH": f"{SOURCE}:{tmp_path}"}
    done = subprocess.run(
        [bare_python, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.startswith("import-failed")
    assert detail in done.stdout


def test_a_rejection_goes_to_the_log_and_never_to_standard_output(tmp_path):
    code = """
        from torchdet.runtime import get_torch_handle
        get_torch_handle()
    """
    done = run_script(code, cwd=tmp_path, environment={"TORCHDET_DEVICE": "cuda:0"})
    assert done.returncode == 1
    assert done.stdout == ""
    assert "[device-missing] the policy asks for 'cuda:0'" in done.stderr


def test_a_rejection_is_a_structured_log_record_too(rejected_runtime, caplog):
    caplog.set_level(logging.INFO, "torchdet.runtime")
    with pytest.raises(TorchRuntimeRejected) as error:
        apply_torch_runtime(rejected_runtime)
    assert error.value.rejected is rejected_runtime
    [record] = caplog.records
    assert (record.name, record.levelname) == ("torchdet.runtime", "INFO")
    assert record.torchdet.kind is EventKind.REJECTED
    assert record.torchdet.details["reasons"] == ["torch-not-installed"]
    assert record.torchdet.details["policy"] == rejected_runtime.policy.as_dict()
    assert json.loads(json.dumps(record.torchdet.details)) == record.torchdet.details


def test_auto_on_a_machine_without_accelerator_says_so(tmp_path):
    code = """
        from torchdet.runtime import get_torch_handle
        get_torch_handle()
    """
    done = run_script(code, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.strip() == "no accelerator was found, so device 'auto' is the CPU"
    asked_for = {"TORCHDET_DEVICE": "cpu"}
    chosen = run_script(code, cwd=tmp_path, environment=asked_for)
    assert (chosen.stdout, chosen.stderr) == ("", "")
    asked_for["TORCHDEVICE_LOG_LEVEL"] = "info"
    told = run_script(code, cwd=tmp_path, environment=asked_for)
    assert told.stdout == ""
    assert told.stderr.startswith("torchdet.runtime: INFO: torch ")
    assert told.stderr.endswith(" runs deterministically on cpu\n")


def test_torch_that_is_missing_or_broken_is_an_import_error_to_who_can_do_without_it(tmp_path):
    code = """
        import pickle, sys
        from torchdet.runtime import TorchRuntimeRejected, get_torch_handle
        sys.modules["torch"] = {torch}
        try:
            get_torch_handle()
        except {caught} as error:
            print(isinstance(error, TorchRuntimeRejected), error.name)
            print(type(pickle.loads(pickle.dumps(error))) is type(error))
    """
    missing = code.format(torch="None", caught="ModuleNotFoundError")
    assert run_python(missing, cwd=tmp_path).split("\n") == ["True torch", "True"]
    broken = code.format(torch="pickle", caught="ImportError")
    assert run_python(broken, cwd=tmp_path).split("\n") == ["True None", "True"]
