"""The adapters, each with the real library; without it the test is skipped."""

from __future__ import annotations

import copy
import json
import os

import pytest
import torch

from tests.runtime.support import run_python
from torchdet.runtime import PolicyError, RuntimePolicy, SettingError
from torchdet.runtime.adapters.fleet import MixedFleetError, same_fleet

os.environ.setdefault("WANDB_MODE", "offline")


class Regression(torch.utils.data.Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        return {"x": torch.full((4,), float(index)), "labels": torch.tensor([float(index)])}


@pytest.mark.filterwarnings("ignore")
class TestLightning:
    @pytest.fixture
    def parts(self, tmp_path):
        lightning = pytest.importorskip("lightning.pytorch")
        from torchdet.runtime.adapters.lightning_callback import DeterminismCallback

        class Model(lightning.LightningModule):
            def __init__(self):
                super().__init__()
                self.layer = torch.nn.Linear(4, 1)
                self.switched = False

            def training_step(self, batch, _):
                torch.backends.cudnn.benchmark = self.switched
                return (self.layer(batch["x"]) - batch["labels"]).square().mean()

            def configure_optimizers(self):
                return torch.optim.SGD(self.parameters(), 0.01)

        def trainer(handle, **options):
            return lightning.Trainer(
                max_epochs=1, accelerator="cpu", logger=False, enable_progress_bar=False,
                enable_model_summary=False, default_root_dir=tmp_path, benchmark=True,
                callbacks=[DeterminismCallback(handle, **options)],
            )  # fmt: skip

        return Model(), trainer

    def test_a_training_runs_under_the_policy_and_keeps_the_generators(
        self, torch_handle, parts, tmp_path
    ):
        model, trainer = parts
        training = trainer(torch_handle)
        training.fit(model, torch.utils.data.DataLoader(Regression(), batch_size=4))
        training.save_checkpoint(tmp_path / "last.ckpt")
        expected = torch.rand(3)
        torch_handle.manual_seed(77)
        saved = torch.load(tmp_path / "last.ckpt", weights_only=False)["callbacks"]
        [state] = [each for name, each in saved.items() if "DeterminismCallback" in name]
        training.callbacks[0].load_state_dict(state)
        assert torch.equal(torch.rand(3), expected)

    def test_a_setting_that_changes_meanwhile_is_refused(self, torch_handle, parts):
        model, trainer = parts
        model.switched = True
        with pytest.raises(SettingError, match=r"cudnn\.benchmark reads True"):
            trainer(torch_handle).fit(model, torch.utils.data.DataLoader(Regression()))
        trainer(torch_handle, strict=False).fit(model, torch.utils.data.DataLoader(Regression()))
        torch_handle.reapply()


@pytest.mark.filterwarnings("ignore")
class TestTransformers:
    def test_a_training_runs_under_the_policy(self, torch_handle, tmp_path):
        transformers = pytest.importorskip("transformers")
        pytest.importorskip("accelerate")
        from torchdet.runtime.adapters.transformers_callback import DeterministicTraining

        class Model(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.layer = torch.nn.Linear(4, 1)

            def forward(self, x, labels):
                output = self.layer(x)
                return {"loss": (output - labels).square().mean(), "output": output}

        arguments = transformers.TrainingArguments(
            str(tmp_path), max_steps=2, use_cpu=True, report_to=[], save_strategy="no",
            disable_tqdm=True,
        )  # fmt: skip
        torch.backends.cudnn.benchmark = True
        transformers.Trainer(
            Model(), arguments, train_dataset=Regression(),
            callbacks=[DeterministicTraining(torch_handle)],
        ).train()  # fmt: skip
        assert torch_handle.audit().holds


def test_accelerate_keeps_the_generators(tmp_path):
    pytest.importorskip("accelerate")
    code = f"""
        import torch
        from torchdet.runtime import get_torch_handle
        from torchdet.runtime.adapters.accelerate_policy import make_accelerator
        rt = get_torch_handle(device="cpu", seed=1)
        accelerator = make_accelerator(rt)
        model = accelerator.prepare(torch.nn.Linear(2, 2))
        accelerator.save_state({str(tmp_path / "state")!r})
        expected = torch.rand(2)
        rt.manual_seed(9)
        accelerator.load_state({str(tmp_path / "state")!r})
        print(accelerator.device.type, torch.equal(torch.rand(2), expected), rt.audit().holds)
    """
    assert run_python(code, cwd=tmp_path).split("\n")[-1] == "cpu True True"


class TestFleet:
    def test_reports_that_differ_are_refused_by_field_and_worker(self, torch_handle):
        report = json.loads(json.dumps(torch_handle.report()))
        other = copy.deepcopy(report)
        assert list(same_fleet({"a": report, "b": other})) == ["a", "b"]
        other["facts"]["torch"]["version"] = "2.6.0"
        with pytest.raises(
            MixedFleetError, match=r"facts\.torch\.version: .* on a, '2\.6\.0' on b"
        ):
            same_fleet({"a": report, "b": other})

    def test_dask_workers_apply_the_policy_and_report(self, tmp_path):
        pytest.importorskip("distributed")
        code = """
            if __name__ == "__main__":
                from distributed import Client, LocalCluster
                from torchdet.runtime import RuntimePolicy
                from torchdet.runtime.adapters.fleet import set_up_dask
                two = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
                with LocalCluster(**two) as made, Client(made) as client:
                    reports = set_up_dask(client, RuntimePolicy(device="cpu", seed=7))
                print(len(reports), *{(r["policy"]["seed"], r["holds"]) for r in reports.values()})
        """
        assert run_python(code, cwd=tmp_path).split("\n")[-1] == "2 (7, True)"

    def test_ray_workers_start_under_the_policy_and_report(self, tmp_path):
        pytest.importorskip("ray")
        code = """
            import ray
            from torchdet.runtime import RuntimePolicy
            from torchdet.runtime.adapters.fleet import ray_environment, ray_reports
            ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False,
                     runtime_env=ray_environment(RuntimePolicy(device="cpu", seed=7)))
            reports = ray_reports(2)
            print(len(reports), *{(r["policy"]["seed"], r["holds"]) for r in reports.values()})
        """
        assert run_python(code, cwd=tmp_path).split("\n")[-1] == "2 (7, True)"


class TestHydra:
    def test_the_table_is_the_policy(self):
        omegaconf = pytest.importorskip("omegaconf")
        from torchdet.runtime.adapters.hydra_policy import policy_of

        table = {"device": "cuda:${index}", "on-missing": "cpu", "seed": 7}
        configuration = omegaconf.OmegaConf.create({"index": 1, "torchdet": table})
        assert policy_of(configuration) == RuntimePolicy("cuda:1", "cpu", seed=7)
        assert policy_of(omegaconf.OmegaConf.create({})).device == "auto"
        with pytest.raises(PolicyError, match="no 'sed'"):
            policy_of(omegaconf.OmegaConf.create({"torchdet": {"sed": 1}}))

    def test_the_command_line_of_a_program_changes_it(self, tmp_path):
        pytest.importorskip("hydra")
        code = """
            import sys, hydra
            from torchdet.runtime.adapters.hydra_policy import handle_of
            sys.argv += ["torchdet.seed=8", "hydra.run.dir=."]
            @hydra.main(version_base=None, config_path=".", config_name="train")
            def main(cfg):
                print(handle_of(cfg).policy.seed, handle_of(cfg).device)
            main()
        """
        (tmp_path / "train.yaml").write_text("torchdet: {device: cpu, seed: 7}\n")
        assert run_python(code, cwd=tmp_path).split("\n")[-1] == "8 cpu"


class TestTrackers:
    def test_tensorboard(self, torch_handle, tmp_path):
        pytest.importorskip("tensorboard")
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        from torch.utils.tensorboard import SummaryWriter

        from torchdet.runtime.adapters.trackers import report_to_tensorboard

        with SummaryWriter(tmp_path) as writer:
            report_to_tensorboard(torch_handle, writer)
        read = EventAccumulator(str(tmp_path))
        read.Reload()
        [event] = read.Tensors("torchdet/text_summary")
        assert b'"policy"' in event.tensor_proto.string_val[0]

    def test_mlflow(self, torch_handle, tmp_path, monkeypatch):
        mlflow = pytest.importorskip("mlflow")
        from torchdet.runtime.adapters.trackers import report_to_mlflow

        monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        mlflow.set_tracking_uri(tmp_path.as_uri())
        mlflow.set_experiment("torchdet")
        with mlflow.start_run() as run:
            report_to_mlflow(torch_handle)
        tags = mlflow.get_run(run.info.run_id).data.tags
        assert tags["torchdet.device"] == str(torch_handle.device)
        [written] = tmp_path.rglob("torchdet.json")
        assert json.loads(written.read_text())["holds"] is True

    def test_wandb(self, torch_handle, tmp_path):
        wandb = pytest.importorskip("wandb")
        from torchdet.runtime.adapters.trackers import report_to_wandb

        with wandb.init(project="torchdet", dir=tmp_path, mode="offline") as run:
            report_to_wandb(torch_handle, run)
            assert run.config["torchdet"]["device"] == str(torch_handle.device)
