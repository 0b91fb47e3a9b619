"""The network as a controller: its piecewise affine function in a file, and closed loops through its regions.

Begin with `piecewise_affine.py`.
"""
