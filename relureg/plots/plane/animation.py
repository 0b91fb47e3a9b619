"""A complex over training: one view and one set of colours for all frames, and what is counted as curves."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from relureg.complex.complex import Complex
from relureg.errors import EngineUnavailableError, OutputError
from relureg.files import write_atomically
from relureg.plots import canvas
from relureg.plots.plane.colouring import Choices, colour
from relureg.plots.plane.gradients import gradients, middling
from relureg.plots.plane.picture import BOTTOM, LEFT, TOP, Style, paint, plane_for
from relureg.plots.plane.plane import Plane, output_range
from relureg.plots.plane.view import View, bounded_view, chosen_view
from relureg.words import plural

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".gif", ".mp4", ".html")
SIDE, CURVE, GAP = 4.6, 2.1, 0.62
"""Inches: the side of the picture, the width of the curves, and what is between them."""

Frame = NDArray[np.uint8]


def check_target(path: Path, *, force: bool = False) -> None:
    """Find out before the work that an animation can be written.

    Raises
    ------
    UsageError, OutputError
        The suffix is not known, or the file exists and `force` is not set.
    EngineUnavailableError
        matplotlib or pillow is not installed, or ffmpeg for .mp4.
    """
    canvas.check_target(path, SUFFIXES, force=force)
    canvas.require_matplotlib()  # which needs pillow itself
    if path.suffix.lower() == ".mp4" and shutil.which("ffmpeg") is None:
        raise EngineUnavailableError("films need ffmpeg, which is not found; install it, or write .gif or .html")


def save_animation(
    complexes: Sequence[Complex],
    path: Path,
    style: Style,
    *,
    view: View | None = None,
    fps: float = 2.0,
    dpi: int = 100,
    force: bool = False,
    jobs: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> View:
    """Draw complexes of dimension two, one a frame, to .gif, .mp4 or .html; returns the view that all share.

    Parameters
    ----------
    complexes : sequence of Complex
        All complete; in the order of training.
    view : View, optional
        By default the one that fits the last complex.
    fps : float, optional
        Frames a second; the last one stays three times as long.
    progress : callable, optional
        Called with the number of each frame that is done.

    Raises
    ------
    UsageError, OutputError, EngineUnavailableError
        As `check_target` and `plane_of` do.
    """
    check_target(path, force=force)
    shared = view or bounded_view(complexes[-1]) or chosen_view(complexes[-1], np.empty((0, 2)))
    planes, fitted = _planes(complexes, style, shared, jobs)
    frames = []
    with canvas.styled(canvas.theme_of(style.theme)):
        for number in range(len(planes)):
            frames.append(canvas.pixels_of(_figure(planes, number, fitted), dpi))
            if progress is not None:
                progress(number)
    write_atomically(path, _WRITERS[path.suffix.lower()](frames, fps), force=force)
    return shared


def _planes(complexes: Sequence[Complex], style: Style, view: View, jobs: int | None) -> tuple[list[Plane], Style]:
    """All frames, and the style with scales that hold for all of them."""
    choices = style.choices
    if style.colour == "output":
        ranges = np.array([output_range(cells, view, None) for cells in complexes])
        choices = dataclasses.replace(choices, low=float(ranges[:, 0].min()), high=float(ranges[:, 1].max()))
    style = dataclasses.replace(style, choices=choices)
    planes = [plane_for(cells, style, view=view, jobs=jobs) for cells in complexes]
    return planes, dataclasses.replace(style, choices=_shared(planes, style, choices))


def _shared(planes: list[Plane], style: Style, choices: Choices) -> Choices:
    theme = canvas.theme_of(style.theme)
    choices = dataclasses.replace(choices, strength=middling(gradients(planes[-1])))
    if style.colour == "output":
        return choices
    scales = [found for plane in planes if (found := colour(plane, style.colour, theme, choices).scale) is not None]
    if not scales:
        return choices
    return dataclasses.replace(choices, low=min(s.low for s in scales), high=max(s.high for s in scales))


def _figure(planes: list[Plane], number: int, style: Style) -> Figure:
    theme = canvas.theme_of(style.theme)
    plane = planes[number]
    figure = canvas.new_figure(LEFT + SIDE + GAP + CURVE + 0.3, BOTTOM + SIDE + TOP)
    axes = canvas.add_axes(figure, LEFT, BOTTOM, SIDE, SIDE)
    paint(axes, plane, style, colour(plane, style.colour, theme, style.choices), points=None, size=72 * SIDE)
    told = f"{number + 1} of {len(planes)}   ·   {plural(plane.cells.num_regions, 'region')}"
    canvas.add_heading(figure, LEFT, plane.cells.network.name, told, theme)
    curves: tuple[tuple[str, list[float]], ...] = (
        ("regions", [float(p.cells.num_regions) for p in planes]),
        ("average degree", [float(p.cells.graph.average_degree) for p in planes]),
    )
    height = (SIDE - 0.7) / 2
    for row, (title, values) in enumerate(curves):
        bottom = BOTTOM + (1 - row) * (height + 0.7)
        panel = canvas.add_axes(figure, LEFT + SIDE + GAP, bottom, CURVE, height)
        panel.plot(range(1, len(values) + 1), values, color=theme.quiet, lw=0.8, alpha=0.5)
        panel.plot(range(1, number + 2), values[: number + 1], color=theme.accent, lw=1.6)
        panel.plot([number + 1], values[number], "o", ms=5, mfc=theme.accent, mec=theme.ground, mew=0.8)
        panel.set_title(title, fontsize=8.5, loc="left", color=theme.ink, pad=4)
        panel.margins(0.06, 0.12)
        panel.locator_params(axis="y", nbins=4)
        panel.locator_params(axis="x", nbins=4, integer=True)
        panel.tick_params(labelsize=7)
        for side in ("top", "right"):
            panel.spines[side].set_visible(False)
    return figure


def _gif(frames: list[Frame], fps: float) -> bytes:
    from PIL import Image

    images = [Image.fromarray(frame) for frame in frames]
    # One palette for all frames, or colours would flicker: that of first, middle and last, one under the other.
    sample = Image.fromarray(np.concatenate([frames[0], frames[len(frames) // 2], frames[-1]]))
    palette = sample.quantize(255, method=Image.Quantize.MEDIANCUT)
    reduced = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    durations = [round(1000 / fps)] * (len(frames) - 1) + [round(3000 / fps)]
    stream = io.BytesIO()
    reduced[0].save(stream, "GIF", save_all=True, append_images=reduced[1:], duration=durations, loop=0, optimize=True)
    return stream.getvalue()


def _mp4(frames: list[Frame], fps: float) -> bytes:
    height, width = (side - side % 2 for side in frames[0].shape[:2])  # the codec wants even sides
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "film.mp4"
        command = [
            "ffmpeg", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}",
            "-r", str(fps), "-i", "-", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-r", "25", "-movflags", "+faststart",
            str(target),
        ]  # fmt: skip
        shown = [*frames, frames[-1], frames[-1]]
        data = b"".join(np.ascontiguousarray(frame[:height, :width]).tobytes() for frame in shown)
        done = subprocess.run(command, input=data, capture_output=True, check=False)
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
            raise OutputError(f"ffmpeg failed: {said[-1]}")
        return target.read_bytes()


def _html(frames: list[Frame], fps: float) -> bytes:
    from PIL import Image

    sources = []
    for frame in frames:
        stream = io.BytesIO()
        Image.fromarray(frame).quantize(255).save(stream, "PNG", optimize=True)
        sources.append("data:image/png;base64," + base64.b64encode(stream.getvalue()).decode())
    ground = "#{:02x}{:02x}{:02x}".format(*frames[0][0, 0].tolist())
    page = _PAGE.replace("GROUND", ground).replace("DELAY", str(round(1000 / fps)))
    return page.replace("FRAMES", json.dumps(sources)).encode()


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>relureg</title>
<style>
  body { margin: 0; background: GROUND; display: grid; justify-items: center; font: 14px system-ui, sans-serif }
  img { max-width: 100%; max-height: 90vh }
  form { display: flex; gap: 1em; width: min(90%, 40em) }
  input { flex: 1; accent-color: #c1123f }
</style>
<img id="picture" alt="the complex at this step of training">
<form><button type="button" id="play" aria-label="play or pause">play</button>
<input type="range" id="step" min="0" value="0" aria-label="step of training"></form>
<script>
const frames = FRAMES, step = document.getElementById('step'), picture = document.getElementById('picture');
const play = document.getElementById('play');
step.max = frames.length - 1;
let timer = null;
function show() { picture.src = frames[step.value]; }
function stop() { clearInterval(timer); timer = null; play.textContent = 'play'; }
step.oninput = () => { stop(); show(); };
play.onclick = () => {
  if (timer) return stop();
  play.textContent = 'pause';
  timer = setInterval(() => { step.value = (+step.value + 1) % frames.length; show(); }, DELAY);
};
show();
</script></html>
"""

_WRITERS: dict[str, Callable[[list[Frame], float], bytes]] = {".gif": _gif, ".mp4": _mp4, ".html": _html}
