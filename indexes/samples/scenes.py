"""Pictures without a word in them: simple scenes of the trip, drawn from shapes.

Knows: what each scene looks like. Refuses to know: file names and formats.
"""

from __future__ import annotations

import math

import numpy as np
from drawing import INK, SCALE, WHITE, Canvas, Colour
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float32]

SKY: Colour = (120, 184, 232)
HAZE: Colour = (222, 240, 250)
SEA: Colour = (24, 98, 150)
GRASS: Colour = (86, 150, 62)


def sailboat() -> Image.Image:
    """A white sailing boat with a red hull on a blue sea."""
    c = Canvas(960, 720, SKY, HAZE)
    for x, y, radius in ((120, 110, 60), (200, 130, 80), (290, 120, 54), (830, 90, 60)):
        c.glow(x, y, radius, WHITE, 170)
    c.polygon([(700, 520), (780, 486), (880, 500), (960, 478), (960, 520)], (120, 150, 150))
    _sea(c, 515)
    c.polygon([(220, 530), (745, 508), (660, 606), (300, 606)], (160, 36, 38))
    c.polygon([(220, 530), (745, 508), (734, 524), (228, 546)], WHITE)
    c.polygon([(300, 606), (660, 606), (640, 622), (316, 622)], (96, 22, 26))
    c.line([(470, 522), (470, 46)], (120, 84, 52), 8)
    c.line([(470, 492), (300, 500)], (120, 84, 52), 6)
    c.polygon([(462, 60), (462, 484), (286, 490), (352, 330)], (250, 248, 242))
    c.polygon([(478, 74), (488, 470), (700, 500), (560, 330)], (232, 230, 222))
    for y in (170, 270, 370):
        c.line([(462, y), (462 - (y - 50) * 0.36, y + 4)], (206, 204, 196), 2)
    c.line([(470, 46), (742, 508)], (90, 80, 74), 1.5)
    _waves(c, 618, 230, 740)
    return c.finish(grain=3, seed=50)


def lighthouse() -> Image.Image:
    """A red and white lighthouse on a rock by the sea."""
    c = Canvas(720, 960, (90, 150, 214), (236, 226, 206))
    _sea(c, 730)
    c.polygon([(90, 800), (190, 700), (300, 670), (450, 672), (560, 710), (660, 800)], (96, 92, 90))
    c.polygon([(190, 700), (300, 670), (450, 672), (480, 700), (330, 730)], (124, 120, 116))
    _tower(c)
    c.box((292, 190, 428, 206), INK)
    c.box((318, 122, 402, 190), (255, 236, 150), outline=INK, width=5)
    c.line([(346, 124), (346, 188)], INK, 4)
    c.line([(374, 124), (374, 188)], INK, 4)
    c.polygon([(306, 124), (414, 124), (360, 70)], (176, 40, 40))
    c.glow(360, 156, 60, (255, 246, 190), 120)
    _waves(c, 800, 80, 680)
    return c.finish(grain=3, seed=51)


def _tower(c: Canvas) -> None:
    top, bottom = 206.0, 690.0
    bands = 6
    for band in range(bands):
        upper, lower = (top + (bottom - top) * (band + i) / bands for i in (0, 1))
        wide, wider = (52 + 34 * (y - top) / (bottom - top) for y in (upper, lower))
        colour: Colour = (200, 44, 44) if band % 2 == 0 else (248, 246, 242)
        shade: Colour = (166, 34, 36) if band % 2 == 0 else (214, 212, 208)
        c.polygon(
            [(360 - wide, upper), (360 + wide, upper), (360 + wider, lower), (360 - wider, lower)],
            colour,
        )
        c.polygon([(380, upper), (360 + wide, upper), (360 + wider, lower), (380, lower)], shade)
    c.box((340, 600, 380, 690), (70, 48, 36), radius=16)


def apple() -> Image.Image:
    """A green apple on a white table."""
    size, radius = 720 * SCALE, 245 * SCALE
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    dx, dy = (x - 360 * SCALE) / radius, (y - 400 * SCALE) / (0.95 * radius)
    light = np.clip(1 - np.hypot(dx + 0.35, dy + 0.4) / 1.7, 0, 1)[..., None]
    dark, base, bright = (np.array(v) for v in ((60, 100, 14), (140, 190, 50), (200, 230, 120)))
    skin = dark + (base - dark) * np.clip(1.7 * light, 0, 1)
    skin = skin + (bright - base) * np.clip(1.9 * light - 1, 0, 1)
    skin *= 1 - 0.65 * _spot(dx, dy, (0, -0.80), (0.22, 0.09))
    skin += np.array([150, 140, 120]) * _spot(dx, dy, (-0.42, -0.42), (0.16, 0.2))
    ground = 255 * (1 - 0.4 * _spot(dx, dy, (0.12, 1.03), (0.94, 0.15)))
    pixels = np.where(_apple_shape(dx, dy)[..., None], skin, ground)
    c = Canvas(720, 720, WHITE)
    c.image.paste(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)))
    c.line([(360, 212), (364, 150), (382, 104)], (92, 58, 32), 13)
    c.chord((372, 92, 520, 188), 165, 345, (74, 146, 46))
    c.chord((372, 76, 520, 172), 15, 165, (98, 172, 62))
    return c.finish()


