"""What a network does: ranges, properties, differences, Lipschitz constants, each proved.

Begin with `search.py`.
"""
