"""What reads and writes checkpoints."""

from __future__ import annotations

CHECKPOINT_READERS = {
    "torch.load": 1,
    "torch.serialization.load": 1,
    "torch.jit.load": 1,
    "torch.hub.load_state_dict_from_url": 2,
    "torch.utils.model_zoo.load_url": 2,
}
"""Functions that read tensors from a file: the position of `map_location`."""

CHECKPOINT_WRITERS = ("torch.save", "torch.serialization.save", "torch.jit.save")
"""Functions that write objects with tensors to a file."""

PICKLING_FUNCTIONS = {
    f"{module}.{function}": "value" if module == "joblib" else "obj"
    for module in ("pickle", "_pickle", "joblib", "dill", "cloudpickle")
    for function in (("dump",) if module == "joblib" else ("dump", "dumps"))
}
"""Functions that pickle an object, by the keyword of that object. No reader chooses a device."""
