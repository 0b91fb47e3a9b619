"""The explorer: one page, without network access, in which a complex is walked through.

Begin with `page.py`. The page's own program are the scripts beside it, a subject each, in the order of `page.SCRIPTS`.
"""
