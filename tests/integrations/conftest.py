"""One thread for torch: the trainings here are far smaller than what threads are for."""

from importlib.util import find_spec

if find_spec("torch") is not None:
    import torch

    torch.set_num_threads(1)
