"""Pictures of tropical forms: Newton polytopes beside their hypersurfaces.

Begin with `duality.py`.
"""
