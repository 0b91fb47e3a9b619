"""Try an installed relureg that has nothing beside it but what it needs: python tests/wheel/smoke.py, from any folder.

It must be the installed one that answers, with its compiled search; what an extra would bring is asked for by a command
that installs it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path


def relureg(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """The command line of the installed package."""
    command = [sys.executable, "-m", "relureg", *words]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, encoding="utf-8", check=False)


def counted(network: str, *words: str) -> dict[str, object]:
    """What `count --json` prints."""
    done = relureg("count", "-", "--json", *words, stdin=network)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def main() -> None:
    """Every assertion is about what a user would see."""
    os.chdir(tempfile.mkdtemp())
    import relureg as package

    place = Path(package.__file__).parent
    assert not (place.parent / "pyproject.toml").exists(), f"{place} is a checkout, not what was installed"
    made = relureg("construct", "zigzag", "pieces=4,3,5")
    assert made.returncode == 0, made.stderr
    assert (counted(made.stdout)["regions"], counted(made.stdout, "--box", "-1", "1")["bounded"] != 0) == (120, True)
    deep = relureg("construct", "sawtooth", "depth=12").stdout
    assert counted(deep)["regions"] == 2**12 + 2
    assert counted(relureg("random", "--widths", "9,8", "--seed", "1").stdout, "--box", "-1", "1")["regions"] != 0
    assert relureg("--version").stdout == f"relureg, version {package.__version__}\n"
    asked = [("matplotlib", "plot", ("plot", "-", "-o", "x.svg")), ("cdd", "lp", ("count", "-", "--engine", "lp"))]
    for module, extra, words in asked:
        if importlib.util.find_spec(module) is not None:
            continue
        done = relureg(*words, stdin=made.stdout)
        assert f"pip install 'relureg[{extra}]'" in done.stderr, done.stderr
    print(f"relureg {package.__version__} works in {place}")


if __name__ == "__main__":
    main()
