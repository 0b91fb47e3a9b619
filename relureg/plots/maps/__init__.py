"""Pictures of local maps.

Begin with `maps.py`.
"""
