"""Sentiments one after the other → a curve over time, as SVG text or a PNG file.

Knows: the layout, and how both are drawn. Refuses to know: where sentiments come from.

Segments with times stand where they are in time; others stand side by side in their order. The
thick line is what was fused, the thin ones are the modalities. Colours differ in lightness too, and
every line is named where it ends, so that the picture can be read without telling colours apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from mmqa.applications.sentiment.opinions import Sentiment, valence_of
from mmqa.errors import UsageError
from mmqa.records import Modality
from mmqa.times import clock

WIDTH, HEIGHT = 900, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 160, 40, 40
_SCALE = 2  # a PNG is drawn twice as large
_NAMES: dict[Modality | str, tuple[str, str]] = {
    "fused": ("all together", "#111111"),
    "visual": ("what is seen", "#b45f06"),
    "text": ("what is written", "#1f5fa8"),
    "speech": ("what is said", "#2e7d32"),
    "acoustic": ("how it sounds", "#8e24aa"),
}
_LEAST_GAP = 16


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the plot: runs of points (x, y) in pixels, its name, colour and width."""

    runs: tuple[tuple[tuple[float, float], ...], ...]
    name: str
    colour: str
    width: float

    @property
    def end_y(self) -> float:
        """Where it ends."""
        return self.runs[-1][-1][1]


def svg(each: Sequence[Sentiment], title: str) -> str:
    """The plot as an SVG element that names itself for screen readers.

    >>> svg([], "Sentiment of talk.mp4").startswith("<svg")
    True
    """
    found = lines(each)
    body = [
        f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{_y(v):.1f}" y2="{_y(v):.1f}" '
        f'stroke="#999999" stroke-dasharray="{"none" if v == 0 else "3 4"}"/>'
        f'<text x="{_LEFT - 8}" y="{_y(v) + 4:.1f}" text-anchor="end">{label}</text>'
        for v, label in _GRID
    ]
    body += [
        f'<text x="{x:.1f}" y="{HEIGHT - 14}" text-anchor="middle">{escape(label)}</text>'
        for x, label in _ticks(each)
    ]
    for line in found:
        body += [
            f'<polyline fill="none" stroke="{line.colour}" stroke-width="{line.width}" points="'
            + " ".join(f"{x:.1f},{y:.1f}" for x, y in run)
            + '"/>'
            for run in line.runs
        ]
    body += [
        f'<text x="{WIDTH - _RIGHT + 8}" y="{y + 4:.1f}" fill="{line.colour}">{line.name}</text>'
        for line, y in _labels(found)
    ]
    name = escape(title)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{name}" font-family="sans-serif" font-size="13">'
        f'<title>{name}</title><rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
        f'<text x="{_LEFT}" y="22" font-size="15">{name}</text>{"".join(body)}</svg>'
    )


