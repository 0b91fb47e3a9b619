"""What the function of a network does: ranges, properties, Lipschitz constants, differences, each with its proof.

Begin with `search.py`.
"""
