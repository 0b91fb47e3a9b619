"""PyTorch: modules, checkpoints and TorchScript, one small function for each function of PyTorch.

Begin with `reader.py`.
"""
