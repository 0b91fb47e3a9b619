"""From a network to its activation regions: the splitter, dictionaries, the referee, and a count by a polynomial.

Begin with `engines.py`.
"""