def write(each: Sequence[Sentiment], path: Path, title: str) -> Path:
    """Write the plot as PNG or SVG, whole or not at all.

    Raises:
        UsageError: The name ends in neither ``.png`` nor ``.svg``, or it cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in (".png", ".svg"):
        raise UsageError(
            f"a curve is written as PNG or SVG, and {path.name!r} is named like neither",
            "Name it like curve.png or curve.svg.",
        )
    partial = path.with_name(f".{path.name}.part")
    try:
        if suffix == ".svg":
            partial.write_text(svg(each, title), encoding="utf-8")
        else:
            _drawn(each, title).save(partial, format="PNG")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise UsageError(
            f"the curve cannot be written to {str(path)!r}: {error.strerror or error}",
            "Choose another place.",
        ) from error
    return path


def lines(each: Sequence[Sentiment]) -> list[Line]:
    """The lines to draw: each modality that anything has, then what was fused, on top."""
    spans = _spans(each)
    found = []
    for key, (name, colour) in reversed(_NAMES.items()):
        runs = tuple(_runs(each, spans, key))
        if runs:
            found.append(Line(runs, name, colour, 3.5 if key == "fused" else 1.5))
    return found


# ------------------------------------------------------------------------------------- layout

_GRID = ((1.0, "positive"), (0.0, "neutral"), (-1.0, "negative"))


def _runs(
    each: Sequence[Sentiment], spans: Sequence[tuple[float, float]], key: str
) -> Iterator[tuple[tuple[float, float], ...]]:
    """Steps of one line; what says nothing breaks it."""
    last = spans[-1][1] if spans else 1.0
    run: list[tuple[float, float]] = []
    for one, (start, end) in zip(each, spans, strict=True):
        valence = _valence(one, key)
        if valence is None:
            if run:
                yield tuple(run)
            run = []
        else:
            run += [(_x(start / last), _y(valence)), (_x(end / last), _y(valence))]
    if run:
        yield tuple(run)


def _valence(one: Sentiment, key: str) -> float | None:
    if key == "fused":
        return None if one.by == "nothing" else one.valence
    found = {str(name): chances for name, chances in one.modalities.items()}.get(key)
    return None if found is None else valence_of(found)


def _spans(each: Sequence[Sentiment]) -> list[tuple[float, float]]:
    """Start and end of each on the axis: seconds of one file, else places in the order."""
    if _timed(each):
        return [(one.start_s or 0.0, one.end_s or 0.0) for one in each]
    return [(float(place), float(place + 1)) for place in range(len(each))]


def _timed(each: Sequence[Sentiment]) -> bool:
    one_file = len({one.path for one in each}) == 1
    return one_file and all(one.start_s is not None and (one.end_s or 0) > 0 for one in each)


def _ticks(each: Sequence[Sentiment]) -> list[tuple[float, str]]:
    spans = _spans(each)
    if not spans:
        return []
    if _timed(each):
        last = spans[-1][1]
        return [(_x(share), clock(share * last)) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    return [(_x(0.5 / len(each)), "1"), (_x(1 - 0.5 / len(each)), str(len(each)))][: len(each)]


def _labels(found: Sequence[Line]) -> list[tuple[Line, float]]:
    """Where names stand beside the ends of their lines, none over another."""
    placed: list[tuple[Line, float]] = []
    below = float(_TOP)
    for line in sorted(found, key=lambda one: one.end_y):
        below = max(line.end_y, below)
        placed.append((line, below))
        below += _LEAST_GAP
    return placed


def _x(share: float) -> float:
    return _LEFT + min(1.0, max(0.0, share)) * (WIDTH - _LEFT - _RIGHT)


def _y(valence: float) -> float:
    return _TOP + (1 - valence) / 2 * (HEIGHT - _TOP - _BOTTOM)


# ---------------------------------------------------------------------------------------- PNG


def _drawn(each: Sequence[Sentiment], title: str) -> Image.Image:
    image = Image.new("RGB", (_SCALE * WIDTH, _SCALE * HEIGHT), "white")
    draw = ImageDraw.Draw(image)
    small, large = (ImageFont.load_default(_SCALE * size) for size in (13, 15))

    def place(x: float, y: float) -> tuple[float, float]:
        return _SCALE * x, _SCALE * y

    draw.text(place(_LEFT, 10), _plain(title), font=large, fill="#111111")
    for valence, label in _GRID:
        y = _y(valence)
        draw.line([place(_LEFT, y), place(WIDTH - _RIGHT, y)], fill="#bbbbbb", width=_SCALE)
        draw.text(place(_LEFT - 8, y), label, font=small, fill="#111111", anchor="rm")
    for x, label in _ticks(each):
        draw.text(place(x, HEIGHT - 18), label, font=small, fill="#111111", anchor="mm")
    found = lines(each)
    for line in found:
        for run in line.runs:
            points = [place(x, y) for x, y in run]
            draw.line(points, fill=line.colour, width=round(_SCALE * line.width))
    for line, y in _labels(found):
        at = place(WIDTH - _RIGHT + 8, y)
        draw.text(at, line.name, font=small, fill=line.colour, anchor="lm")
    return image


def _plain(text: str) -> str:
    """What the font that Pillow carries can show."""
    return text.encode("latin-1", "replace").decode("latin-1")
