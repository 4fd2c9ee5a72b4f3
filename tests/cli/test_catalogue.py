from __future__ import annotations

import json
import subprocess
import sys

from click.testing import CliRunner, Result

from torchdet.cli.catalogue import catalogue
from torchdet.torch_api.operations import operations


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(catalogue, arguments)


def test_an_operation_is_explained_in_any_spelling() -> None:
    texts = {invoke(asked).stdout for asked in ("F.grid_sample", "torch.nn.functional.grid_sample")}
    (text,) = texts
    assert text.startswith("grid_sample\n  deterministic?  no; raises in deterministic mode\n")
    assert "backward pass, CUDA and XPU" in text
    assert "\n\ngrid_sample (mps)\n" in text


def test_without_an_operation_all_are_listed() -> None:
    lines = invoke().stdout.splitlines()
    assert [line.split("  ")[-1].strip() for line in lines] == list(operations())


def test_json_is_an_array_of_objects() -> None:
    (found,) = json.loads(invoke("avg_pool3d", "--output-format", "json").stdout)[:1]
    assert found["name"] == "avg_pool3d"
    assert found["behaviour"] == "errors"
    assert found["devices"] == ["cuda", "xpu"]
    every = json.loads(invoke("--output-format", "json").stdout)
    assert [each["name"] for each in every] == list(operations())


def test_an_unknown_operation_is_bad_usage_and_names_the_nearest() -> None:
    result = invoke("F.intrpolate")
    assert result.exit_code == 2
    assert "'F.intrpolate' is not in the catalogue of operations; did you mean 'interpolate'?" in (
        result.stderr
    )


def test_it_needs_neither_torch_nor_libcst() -> None:
    program = (
        "import sys; sys.argv = ['torchdet', 'catalogue', 'cumsum']\n"
        "from torchdet.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print({'torch', 'numpy', 'libcst._nodes.base'} & set(sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines()[-1] == "set()"
