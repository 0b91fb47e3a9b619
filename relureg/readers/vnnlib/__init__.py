"""VNN-LIB properties, as domains.

Begin with `property.py`.
"""
