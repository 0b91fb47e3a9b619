"""How Sphinx makes a site of the documentation: `make docs`.

The pages are the files that are read on their own, too: README.md, docs/*.md and others. Their links to files of the
source are left as they are, and lead into a copy beside the site.
"""

from __future__ import annotations

import html
import re
import shutil
from pathlib import Path

import click
from sphinx.application import Sphinx

import relureg

ROOT = Path(__file__).parents[2]

project = "relureg"
author = "The relureg authors"
project_copyright = author
version = release = relureg.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_click"]
root_doc = "docs/site/index"
include_patterns = ["*.md", "docs/*.md", "docs/notebooks/*.ipynb", "docs/site/*.md"]
exclude_patterns = ["build", ".venv", "licences"]

nb_execution_mode = "off"  # they are stored as they were executed, and the tests execute them again
nb_merge_streams = True
myst_heading_anchors = 4
myst_enable_extensions: list[str] = ["html_image"]
# Types of parameters are described in words here, and a word may happen to be the name of two attributes.
suppress_warnings = ["myst.header", "ref.python"]

autodoc_typehints = "none"  # the docstrings say it in words
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = f"relureg {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_additional_pages = {"index": "redirect.html"}
templates_path = ["templates"]
pygments_style = "friendly"
pygments_dark_style = "github-dark"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#1f5fa8", "color-brand-content": "#1f5fa8"},
    "dark_css_variables": {"color-brand-primary": "#8ab8f0", "color-brand-content": "#8ab8f0"},
}


def set_examples_as_they_are(app: Sphinx, context: click.Context, lines: list[str]) -> None:
    """Examples of a command as a block of code; the exit codes, which are those of all commands, on their own page."""
    texts = [line.removeprefix("| ").rstrip() for line in lines]
    stop = next((k for k, text in enumerate(texts) if text.startswith("Exit codes")), len(texts))
    examples = [text.strip() for text in texts[:stop] if text.strip() and not text.startswith("Example")]
    lines[:] = [".. rubric:: Examples", "", "::", "", *(f"   {text}" for text in examples), ""] if examples else []


def end_blocks_with_text(app: Sphinx, page: str, source: list[str]) -> None:
    """Drop the empty line at the end of examples in Python, by which doctest knows where the output ends."""
    source[0] = source[0].replace("\n\n```\n", "\n```\n")


def show_dark_pictures(app: Sphinx, page: str, source: list[str]) -> None:
    """Beside a picture that has a dark one, NAME-dark, place that: the theme shows the one or the other."""

    def both(found: re.Match[str]) -> str:
        words, name = html.escape(found[1]), Path(found[2])
        dark = name.with_stem(f"{name.stem}-dark")
        if not (ROOT / "docs" / dark).exists():
            return found[0]
        shown = (("light", name), ("dark", dark))
        return "".join(f'<img class="only-{theme}" alt="{words}" src="{file.as_posix()}">' for theme, file in shown)

    source[0] = re.sub(r"!\[([^]]*)\]\((pictures/[^)]*)\)", both, source[0])


def copy_pictures(app: Sphinx, error: Exception | None) -> None:
    """The README names its pictures in HTML, which Sphinx leaves as it is: they are where it says."""
    if error is None:
        shutil.copytree(ROOT / "docs" / "pictures", Path(app.outdir) / "docs" / "pictures", dirs_exist_ok=True)


def setup(app: Sphinx) -> None:
    """What Sphinx calls."""
    app.connect("source-read", end_blocks_with_text)
    app.connect("source-read", show_dark_pictures)
    app.connect("sphinx-click-process-epilog", set_examples_as_they_are)
    app.connect("build-finished", copy_pictures)