def _apple_shape(dx: Floats, dy: Floats) -> NDArray[np.bool_]:
    """Where the apple is: a circle, pressed in at the stem and a little at the bottom."""
    angle = np.arctan2(dy, dx)
    stem = 0.16 * np.exp(-(((angle + math.pi / 2) / 0.38) ** 2))
    bottom = 0.05 * np.exp(-(((angle - math.pi / 2) / 0.3) ** 2))
    shoulders = 0.05 * np.abs(np.cos(angle)) * np.clip(0.5 - 2 * dy, 0, 1)
    shape: NDArray[np.bool_] = np.hypot(dx, dy) < 1 - stem - bottom + shoulders
    return shape


def _spot(dx: Floats, dy: Floats, at: tuple[float, float], size: tuple[float, float]) -> Floats:
    """A soft spot, 1 in its middle; (rows, columns, 1)."""
    spot: Floats = np.exp(-(((dx - at[0]) / size[0]) ** 2 + ((dy - at[1]) / size[1]) ** 2))
    return spot[..., None]


def cat() -> Image.Image:
    """The face of an orange cat, cut out: the background is transparent."""
    c = Canvas(640, 640, (246, 166, 68))
    fur, dark = (246, 166, 68), (214, 120, 36)
    c.pen.rectangle((0, 0, *c.image.size), fill=(1, 2, 3))
    for side in (-1, 1):
        c.polygon([(320 + side * 70, 190), (320 + side * 250, 250), (320 + side * 225, 50)], fur)
        c.polygon(
            [(320 + side * 110, 190), (320 + side * 215, 225), (320 + side * 205, 95)],
            (250, 190, 180),
        )
    c.oval(70, 140, 570, 590, fur)
    for x in (270, 320, 370):
        c.line([(x, 150), (x, 230)], dark, 18)
    for side in (-1, 1):
        c.line([(320 + side * 240, 350), (320 + side * 180, 360)], dark, 14)
        c.line([(320 + side * 236, 410), (320 + side * 180, 405)], dark, 14)
    c.oval(205, 400, 435, 560, (255, 246, 232))
    for x in (215, 425):
        c.oval(x - 48, 290, x + 48, 386, (140, 190, 70))
        c.oval(x - 17, 292, x + 17, 384, (16, 18, 20))
        c.disc(x - 12, 316, 10, WHITE)
    c.polygon([(292, 418), (348, 418), (320, 450)], (224, 110, 120))
    c.arc((262, 430, 320, 490), 10, 170, INK, 6)
    c.arc((320, 430, 378, 490), 10, 170, INK, 6)
    for side in (-1, 1):
        for y, end in ((440, 415), (458, 458), (476, 501)):
            c.line([(320 + side * 92, y), (320 + side * 270, end)], (90, 70, 60), 4)
    return _cut_out(c)


def _cut_out(c: Canvas) -> Image.Image:
    picture = c.image.convert("RGBA")
    flat = c.image.tobytes()
    alpha = bytes(0 if flat[i : i + 3] == b"\x01\x02\x03" else 255 for i in range(0, len(flat), 3))
    picture.putalpha(Image.frombytes("L", picture.size, alpha))
    return picture.resize((c.width, c.height), Image.Resampling.LANCZOS)


