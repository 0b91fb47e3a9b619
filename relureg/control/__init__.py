"""Networks as controllers: functions in files, closed loops through regions.

Begin with `piecewise_affine.py`.
"""
