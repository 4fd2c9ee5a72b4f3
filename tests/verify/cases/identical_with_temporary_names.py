# expect: identical
import os
import tempfile
import uuid

import torch

torch.manual_seed(0)
model = torch.nn.Linear(4, 1)
with tempfile.TemporaryDirectory(prefix=f"{os.getpid()}-") as folder:
    path = os.path.join(folder, str(uuid.uuid4()))
    torch.save({"model": model.state_dict(), "rng": torch.get_rng_state()}, path)
    torch.randn(4)
    state = torch.load(path)
    model.load_state_dict(state["model"])
    torch.set_rng_state(state["rng"])
    print(path, model(torch.randn(2, 4)).sum().item())
