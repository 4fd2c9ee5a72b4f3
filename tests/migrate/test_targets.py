"""Projects that are migrated onto plain PyTorch, or onto a helper of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.process import torchdet
from tests.migrate.project import migrate
from torchdet.migrate.targets import ACCELERATOR, target_of
from torchdet.model.config import LintConfig, MigrateConfig

MODULE = """\
import torch
import torch.nn as nn


def fit(net: nn.Module, x, rank):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cudnn.deterministic = True
    torch.cuda.synchronize()
    event = torch.cuda.Event(enable_timing=True)
    return net.to(device), x.cuda(rank), event
"""
PLAIN = "import torch\n\ntorch.use_deterministic_algorithms(True)\n"
PACKAGE = {"kit/__init__.py": "", "kit/net.py": MODULE, "kit/plain.py": PLAIN}


def test_plain_pytorch_has_one_helper_and_nothing_of_torchdet() -> None:
    texts = migrate(PACKAGE, ["DET"], config=MigrateConfig(to="accelerator")).texts
    assert texts["kit/plain.py"] == PLAIN
    assert texts["kit/_accelerator.py"] == ACCELERATOR.text
    assert not any("torchdet" in text for text in texts.values())
    written = texts["kit/net.py"]
    assert (
        "import torch\nimport torch.nn as nn\n\nfrom ._accelerator import accelerator\n" in written
    )
    assert "    device = accelerator.device\n" in written
    assert "    torch.backends.cudnn.deterministic = True\n" in written
    assert "    accelerator.synchronize()\n" in written
    assert "x.cuda(rank)" not in written
    assert "    event = accelerator.event(enable_timing=True)\n" in written


def test_an_operation_that_the_helper_lacks_is_refused() -> None:
    known = (("device", "device()"), ("device_for", "get"), ("synchronize", "wait"))
    lint, config = LintConfig(helper_operations=known), MigrateConfig(to="kit.platform:current")
    refused = migrate(PACKAGE, ["DET"], lint, config).refusals
    (refusal,) = refused["kit/net.py"]
    assert refusal.reason == "`current` has nothing for `event`"


def test_a_second_run_finds_nothing() -> None:
    first = migrate(PACKAGE, ["DET"], config=MigrateConfig(to="accelerator")).texts
    again = migrate(first, ["DET"], config=MigrateConfig(to="accelerator")).texts
    assert again == first


def test_a_helper_of_the_project_is_written_by_its_names() -> None:
    lint = LintConfig(helper_operations=(("device", "device()"), ("device_for", "get")))
    config = MigrateConfig(to="kit.platform:current")
    migrated = migrate(PACKAGE, ["DET"], lint, config)
    written = migrated.texts["kit/net.py"]
    assert "from kit.platform import current\n" in written
    assert "    device = current.device()\n" in written
    assert "x.to(current.get(rank))" in written
    assert set(migrated.texts) == set(PACKAGE)


def test_a_script_gets_the_helper_beside_it() -> None:
    script = "import torch\n\nprint(torch.ones(2).cuda())\n"
    texts = migrate({"run.py": script}, ["DET"], config=MigrateConfig(to="accelerator")).texts
    assert "from _accelerator import accelerator\n" in texts["run.py"]
    assert texts["_accelerator.py"] == ACCELERATOR.text


def test_the_helper_works_where_there_is_no_accelerator(tmp_path: Path) -> None:
    (tmp_path / "_accelerator.py").write_text(ACCELERATOR.text)
    code = """
import torch
torch.accelerator.is_available = lambda: False
from _accelerator import accelerator
assert accelerator.device == accelerator.device_for() == accelerator.device_for(0)
assert accelerator.device_for("cuda:1") == torch.device("cpu")
assert accelerator.device_for("meta") == torch.device("meta")
accelerator.synchronize()
accelerator.empty_cache()
accelerator.set_device(1)
accelerator.reset_peak_memory()
first, last = accelerator.event(enable_timing=True), accelerator.event()
first.record(); last.record(); last.synchronize()
assert first.elapsed_time(last) >= 0 and last.query()
assert accelerator.memory().allocated == accelerator.memory("cuda:1").peak == 0
with accelerator.use_stream(accelerator.stream()):
    print(torch.ones(2, device=accelerator.device).sum(), accelerator.distributed_backend)
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.stdout == "tensor(2.) gloo\n", ended.stderr


@pytest.mark.parametrize("spelled", ["cuda", "kit.platform", "kit.platform:", ":x"])
def test_what_is_no_target_is_refused(spelled: str) -> None:
    with pytest.raises(ValueError, match="neither handle nor accelerator"):
        target_of(spelled, {"device": "device"})


def test_usage_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text(MODULE)
    for given, message in (
        (["--to", "nowhere"], "neither handle nor accelerator"),
        (["--to", "kit.platform:current"], "helper-operations"),
        (["--to", "accelerator", "--facade"], "leaves imports of torch alone"),
    ):
        done = torchdet("fix", "--migrate", *given)
        assert done.returncode == 2
        assert message in done.stderr
    assert Path("net.py").read_text() == MODULE
