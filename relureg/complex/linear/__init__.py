"""The notions of region other than the activation region: affine maps compared and joined, exactly.

Begin with `notions.py`.
"""
