"""Where a policy comes from, and which source wins."""

from __future__ import annotations

import contextlib
import sys
import sysconfig

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.runtime.support import policies, run_python
from torchdet.runtime import PolicyError, RuntimePolicy
from torchdet.runtime.policy_sources import log_level, policy_sources, process_policy


@pytest.fixture
def project(tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        '[tool.torchdet.runtime]\ndevice = "cpu"\non-missing = "cpu"\nseed = 1\n'
    )
    script = tmp_path / "pkg" / "train"
    script.mkdir(parents=True)
    return script


def read(project=None, environment=None, **overrides):
    return process_policy(overrides, environment=environment or {}, search_from=project)


class TestPrecedence:
    def test_each_source_wins_over_the_next(self, project):
        environment = {
            "TORCHDET_SEED": "3",
            "TORCHDET_POLICY": "seed=2, precision=tf32; fill-uninitialized-memory=false",
            "TORCH_ALLOW_REDIRECTS": "TRUE",
        }
        policy = read(project, environment, device="cuda:1")
        assert policy.as_dict() == {
            **RuntimePolicy().as_dict(),
            "device": "cuda:1",  # the argument, over the file
            "on_missing": "redirect",  # the variable, over the file
            "seed": 3,  # its own variable, over TORCHDET_POLICY and the file
            "precision": "tf32",
            "fill_uninitialized_memory": False,
        }

    def test_the_own_name_wins_over_the_alias(self):
        environment = {"TORCHDET_ON_MISSING": "cpu", "TORCH_ALLOW_REDIRECTS": "true"}
        assert read(environment=environment).on_missing.value == "cpu"
        inline = {"TORCHDET_POLICY": "on_missing=reject", "TORCH_ALLOW_REDIRECTS": "true"}
        assert read(environment=inline).on_missing.value == "reject"

    def test_the_alias_means_true_only(self):
        for text in ("false", "1", "yes", ""):
            assert read(environment={"TORCH_ALLOW_REDIRECTS": text}) == RuntimePolicy()

    def test_empty_variables_count_as_unset(self):
        assert read(environment={"TORCHDET_DEVICE": "", "TORCHDET_POLICY": " "}) == RuntimePolicy()

    @given(policies)
    def test_every_policy_can_be_said_in_the_environment(self, policy):
        values = {k: v for k, v in policy.as_dict().items() if v is not None}
        variables = {f"TORCHDET_{k.upper()}": str(v) for k, v in values.items()}
        inline = {"TORCHDET_POLICY": ";".join(f"{k}={v}" for k, v in values.items())}
        assert read(environment=variables) == policy
        assert read(environment=inline) == policy

    def test_sources_are_named_strongest_first(self, project):
        names = [
            each.name
            for each in policy_sources(
                {"seed": 1}, environment={"TORCHDET_DEVICE": "cpu"}, search_from=project
            )
        ]
        assert names[:2] == ["the arguments", "the environment variable TORCHDET_DEVICE"]
        assert names[2].endswith("pyproject.toml [tool.torchdet.runtime]")