def bicycle() -> Image.Image:
    """A bicycle before a pale wall."""
    c = Canvas(960, 720, (244, 236, 222), (232, 222, 204))
    c.box((0, 590, 960, 720), (150, 150, 152))
    c.oval(130, 580, 850, 620, (120, 120, 122))
    frame: Colour = (22, 104, 140)
    rear, front = (270.0, 450.0), (700.0, 450.0)
    for x, y in (rear, front):
        c.ring(x, y, 145, (30, 30, 32), 13)
        c.ring(x, y, 131, (170, 172, 176), 5)
        for spoke in range(16):
            angle = math.pi * spoke / 8
            end = (x + 130 * math.cos(angle), y + 130 * math.sin(angle))
            c.line([(x, y), end], (160, 162, 166), 2)
        c.disc(x, y, 13, (60, 60, 64))
    crank, seat, head = (450.0, 455.0), (395.0, 255.0), (640.0, 245.0)
    c.line([rear, crank, head, seat, crank], frame, 15)
    c.line([rear, seat], frame, 12)
    c.line([head, front], frame, 15)
    c.line([seat, (380, 205)], (60, 60, 64), 11)
    c.oval(325, 188, 435, 214, (50, 36, 30))
    c.line([head, (628, 190), (690, 178), (706, 205)], (60, 60, 64), 11)
    c.ring(*crank, 34, (70, 70, 74), 8)
    c.line([crank, (482, 520)], (70, 70, 74), 9)
    c.line([(462, 522), (504, 522)], (30, 30, 32), 11)
    return c.finish()


def umbrella() -> Image.Image:
    """A red umbrella in the rain."""
    c = Canvas(800, 800, (146, 160, 176), (196, 204, 212))
    for i in range(70):
        x, y = (i * 137) % 820, (i * 251) % 800
        c.line([(x, y), (x - 9, y + 34)], (214, 226, 238), 3)
    c.line([(400, 150), (400, 650)], (70, 52, 40), 14)
    c.arc((400 - 94, 600, 407, 704), 0, 180, (70, 52, 40), 14)
    canopy: tuple[Colour, Colour] = ((210, 36, 50), (176, 24, 40))
    c.chord((110, 140, 690, 720), 180, 360, canopy[0])
    c.chord((210, 140, 590, 720), 180, 360, canopy[1])
    c.chord((318, 140, 482, 720), 180, 360, canopy[0])
    for x0, x1 in ((110, 210), (210, 318), (318, 482), (482, 590), (590, 690)):
        c.oval(x0, 404, x1, 456, (171, 182, 194))
    c.line([(400, 410), (400, 470)], (70, 52, 40), 14)
    c.line([(400, 145), (400, 112)], (70, 52, 40), 10)
    return c.finish(grain=2, seed=55)


def football() -> Image.Image:
    """A black and white football on the grass."""
    c = Canvas(800, 640, SKY, HAZE)
    c.box((0, 340, 800, 640), GRASS)
    for i in range(260):
        x, y = (i * 97) % 800, 344 + (i * 53) % 290
        c.line([(x, y), (x + 4, y - 13)], (60 + i % 30, 120 + i % 44, 44), 3)
    c.oval(240, 520, 580, 580, (52, 100, 40))
    c.disc(400, 370, 180, (246, 246, 244))
    c.glow(420, 440, 66, (190, 190, 194), 90)
    _pentagon(c, 400, 370, 62, -90)
    for i in range(5):
        angle = math.radians(-90 + 72 * i)
        inner = (400 + 62 * math.cos(angle), 370 + 62 * math.sin(angle))
        outer = (400 + 122 * math.cos(angle), 370 + 122 * math.sin(angle))
        c.line([inner, outer], (30, 30, 34), 5)
        _patch(c, -90 + 72 * i)
    c.ring(400, 370, 181, (70, 74, 70), 3)
    return c.finish(grain=3, seed=56)


def _pentagon(c: Canvas, x: float, y: float, radius: float, turn: float) -> None:
    corners = [math.radians(turn + 72 * i) for i in range(5)]
    c.polygon([(x + radius * math.cos(a), y + radius * math.sin(a)) for a in corners], (30, 30, 34))


def _patch(c: Canvas, turn: float) -> None:
    """A black patch at the rim, foreshortened."""
    points = []
    for distance, offset in ((122, 0), (146, 19), (178, 15), (178, -15), (146, -19)):
        angle = math.radians(turn + offset)
        points.append((400 + distance * math.cos(angle), 370 + distance * math.sin(angle)))
    c.polygon(points, (30, 30, 34))


def balloon() -> Image.Image:
    """A striped hot-air balloon over hills."""
    c = Canvas(720, 960, (82, 154, 226), (228, 240, 248))
    c.oval(-160, 800, 420, 1120, (112, 168, 84))
    c.oval(300, 830, 940, 1160, GRASS)
    stripes: list[Colour] = [(214, 40, 44), (250, 200, 60), (36, 110, 190), (250, 200, 60)]
    for i, half in enumerate((230, 172, 112, 48)):
        c.oval(360 - half, 110, 360 + half, 590, stripes[i])
        c.polygon(
            [
                (360 - half * 0.86, 470),
                (360 + half * 0.86, 470),
                (360 + half * 0.2, 650),
                (360 - half * 0.2, 650),
            ],
            stripes[i],
        )
    c.glow(280, 240, 70, (255, 255, 255), 90)
    for x in (-42, 42):
        c.line([(360 + x, 650), (360 + x * 0.8, 722)], (80, 60, 44), 4)
    c.box((318, 720, 402, 784), (140, 92, 50), radius=8)
    c.box((314, 716, 406, 732), (104, 66, 36), radius=6)
    return c.finish(grain=3, seed=57)


