"""The policy as a part of a Hydra configuration.

    @hydra.main(config_path="conf", config_name="train")
    def main(cfg):
        rt = handle_of(cfg)

A `torchdet` table of the configuration has the policy's fields (`device: cuda:1`),
and the command line changes them: `torchdet.seed=7`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from omegaconf import OmegaConf

from torchdet.runtime.errors import PolicyError
from torchdet.runtime.policy_sources import process_policy
from torchdet.runtime.process import get_torch_handle

if TYPE_CHECKING:
    from torchdet.runtime.handle import TorchHandle
    from torchdet.runtime.policy import RuntimePolicy

TABLE = "torchdet"


def policy_of(configuration: object) -> RuntimePolicy:
    """Return the process's policy with the fields that the configuration's table gives.

    Raises `PolicyError` for a field that no policy has, or a value that it cannot hold.
    """
    table = OmegaConf.select(configuration, TABLE)
    plain = {} if table is None else OmegaConf.to_container(table, resolve=True)
    if not isinstance(plain, Mapping):
        raise PolicyError(f"{TABLE}: expected a table of the policy's fields, got {plain!r}")
    return process_policy({str(name).replace("-", "_"): value for name, value in plain.items()})


def handle_of(configuration: object) -> TorchHandle:
    """Return the handle of this process under the policy of the configuration."""
    return get_torch_handle(policy_of(configuration))
