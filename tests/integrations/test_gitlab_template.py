"""``templates/torchdet.yml``: valid, and its script run as a runner of GitLab does."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.patience import PATIENCE
from tests.schemas import GITLAB_CI, validator

TEMPLATE = Path(__file__).parent.parent.parent / "templates" / "torchdet.yml"
HEADER, JOBS = yaml.safe_load_all(TEMPLATE.read_text(encoding="utf-8"))
INPUTS = HEADER["spec"]["inputs"]


def script(**inputs: str) -> list[str]:
    """The lines of the job with what GitLab puts in the place of inputs."""
    given = {name: inputs.get(name, spec.get("default")) for name, spec in INPUTS.items()}
    return [
        re.sub(r"\$\[\[ inputs\.(\w+) \]\]", lambda found: given[found[1]], line)
        for line in JOBS["torchdet"]["script"]
    ]


def test_the_template_is_valid() -> None:
    validator(GITLAB_CI).validate(JOBS)
    used = set(re.findall(r"inputs\.(\w+)", json.dumps(JOBS)))
    assert used == set(INPUTS)


@pytest.mark.skipif(
    sys.platform == "win32" or shutil.which("bash") is None, reason="no bash of its own"
)
def test_a_merge_request_answers_for_the_lines_that_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=n", "-c", "user.email=n@example.org")
        command = ["git", *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet")
    Path("a.py").write_text("import torch\nx = torch.zeros(3).cuda()\n")
    git("add", ".")
    git("commit", "--quiet", "--message=before")
    before = git("rev-parse", "HEAD")
    Path("a.py").write_text("import torch\nx = torch.zeros(3).cuda()\ny = x.cuda()\n")
    git("commit", "--quiet", "--all", "--message=after")

    install, *lines = script(torchdet="torchdet==0.1.0")
    assert shlex.split(install)[-1] == "torchdet==0.1.0"
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", "\n".join(lines)],
        env={
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": before,
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "a.py:3:7" in done.stdout
    assert "a.py:2" not in done.stdout
    report = JOBS["torchdet"]["artifacts"]["reports"]["codequality"]
    [issue] = json.loads(Path(report).read_text(encoding="utf-8"))
    assert issue["location"]["path"] == "a.py"
    assert issue["location"]["positions"]["begin"]["line"] == 3