def house() -> Image.Image:
    """A small house with a chimney, a tree beside it."""
    c = Canvas(960, 720, SKY, HAZE)
    c.box((0, 540, 960, 720), GRASS)
    c.box((560, 170, 618, 300), (150, 72, 58))
    c.box((250, 330, 670, 580), (244, 226, 190))
    c.polygon([(205, 340), (460, 150), (715, 340)], (168, 60, 46))
    c.box((420, 440, 500, 580), (104, 64, 40), radius=4)
    c.disc(486, 514, 5, (240, 210, 90))
    for x in (296, 556):
        c.box((x, 390, x + 78, 468), (150, 204, 236), outline=WHITE, width=8)
        c.line([(x + 39, 392), (x + 39, 466)], WHITE, 5)
        c.line([(x + 2, 429), (x + 76, 429)], WHITE, 5)
    c.box((812, 420, 840, 600), (100, 70, 44))
    for x, y, radius in ((826, 360, 92), (772, 410, 60), (880, 412, 62)):
        c.disc(x, y, radius, (52, 116, 54))
    c.polygon([(420, 580), (500, 580), (560, 720), (370, 720)], (206, 192, 164))
    return c.finish(grain=2, seed=62)


def coffee() -> Image.Image:
    """A cup of coffee on a saucer, seen on a wooden table."""
    c = Canvas(800, 640, (176, 126, 82), (146, 98, 60))
    for y in range(0, 640, 80):
        c.line([(0, y), (800, y)], (132, 88, 52), 3)
    c.oval(130, 430, 650, 580, (120, 82, 50))
    c.oval(130, 400, 650, 560, (238, 238, 236))
    c.oval(200, 425, 580, 535, (214, 214, 212))
    c.arc((500, 240, 660, 420), 250, 130, (246, 246, 244), 28)
    c.chord((210, 20, 570, 520), 0, 180, (250, 250, 248))
    c.oval(210, 200, 570, 320, (250, 250, 248))
    c.oval(228, 212, 552, 308, (84, 48, 26))
    c.oval(300, 236, 470, 282, (188, 140, 92))
    for x in (330, 390, 450):
        c.arc((x - 22, 100, x + 22, 150), 90, 270, (226, 212, 196), 7)
        c.arc((x - 22, 50, x + 22, 100), 270, 90, (226, 212, 196), 7)
    return c.finish(grain=2, seed=64)


def fish() -> Image.Image:
    """An orange fish with white bands under water."""
    c = Canvas(960, 640, (40, 150, 190), (10, 70, 120))
    for x, y, radius in ((720, 150, 16), (752, 100, 22), (700, 70, 12)):
        c.ring(x, y, radius, (190, 230, 240), 4)
    orange: Colour = (244, 130, 30)
    c.polygon([(300, 320), (150, 200), (180, 320), (150, 440)], orange)
    c.polygon([(400, 200), (560, 200), (470, 110)], (224, 104, 20))
    c.polygon([(420, 440), (540, 440), (450, 520)], (224, 104, 20))
    c.oval(260, 180, 760, 460, orange)
    for x, half in ((420, 118), (580, 124)):
        c.oval(x - 26, 320 - half, x + 26, 320 + half, (250, 246, 240))
    c.disc(682, 285, 24, WHITE)
    c.disc(688, 285, 13, (16, 18, 20))
    c.arc((690, 310, 760, 380), 60, 170, (150, 70, 10), 6)
    for x in (60, 880, 930):
        c.line([(x, 640), (x + 14, 540), (x - 8, 450)], (40, 130, 70), 12)
    return c.finish(grain=2, seed=65)


def _sea(c: Canvas, level: float) -> None:
    c.shade((0, level, c.width, c.height), (46, 128, 178), (12, 66, 112))
    for i in range(26):
        depth = (i * 61 % 97) / 97
        y = level + 8 + (c.height - level - 20) * depth**1.5
        x, length = (i * 173) % c.width, 14 + 60 * depth
        c.line([(x, y), (x + length, y)], (86, 156, 198), 1.5 + 2 * depth)


def _waves(c: Canvas, y: float, left: float, right: float) -> None:
    x = left
    while x < right:
        c.arc((x, y - 12, x + 50, y + 22), 190, 350, (216, 236, 246), 5)
        x += 50
