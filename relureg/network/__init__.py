"""What a network is: affine forms over ReLU stages; domains and slices of its inputs; its exact JSON.

Begin with `model.py`.
"""
