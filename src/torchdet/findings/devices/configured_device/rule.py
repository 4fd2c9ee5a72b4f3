"""A configuration in YAML or JSON names a device.

## What it does
Reports, in configurations of Hydra, Lightning, accelerate and transformers, values that tie the
program to a device: `accelerator: gpu`, `devices: [0]`, `gpus: 1`, `device: cuda:0`, `gpu_ids: 0`,
`device_map: {"": 0}`.

In folders, a file counts as such a configuration if it says so itself (Hydra's `defaults`,
`_target_` or `# @package`, a `trainer:` with Lightning's arguments, accelerate's
`compute_environment`, `per_device_train_batch_size`), or lies in a folder that a program beside it
hands to Hydra as `config_path`. A file that is named is looked at in any case.

Not reported: interpolations (`${device}`), `auto`, `cpu`, numbers of devices, and the files of a
folder that has one for the CPU and one for an accelerator: they are there to be chosen from.

## Why is this bad?
Configurations outlive the machine that they were written on. Whoever runs the program on another
one has to find out which of them to override.

## Example
Bad:

```yaml
trainer:
  accelerator: gpu
  devices: [0]
  max_epochs: 3
```

Good:

```yaml
trainer:
  accelerator: auto
  devices: 1
  max_epochs: 3
```

## Fix safety
No fix: the configuration of one experiment on one machine may say so.
"""

from __future__ import annotations

from torchdet.findings.base import Grounds, Rule
from torchdet.model.diagnostic import Severity

RULE = Rule(
    code="DET317",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.INFO,
    triggers=(b"accelerator", b"device", b"gpu", b"map_location", b"tpu_cores"),
    stays=Grounds(
        "a configuration is no code",
        "write what the finding's message names, or let the program choose",
    ),
)
