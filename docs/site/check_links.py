"""Follow every link within a site that was built: python docs/site/check_links.py FOLDER; one line for each dead one.

Whatever a page loads must be in the site too: it is read without a network. Every command and every public name has an
entry in the references.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The links of a page, what it loads, and the anchors that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.anchors |= {value for key in ("id", "name") if (value := found.get(key))}
        if tag == "a" and found.get("href"):
            self.links.append(str(found["href"]))
        elif tag == "link" and found.get("rel") in ("stylesheet", "preload", "icon"):
            self.loaded.append(str(found.get("href")))
        elif found.get("src"):
            self.loaded.append(str(found["src"]))


def dead_links(folder: Path) -> list[str]:
    """What leads nowhere, and what would be loaded from elsewhere."""
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in folder.rglob("*.html")}
    dead = []
    for path, page in pages.items():
        for link in [*page.links, *page.loaded]:
            parts = urlsplit(link)
            if parts.scheme == "data" or (parts.scheme and link in page.links):
                continue
            if parts.scheme or parts.netloc:
                dead.append(f"{path.relative_to(folder)}: loads {link}")
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            if not target.is_file():
                dead.append(f"{path.relative_to(folder)}: {link}")
            elif anchor and target in pages and anchor not in pages[target].anchors:
                dead.append(f"{path.relative_to(folder)}: {link}: no such heading")
    return dead


def missing_entries(folder: Path) -> list[str]:
    """Commands and public names of Python that have no entry in the references."""
    import relureg
    from relureg.cli.main import COMMANDS

    reference = folder / "docs" / "site"
    commands = Page((reference / "command-reference.html").read_text(encoding="utf-8")).anchors
    names = Page((reference / "python-reference.html").read_text(encoding="utf-8")).anchors
    return [
        *(f"no entry for the command {name}" for name in COMMANDS if f"relureg-{name}" not in commands),
        *(
            f"no entry for relureg.{name}"
            for name in relureg.__all__
            if name[0] != "_" and f"relureg.{name}" not in names
        ),
    ]


if __name__ == "__main__":
    site = Path(sys.argv[1]).resolve()
    found = [*dead_links(site), *missing_entries(site)]
    print(*found, sep="\n", end="\n" if found else "")
    print(f"{len(found)} dead links and missing entries in {sys.argv[1]}")
    sys.exit(bool(found))
