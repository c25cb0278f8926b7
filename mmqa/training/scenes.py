"""Scenes: a few coloured shapes on a ground, and their pictures.

Knows: what a scene holds, the colours as people name them, how it is drawn. Refuses to know: how
scenes are made up, and what is asked about them.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Literal, TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from mmqa.records import Floats, Picture, Pixels
from mmqa.training.scene_shapes import RING_WIDTH, outline, turned

Rgb: TypeAlias = tuple[int, int, int]

SIDE = 260
"""Side of a picture in pixels: what EfficientNet-lite2 sees."""

SMALL_SIDE = 64
"""Side of a picture that looks like easy-VQA's; the encoder's reader enlarges it."""

COLOURS: dict[str, tuple[Rgb, ...]] = {
    "red": ((220, 30, 35), (200, 20, 30), (235, 45, 40), (255, 0, 0)),
    "orange": ((245, 140, 20), (255, 150, 40), (240, 128, 10)),
    "yellow": ((250, 220, 30), (255, 235, 60), (242, 212, 25), (255, 255, 0)),
    "green": ((40, 160, 60), (30, 130, 50), (60, 190, 70), (0, 240, 0)),
    "teal": ((0, 128, 128), (15, 145, 142), (0, 150, 150)),
    "blue": ((30, 70, 210), (20, 50, 180), (45, 95, 230), (0, 0, 255)),
    "purple": ((130, 40, 160), (110, 30, 140), (150, 65, 190)),
    "pink": ((250, 130, 180), (255, 150, 190), (242, 112, 170)),
    "brown": ((125, 75, 40), (140, 85, 45), (105, 62, 35)),
    "black": ((12, 12, 12), (28, 28, 30)),
    "white": ((250, 250, 250), (243, 243, 243)),
    "gray": ((128, 128, 128), (140, 140, 142), (116, 116, 118)),
}
"""Colour words and the tones they stand for; ``gray`` as easy-VQA spells it."""

EASY_BROWN: Rgb = (165, 42, 42)
"""easy-VQA's brown, near to red: only in pictures that look like its own."""

Style: TypeAlias = Literal["filled", "edged", "hollow"]


@dataclass(frozen=True, slots=True)
class Shape:
    """One thing in a scene.

    Attributes:
        colour: Its name, a key of :data:`COLOURS`.
        name: Which shape, one of ``scene_shapes.SHAPES``.
        x: Centre from the left edge, 0–1 of the side.
        y: Centre from the top edge, 0–1 of the side.
        radius: Of the circle around it, as a share of the side.
        rgb: The tone that stands for the colour.
        angle: Degrees that it is turned clockwise.
        style: ``edged``: with a darker rim; ``hollow``: only the outline.
    """

    colour: str
    name: str
    x: float
    y: float
    radius: float
    rgb: Rgb
    angle: float = 0.0
    style: Style = "filled"


