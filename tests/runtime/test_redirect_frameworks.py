"""Frameworks with their defaults, under both modes; each is skipped where it is not installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import torch

from tests.runtime.support import run_python

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA answers for itself")

LIGHTNING = """
import warnings; warnings.simplefilter("ignore")
import torch, lightning
from torch.utils.data import DataLoader, TensorDataset
from torchdet.runtime.redirect import AnswerMode, redirect

class Model(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)
    def training_step(self, batch, index):
        x, y = batch
        return (self.layer(x) - y).square().mean()
    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters())

for mode in AnswerMode:
    with redirect(None, mode):
        data = TensorDataset(torch.randn(8, 4), torch.randn(8, 1))
        trainer = lightning.Trainer(max_epochs=1, logger=False, enable_progress_bar=False)
        trainer.fit(Model(), DataLoader(data, batch_size=4))
        print(type(trainer.accelerator).__name__, trainer.strategy.root_device)
"""

TRANSFORMERS = """
import warnings; warnings.simplefilter("ignore")
import torch
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments
from torchdet.runtime.redirect import AnswerMode, redirect

for mode in AnswerMode:
    with redirect(None, mode):
        model = GPT2LMHeadModel(GPT2Config(n_layer=1, n_head=2, n_embd=8, vocab_size=8))
        data = [{"input_ids": torch.arange(8), "labels": torch.arange(8)} for _ in range(4)]
        options = TrainingArguments(mode.value, max_steps=2, save_steps=1, report_to=[])
        Trainer(model=model, args=options, train_dataset=data).train()
        trainer = Trainer(model=model, args=options, train_dataset=data)
        trainer.train(resume_from_checkpoint=f"{mode.value}/checkpoint-1")
        print("trained on", options.device)
"""

PROGRAMS = {
    "lightning": (LIGHTNING, ["CPUAccelerator cpu", "CUDAAccelerator cuda:0"]),
    "transformers": (TRANSFORMERS, ["trained on cpu", "trained on cuda:0"]),
}


@pytest.mark.parametrize("framework", PROGRAMS)
def test_a_trainer_with_its_defaults(framework: str, tmp_path: Path) -> None:
    if importlib.util.find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed")
    program, answers = PROGRAMS[framework]
    out = run_python(program, cwd=tmp_path).splitlines()
    assert [line for line in out if line.startswith(("CPU", "CUDA", "trained"))] == answers
