"""Execute notebooks from nothing and store them as they were executed: python docs/notebooks/execute.py [NOTEBOOK ...].

What a run leaves that is no answer (times, versions, addresses) is not stored.
"""

from __future__ import annotations

import base64
import io
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image

HERE = Path(__file__).parent


def executed(path: Path) -> nbformat.NotebookNode:
    """The notebook with what its cells say now, run in its own folder; a cell that fails raises."""
    notebook = nbformat.read(path, as_version=4)
    place = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=place).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = joined(cell.outputs)
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                output["data"]["image/png"] = smaller(output["data"]["image/png"])
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def joined(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Outputs in which what was printed is one text, in however many pieces it came."""
    kept: list[nbformat.NotebookNode] = []
    for output in outputs:
        last = kept[-1] if kept else None
        if last is not None and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            kept.append(output)
    return kept


def smaller(picture: str) -> str:
    """A PNG in base64 with at most 128 colours."""
    image = Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGB").quantize(128)
    packed = io.BytesIO()
    image.save(packed, "PNG", optimize=True)
    return base64.b64encode(packed.getvalue()).decode()


def said(notebook: nbformat.NotebookNode) -> list[str]:
    """What each cell says in words; of pictures and tables, that there is one."""
    answers = []
    for cell in notebook.cells:
        outputs = cell.get("outputs", [])
        answers.append("".join(output.get("text", "") for output in outputs if output.output_type == "stream"))
        for data in (output.data for output in outputs if "data" in output):
            answers.append(data.get("text/plain", ""))
            answers += sorted(kind for kind in data if kind != "text/plain")
    return answers


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(HERE.glob("*.ipynb")):
        nbformat.write(executed(Path(name)), Path(name))
        print(name, Path(name).stat().st_size)