@dataclass(frozen=True, slots=True)
class Ground:
    """What the shapes lie on.

    Attributes:
        tones: One, or two for a gradient.
        angle: Degrees of the gradient's direction; 0 runs downwards.
        noise: Strength of grain per pixel, 0–255.
        cloud: Strength of a soft texture, 0–255.
        seed: Draws noise and texture.
    """

    tones: tuple[Rgb, ...]
    angle: float = 0.0
    noise: float = 0.0
    cloud: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that its picture shows.

    Attributes:
        shapes: One or more, none over another.
        ground: What they lie on.
        side: Pixels.
        blur: Radius in pixels.
        quality: JPEG's, 1–95; 0 for a picture that was never one.
    """

    shapes: tuple[Shape, ...]
    ground: Ground
    side: int = SIDE
    blur: float = 0.0
    quality: int = 0


def contrast(one: Rgb, other: Rgb) -> float:
    """How different two tones look, 0–765: "redmean" (T. Riemersma, compuphase.com/cmetric).

    >>> contrast((0, 0, 0), (0, 0, 0)), round(contrast((255, 255, 255), (0, 0, 0)))
    (0.0, 765)
    """
    red = (one[0] + other[0]) / 2
    r, g, b = ((u - v) ** 2 for u, v in zip(one, other, strict=True))
    return float(((2 + red / 256) * r + 4 * g + (2 + (255 - red) / 256) * b) ** 0.5)


def draw(scene: Scene) -> Picture:
    """The picture of a scene; the same scene gives the same pixels."""
    ground = Image.fromarray(_ground(scene.ground, scene.side))
    # easy-VQA draws without smoothing its edges
    fine = 1 if scene.side == SMALL_SIDE else 2
    canvas = ground.resize((scene.side * fine,) * 2, Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(canvas)
    for shape in scene.shapes:
        _put(pen, shape, scene.side * fine)
    return Picture(_finished(canvas.reduce(fine), scene))


def _ground(ground: Ground, side: int) -> Pixels:
    first, last = (np.array(tone, np.float32) for tone in (ground.tones[0], ground.tones[-1]))
    pixels: Floats = np.broadcast_to(first, (side, side, 3))
    if len(ground.tones) > 1:
        angle = np.deg2rad(ground.angle)
        steps = np.linspace(-0.5, 0.5, side, dtype=np.float32)
        ramp = np.cos(angle) * steps[:, None] + np.sin(angle) * steps[None, :]
        share = 0.5 + ramp / (np.abs(np.cos(angle)) + np.abs(np.sin(angle)))
        pixels = (first + share[..., None] * (last - first)).astype(np.float32)
    if ground.cloud:
        pixels = pixels + ground.cloud * _cloud(ground.seed, side)[..., None]
    return np.clip(pixels, 0, 255).astype(np.uint8)


def _cloud(seed: int, side: int) -> Floats:
    rough = np.random.default_rng(seed).uniform(-1, 1, (13, 13)).astype(np.float32)
    return np.asarray(Image.fromarray(rough).resize((side, side), Image.Resampling.BICUBIC))


def _put(pen: ImageDraw.ImageDraw, shape: Shape, side: int) -> None:
    x, y, radius = shape.x * side, shape.y * side, shape.radius * side
    if shape.name == "ring":
        box = (x - radius, y - radius, x + radius, y + radius)
        pen.ellipse(box, outline=shape.rgb, width=round(RING_WIDTH * radius))
        return
    corners = turned(outline(shape.name), shape.angle)
    edge = [(x + radius * u, y + radius * v) for u, v in corners]
    if shape.style == "hollow":
        _trace(pen, edge, shape.rgb, max(4, round(0.24 * radius)))
        return
    pen.polygon(edge, fill=shape.rgb)
    if shape.style == "edged":
        _trace(pen, edge, _darker(shape.rgb), max(2, round(0.09 * radius)))


def _trace(pen: ImageDraw.ImageDraw, edge: list[tuple[float, float]], rgb: Rgb, width: int) -> None:
    pen.line([*edge, *edge[:2]], fill=rgb, width=width, joint="curve")


def _darker(rgb: Rgb) -> Rgb:
    red, green, blue = (round(0.68 * value) for value in rgb)
    return red, green, blue


def _finished(image: Image.Image, scene: Scene) -> Pixels:
    if scene.blur:
        image = image.filter(ImageFilter.GaussianBlur(scene.blur))
    if scene.ground.noise:
        image = Image.fromarray(_grainy(np.asarray(image), scene.ground))
    if scene.quality:
        held = BytesIO()
        image.save(held, "JPEG", quality=scene.quality)
        image = Image.open(held)
    return np.asarray(image)


def _grainy(pixels: Pixels, ground: Ground) -> Pixels:
    noise = np.random.default_rng(ground.seed + 1).standard_normal(pixels.shape, np.float32)
    return np.clip(pixels + ground.noise * noise, 0, 255).astype(np.uint8)
