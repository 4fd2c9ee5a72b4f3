"""What the README tells a person to paste is valid, and refers to what there is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from tests.cli.process import torchdet
from tests.schemas import GITHUB_WORKFLOW, validator

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
WORKFLOW, PRE_COMMIT = (
    yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```$", README, re.M | re.S)
)


def on_key_as_text(workflow: dict[object, object]) -> dict[object, object]:
    """YAML 1.1 takes ``on`` for a truth value, which GitHub does not."""
    return {"on" if key is True else key: value for key, value in workflow.items()}


def test_the_workflow_is_valid_and_uses_the_action() -> None:
    validator(GITHUB_WORKFLOW).validate(on_key_as_text(WORKFLOW))
    steps = WORKFLOW["jobs"]["torchdet"]["steps"]
    assert [step["uses"].split("@")[0] for step in steps] == ["actions/checkout", "OWNER/torchdet"]


@pytest.mark.parametrize("path", sorted((ROOT / ".github" / "workflows").glob("*.yml")), ids=str)
def test_our_own_workflows_are_valid(path: Path) -> None:
    workflow = on_key_as_text(yaml.safe_load(path.read_text(encoding="utf-8")))
    validator(GITHUB_WORKFLOW).validate(workflow)
    assert "permissions" in workflow, "the token may do what is needed, and no more"


def test_the_hook_of_pre_commit_exists() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    [repository] = PRE_COMMIT["repos"]
    assert {hook["id"] for hook in repository["hooks"]} <= {hook["id"] for hook in hooks}


def test_the_first_commands_work_on_a_repository_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text("import torch\ntorch.cuda.synchronize()\n")
    [block] = re.findall(r"## On your own repository\n.*?^```sh\n(.*?)^```$", README, re.M | re.S)
    lines = [shlex.split(line, comments=True) for line in block.splitlines()]
    assert [line[0] for line in lines] == ["uvx", "pipx", "python", "torchdet"]
    for words in lines:
        last = len(words) - words[::-1].index("torchdet") if "torchdet" in words else None
        if last is not None:
            done = torchdet(*words[last:])
            assert done.returncode == 1, done.stderr
            assert "train.py:2:1" in done.stdout


def test_links_to_files_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", README)
    files = [each for each in targets if "://" not in each]
    assert files
    assert not [each for each in files if not (ROOT / each).exists()]
