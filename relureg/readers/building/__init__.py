"""What readers share: piecewise-linear pieces, windows, normalisation, perceptrons from named arrays.

Begin with `perceptrons.py`.
"""
