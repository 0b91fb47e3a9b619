"""What a network is: affine forms over ReLU stages, domains and slices; its exact JSON.

Begin with `model.py`.
"""
