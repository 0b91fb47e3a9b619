"""What mathematics says of a network: published bounds, and theorems as checks of a complex.

Begin with `theorems.py`.
"""
