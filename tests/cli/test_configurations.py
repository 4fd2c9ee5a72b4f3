"""Devices in configurations of YAML and JSON, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.process import torchdet

HYDRA = "defaults:\n  - _self_\ndevice: cuda:0\n"
PROGRAM = """\
import hydra


@hydra.main(config_path="conf", config_name="run")
def main(cfg):
    pass
"""


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCHDET_CACHE_DIR", str(tmp_path / ".cache"))
    monkeypatch.setenv("NO_COLOR", "1")


def write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def places(*arguments: str) -> list[str]:
    command = ("lint", "--isolated", "--no-cache", "--quiet", "--output-format", "json")
    done = torchdet(*command, *arguments)
    return [
        f"{each['filename']}:{each['location']['row']} {each['code']} {each['severity']}"
        for each in json.loads(done.stdout)
    ]


def test_configurations_are_found_in_folders() -> None:
    write("conf/config.yaml", HYDRA)
    write("args.json", '{\n\t"per_device_train_batch_size": 1,\n\t"device_map": {"": 0}\n}\n')
    write("net.py", "x = 1\n")
    assert places(".") == ["args.json:3 DET317 info", "conf/config.yaml:3 DET317 info"]


def test_other_files_of_yaml_and_json_are_not_looked_at() -> None:
    write(".github/workflows/ci.yml", "jobs:\n  test:\n    device: cuda\n    steps: [\n")
    write("chart.yaml", "{{ if .Values.gpu }}\naccelerator: gpu\n{{ end }}\n")
    write("data/train/0001.json", '{"device": "cuda"}\n')
    write("training/big.yaml", HYDRA + "# " + "x" * 300_000)
    assert places(".") == []


def test_a_file_that_is_named_is_looked_at_or_fails() -> None:
    write("plain.yaml", "device: cuda\n")
    write("broken.yaml", "device: [cuda\n")
    assert places("plain.yaml") == ["plain.yaml:1 DET317 info"]
    done = torchdet("lint", "--isolated", "broken.yaml")
    assert done.returncode == 2
    assert "broken.yaml:2:1" in done.stdout
    assert "no YAML" in done.stdout


def test_a_program_that_hands_a_folder_to_hydra_makes_it_one_of_configurations() -> None:
    write("conf/run.yaml", "device: cuda\n")
    write("conf/model/unet.yaml", "device: mps\n")
    write("other/run.yaml", "device: cuda\n")
    assert places(".") == []
    write("train.py", PROGRAM)
    assert places(".") == ["conf/model/unet.yaml:1 DET317 info", "conf/run.yaml:1 DET317 info"]


def test_files_to_choose_a_device_by_are_no_findings() -> None:
    for name in ("cpu", "gpu", "ddp", "default"):
        write(f"trainer/{name}.yaml", "_target_: lightning.Trainer\naccelerator: gpu\n")
    assert places(".") == ["trainer/default.yaml:2 DET317 info"]


def test_a_run_is_repeated_where_a_configuration_came_to_be_one() -> None:
    write("conf/run.yaml", "device: cuda\n")
    write("net.py", "x = 1\n")
    for _ in range(2):
        assert "DET317" not in torchdet("lint", "--isolated", "--no-cache", ".").stdout
        assert "DET317" not in torchdet("lint", "--isolated", ".").stdout
    write("conf/run.yaml", HYDRA)
    assert "conf/run.yaml:3:1" in torchdet("lint", "--isolated", ".").stdout


def test_findings_alone_do_not_fail_a_run() -> None:
    write("conf/config.yaml", HYDRA)
    done = torchdet("lint", "--isolated", ".")
    assert done.returncode == 0
    assert "`device: cuda:0` ties the configuration to a device" in done.stdout


def test_hostile_yaml_ends() -> None:
    levels = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30))
    write("bomb.yaml", f"_target_: x\na0: &a0 {{device: cuda}}\n{levels}\n")
    write("deep.yaml", "_target_: x\ndevice: " + "[" * 20_000 + "\n")
    done = torchdet("lint", "--isolated", "--no-cache", "--output-format", "concise", ".")
    assert "bomb.yaml:2:" in done.stdout
    assert "deep.yaml:" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_noqa_is_written_into_yaml_and_never_into_json() -> None:
    write("conf/config.yaml", HYDRA)
    text = '{"per_device_train_batch_size": 1, "device_map": {"": 0}}\n'
    write("args.json", text)
    torchdet("lint", "--isolated", "--no-cache", "--add-noqa", ".")
    assert "device: cuda:0  # noqa: DET317\n" in Path("conf/config.yaml").read_text()
    assert Path("args.json").read_text() == text