class TestFiles:
    def test_the_nearest_file_that_speaks_of_us_wins(self, project):
        (project.parent / "pyproject.toml").write_text("[tool.other]\nruntime = 1\n")
        assert read(project).seed == 1
        (project.parent / "torchdet.toml").write_text("[runtime]\nseed = 5\n")
        assert read(project).seed == 5
        assert read(project).on_missing.value == "reject"  # files are not merged

    def test_torchdet_toml_goes_before_pyproject_in_one_folder(self, project):
        (project.parents[1] / "torchdet.toml").write_text("[runtime]\nseed = 9\n")
        assert read(project).seed == 9

    def test_a_byte_order_mark_is_no_part_of_the_text(self, tmp_path):
        (tmp_path / "torchdet.toml").write_bytes(b"\xef\xbb\xbf[runtime]\r\nseed = 4\r\n")
        assert read(tmp_path).seed == 4

    @pytest.mark.parametrize(
        ("content", "complaint"),
        [
            (b"[runtime]\nseeed = 1\n", "did you mean 'seed' for 'seeed'?"),
            (b"[runtime]\nseed = 'x'\n", "seed: expected an integer"),
            (b"runtime = 3\n", "[runtime] is not a table"),
            (b"[runtime\n", "not valid TOML"),
            (b"# runtime \xff\n", "cannot be read as UTF-8"),
            (b"runtime = " + b"[" * 100_000, "nested more than 50 levels"),
        ],
    )
    def test_a_bad_file_is_named(self, tmp_path, content, complaint):
        file = tmp_path / "torchdet.toml"
        file.write_bytes(content)
        with pytest.raises(PolicyError) as error:
            read(tmp_path)
        assert str(error.value).startswith(str(file))
        assert complaint in str(error.value)

    @pytest.mark.parametrize(
        "content", [b"[tool.other\nruntime = 1\n", b"x = '\xff runtime'\n", b"[tool.torchdet\n"]
    )
    def test_a_bad_file_that_says_nothing_about_us_is_passed_over(self, project, content):
        (project / "pyproject.toml").write_bytes(content)
        assert read(project).seed == 1

    def test_the_search_begins_beside_the_entry_script(self, tmp_path):
        (tmp_path / "torchdet.toml").write_text("[runtime]\nseed = 11\n")
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        code = """
            import os; os.chdir("elsewhere")
            from torchdet.runtime import process_policy
            print(process_policy().seed)
        """
        assert run_python(code, cwd=tmp_path) == "11"

    def test_an_installed_program_works_for_the_current_folder(self, tmp_path, monkeypatch):
        (tmp_path / "torchdet.toml").write_text("[runtime]\nseed = 12\n")
        monkeypatch.chdir(tmp_path)
        for program in (pytest.__file__, f"{sysconfig.get_path('scripts')}/pytest"):
            monkeypatch.setattr(sys.modules["__main__"], "__file__", program, raising=False)
            assert process_policy(environment={}).seed == 12


class TestEnvironmentErrors:
    @pytest.mark.parametrize(
        ("variables", "complaint"),
        [
            ({"TORCHDET_DEVICE": "cuda:"}, "TORCHDET_DEVICE: device: 'cuda:' is not a device"),
            ({"TORCHDET_SEED": "seven"}, "TORCHDET_SEED: seed: expected an integer"),
            ({"TORCHDET_SEED": "9" * 30}, "TORCHDET_SEED: seed: expected an integer"),
            ({"TORCHDET_REQUIRE_CUDNN": "maybe"}, "require_cudnn: expected true or false"),
            ({"TORCHDET_DEVIC": "cuda"}, "TORCHDET_DEVIC: did you mean TORCHDET_DEVICE?"),
            ({"TORCHDET_ONMISSING": "cpu"}, "did you mean TORCHDET_ON_MISSING?"),
            ({"TORCHDET_POLICY": "seed"}, "expected field=value pairs, got 'seed'"),
            ({"TORCHDET_POLICY": "seed="}, "expected field=value pairs, got 'seed='"),
            ({"TORCHDET_POLICY": "sed=1"}, "did you mean 'seed' for 'sed'?"),
            ({"TORCHDET_POLICY": "=1"}, "a policy has no ''"),
        ],
    )
    def test_name_the_variable(self, variables, complaint):
        with pytest.raises(PolicyError) as error:
            read(environment=variables)
        assert complaint in str(error.value)

    def test_leave_other_programs_variables_alone(self):
        others = {"TORCHDET_CACHE_DIR": "x", "TORCHDET_RUN_ID": "7", "TORCHDET_LOG_LEVEL": "INFO"}
        assert read(environment=others) == RuntimePolicy()

    @given(st.text(max_size=30))
    def test_any_text_is_a_policy_or_a_named_error(self, text):
        with contextlib.suppress(PolicyError):
            read(environment={"TORCHDET_POLICY": text})


class TestLogLevel:
    def test_the_alias_is_read_and_the_own_name_wins(self):
        assert log_level({"TORCHDEVICE_LOG_LEVEL": "info"}) == "INFO"
        both = {"TORCHDEVICE_LOG_LEVEL": "info", "TORCHDET_LOG_LEVEL": "ERROR"}
        assert log_level(both) == "ERROR"
        assert log_level({}) is None

    def test_a_word_that_is_no_level_is_refused(self):
        with pytest.raises(PolicyError, match="TORCHDET_LOG_LEVEL"):
            log_level({"TORCHDET_LOG_LEVEL": "loud"})


def test_reading_a_policy_imports_no_torch(tmp_path):
    code = """
        import sys
        from torchdet.runtime import process_policy
        process_policy()
        print("torch" in sys.modules)
    """
    assert run_python(code, cwd=tmp_path) == "False"
