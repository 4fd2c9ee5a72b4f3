from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from tests.cli.process import torchdet
from torchdet.cli.rule import rule
from torchdet.findings.registry import all_rules
from torchdet.findings.state.default_dtype.rule import RULE


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(rule, arguments)


@pytest.mark.parametrize("asked", ["DET202", "det202", "default-dtype", "Default-Dtype"])
def test_a_rule_is_found_by_code_and_name(asked: str) -> None:
    result = invoke(asked)
    assert result.exit_code == 0
    assert result.stdout.startswith(
        "# default-dtype (DET202)\n\nDET202 · warning · on by default\n"
    )
    assert RULE.documentation.strip() in result.stdout


def test_all_rules_in_the_order_of_their_codes() -> None:
    text = invoke("--all").stdout
    places = [text.index(f"# {each.name} ({each.code})\n") for each in all_rules()]
    assert places == sorted(places)


def test_json_of_one_rule_is_an_object() -> None:
    assert json.loads(invoke("DET202", "--output-format", "json").stdout) == {
        "code": "DET202",
        "name": "default-dtype",
        "family": "state",
        "severity": "warning",
        "default": True,
        "summary": RULE.summary,
        "documentation": RULE.documentation.strip() + "\n",
        "url": "https://torchdet.readthedocs.io/en/latest/rules/default-dtype/",
    }


def test_json_of_all_rules_is_an_array() -> None:
    objects = json.loads(invoke("--all", "--output-format", "json").stdout)
    assert [each["code"] for each in objects] == [each.code for each in all_rules()]


def test_an_unknown_rule_is_bad_usage_and_names_the_nearest() -> None:
    result = invoke("defualt-dtype")
    assert result.exit_code == 2
    assert "unknown rule 'defualt-dtype'; did you mean 'default-dtype'?" in result.stderr


@pytest.mark.parametrize("arguments", [(), ("DET202", "--all")])
def test_a_rule_or_all_of_them(arguments: tuple[str, ...]) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert "name one rule by its code or name, or ask for --all" in result.stderr


def on_a_terminal(**environment: str) -> str:
    """What ``torchdet rule DET202`` writes to a terminal."""
    pty = pytest.importorskip("pty")
    leader, follower = pty.openpty()
    inherited = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "torchdet", "rule", "DET202"],
        stdin=subprocess.DEVNULL,
        stdout=follower,
        env={**inherited, "TERM": "xterm-256color", **environment},
    )
    os.close(follower)
    written = b""
    while chunk := _read(leader):
        written += chunk
    os.close(leader)
    assert process.wait() == 0
    return written.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says EIO when the other end was closed
        return b""


def test_a_terminal_gets_rendered_markdown() -> None:
    text = on_a_terminal()
    assert "\x1b[" in text
    assert "```" not in text
    assert "What it does" in text


def test_no_color_gets_the_text_as_it_is() -> None:
    assert on_a_terminal(NO_COLOR="1").replace("\r\n", "\n") == invoke("DET202").stdout


def test_the_beginning_of_a_code_lists_the_family() -> None:
    listed = torchdet("rule", "det5").stdout
    codes = [line.split()[0] for line in listed.splitlines() if line.startswith("DET")]
    assert "DET508" in codes
    assert all(code.startswith("DET5") for code in codes)
    assert [
        each["code"]
        for each in json.loads(torchdet("rule", "DET5", "--output-format", "json").stdout)
    ] == codes
    assert torchdet("rule", "DET7").returncode == 2
