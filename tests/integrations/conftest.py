"""One thread for torch, whose trainings here are far too small for more; Keras on torch, JAX on CPUs."""

import os
from importlib.util import find_spec

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
if find_spec("torch") is not None:
    import torch

    torch.set_num_threads(1)
