"""Networks whose numbers of regions theory knows, and seeded random ones.

Begin with `catalogue.py`.
"""
