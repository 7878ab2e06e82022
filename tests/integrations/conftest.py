"""One thread for torch, since the trainings here are far smaller than what threads are for; Keras on torch, JAX on CPUs."""

import os
from importlib.util import find_spec

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
if find_spec("torch") is not None:
    import torch

    torch.set_num_threads(1)
