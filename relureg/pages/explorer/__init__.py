"""The explorer: one page, without network access, in which a complex is walked through.

Begin with `page.py`.
"""
