"""What is in a wheel that is to be released: python tests/wheel/check_wheel.py WHEEL.

It prints the bill, and fails where something is missing or may not be there.

The compiled modules, GMP beside them, the licences of all that is carried along; no sources of the kernels, no tests.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from pathlib import Path

LICENCES = {path.name for path in (Path(__file__).parents[2] / "licences").iterdir()}


def main(wheel: str) -> None:
    """Print the bill of what the wheel contains."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        sizes = {name: archive.getinfo(name).file_size for name in names}
        bills = [json.loads(archive.read(name)) for name in names if ".dist-info/sboms/" in name]
    compiled = sorted(name for name in names if re.search(r"\.(so|pyd)$", name) and name.startswith("relureg/"))
    carried = sorted(name for name in names if re.search(r"(\.libs|\.dylibs)/", name))
    assert any("/_cells." in name for name in compiled), "the compiled search is missing"
    assert any("gmp" in Path(name).name for name in carried), "GMP is not carried along: repair the wheel"
    carried_others = [name for name in carried if not re.search("gmp|gcc|stdc|winpthread|load-order", name)]
    assert carried_others == [], f"what is this, and under which licence? {carried_others}"
    texts = {Path(name).name for name in names if ".dist-info/licenses/" in name}
    assert texts >= LICENCES | {"LICENSE"}, f"licences are missing: {sorted(LICENCES - texts)}"
    stray = [name for name in names if re.search(r"\.[ch]pp$|(^|/)(tests|fixtures|benchmarks)/", name)]
    assert stray == [], f"does not belong into a wheel: {stray[:5]}"
    print(f"{Path(wheel).name}   {Path(wheel).stat().st_size / 2**20:.1f} MiB")
    for name in [*compiled, *carried]:
        print(f"  {name}   {sizes[name] / 2**20:.1f} MiB")
    print(f"  {sum(name.endswith('.py') for name in names)} modules of Python")
    print(f"  licences: {', '.join(sorted(texts))}")
    for bill in bills:
        for part in bill.get("components", []):
            print(f"  in the bill: {part.get('name')} {part.get('version', '')} {part.get('purl', '')}")


if __name__ == "__main__":
    main(sys.argv[1])
