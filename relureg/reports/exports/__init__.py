"""Results in files: regions, graphs, local maps, verifications; one function a format.

Begin with `columns.py`.
"""
