"""Pictures with text: signs, receipts, cards, timetables, slides and charts of the trip.

Knows: what is written on each and how it looks. Refuses to know: file names and formats.
"""

from __future__ import annotations

from collections.abc import Sequence

from drawing import INK, WHITE, Canvas, Colour
from PIL import Image

NAVY: Colour = (16, 54, 104)
TEAL: Colour = (0, 110, 120)
RED: Colour = (190, 34, 40)
PAPER: Colour = (252, 251, 246)
GREY: Colour = (110, 118, 128)


# ---- signs -------------------------------------------------------------------------------------


def ferry_sign() -> Image.Image:
    """A blue sign at the harbour."""
    c = _outdoors(960, 720)
    _board(c, (120, 90, 840, 560), NAVY, WHITE)
    c.text((480, 125), "FERRY TO SKARHOLM", 52, colour=WHITE, face="bold", anchor="ma")
    _ship(c, 290, 345)
    c.text((640, 285), "PIER 4", 96, colour=(255, 214, 64), face="bold", anchor="ma")
    c.text((480, 490), "Boarding closes 10 minutes before departure", 27, colour=WHITE, anchor="ma")
    return c.finish(grain=3, seed=34).rotate(
        1.2, Image.Resampling.BICUBIC, fillcolor=(150, 186, 214)
    )


def waiting_room_sign() -> Image.Image:
    """A Chinese sign at the door of the waiting room."""
    c = Canvas(960, 720, (214, 206, 192), (196, 186, 170))
    _board(c, (110, 80, 850, 640), (10, 104, 84), WHITE, posts=False)
    c.text((480, 105), "候船室", 150, colour=WHITE, face="chinese", anchor="ma")
    c.line([(190, 325), (770, 325)], WHITE, 4)
    c.text(
        (480, 350), "开放时间 6:00–22:00", 62, colour=(255, 232, 120), face="chinese", anchor="ma"
    )
    c.text((480, 455), "禁止吸烟", 62, colour=WHITE, face="chinese", anchor="ma")
    c.text((480, 550), "请保管好您的行李", 50, colour=WHITE, face="chinese", anchor="ma")
    return c.finish(grain=3, seed=35)


def bakery_sign() -> Image.Image:
    """The sign of a bakery."""
    c = Canvas(900, 700, (188, 108, 84), (168, 90, 70))
    for row in range(0, 700, 50):
        c.line([(0, row), (900, row)], (206, 142, 118), 3)
        for x in range(-(row // 50 % 2) * 60, 900, 120):
            c.line([(x, row), (x, row + 50)], (206, 142, 118), 3)
    _board(c, (110, 110, 790, 580), (250, 240, 216), (110, 66, 34), posts=False)
    c.text((450, 150), "HOLM BAKERY", 66, colour=(110, 66, 34), face="serif", anchor="ma")
    c.text((450, 265), "Fresh bread since 1921", 38, colour=(150, 96, 50), face="sans", anchor="ma")
    c.text((450, 360), "Open 7:00 to 15:00", 48, colour=INK, face="bold", anchor="ma")
    c.text((450, 450), "Closed on Mondays", 48, colour=RED, face="bold", anchor="ma")
    return c.finish(grain=3, seed=44)


def parking_sign() -> Image.Image:
    """A parking sign, upright; the file stores it turned."""
    c = _outdoors(720, 960)
    _board(c, (140, 110, 580, 800), (22, 88, 170), WHITE)
    c.text((360, 130), "P", 240, colour=WHITE, face="bold", anchor="ma")
    c.text((360, 440), "Harbour car park", 38, colour=WHITE, face="bold", anchor="ma")
    c.text((360, 530), "max. 3 hours", 50, colour=(255, 220, 80), face="bold", anchor="ma")
    c.text((360, 640), "Mon–Sat 8:00–18:00", 36, colour=WHITE, anchor="ma")
    c.text((360, 710), "Fine 60 EUR", 36, colour=WHITE, anchor="ma")
    return c.finish(grain=3, seed=46)


def seal_sign() -> Image.Image:
    """A yellow warning sign on the beach."""
    c = Canvas(960, 720, (142, 198, 232), (236, 222, 186))
    c.box((0, 520, 960, 720), (226, 206, 160))
    _board(c, (160, 80, 800, 570), (252, 206, 40), INK)
    c.polygon([(480, 105), (560, 245), (400, 245)], INK)
    c.text((480, 150), "!", 84, colour=(252, 206, 40), face="bold", anchor="ma")
    c.text((480, 270), "SEALS ON THE BEACH", 44, face="bold", anchor="ma")
    c.text((480, 360), "Keep 50 metres away", 46, face="bold", anchor="ma")
    c.text((480, 450), "Dogs must be on a lead", 36, anchor="ma")
    return c.finish(grain=3, seed=47)


def dentist_plate() -> Image.Image:
    """A brass plate beside a door."""
    c = Canvas(900, 600, (206, 200, 190), (186, 180, 170))
    c.shadow((130, 110, 770, 490))
    c.box((130, 110, 770, 490), (212, 178, 96), radius=10, outline=(150, 118, 50), width=6)
    for x, y in ((158, 138), (742, 138), (158, 462), (742, 462)):
        c.disc(x, y, 9, (130, 100, 44))
    c.text((450, 165), "Dr. Elin Haugen", 62, face="serif", anchor="ma")
    c.text((450, 265), "Dentist", 50, face="serif", anchor="ma")
    c.text((450, 350), "2nd floor – please ring twice", 34, anchor="ma")
    c.text((450, 410), "Wednesdays by appointment only", 30, anchor="ma")
    return c.finish(grain=2, seed=59)


# ---- paper -------------------------------------------------------------------------------------


def bus_timetable() -> Image.Image:
    """The timetable of bus line 12."""
    c = Canvas(1000, 760, WHITE)
    c.box((0, 0, 1000, 130), (240, 196, 30))
    c.box((40, 25, 150, 105), INK, radius=12)
    c.text((95, 32), "12", 54, colour=WHITE, face="bold", anchor="ma")
    c.text((180, 38), "Bus line 12: Harbour – Lighthouse", 40, face="bold")
    rows = [
        ("Stop", "first", "", "", "last"),
        ("Harbour", "08:05", "11:35", "15:05", "19:40"),
        ("Church", "08:12", "11:42", "15:12", "19:47"),
        ("School", "08:19", "11:49", "15:19", "19:54"),
        ("Lighthouse", "08:31", "12:01", "15:31", "20:06"),
    ]
    _table(c, rows, (40, 165), (260, 170, 170, 170, 170), 76)
    c.text((40, 580), "Last bus from the harbour: 19:40", 38, face="bold", colour=RED)
    c.text((40, 645), "No service on 24 December. Dogs travel free of charge.", 30, colour=GREY)
    return c.finish()


def ferry_timetable() -> Image.Image:
    """The timetable of the ferry."""
    c = Canvas(960, 760, (238, 244, 250))
    c.box((0, 0, 960, 130), NAVY)
    c.text((50, 35), "Ferry Mainland – Skarholm", 48, colour=WHITE, face="bold")
    rows = [
        ("", "Departure", "Return"),
        ("Mon – Fri", "07:20", "09:00"),
        ("", "13:10", "14:50"),
        ("Sat, Sun", "08:30", "10:15"),
        ("", "16:15", "18:05"),
    ]
    _table(c, rows, (50, 170), (330, 270, 270), 78)
    c.text((50, 590), "Adults 12.00 EUR   Children 6.00 EUR   Bicycles 4.00 EUR", 29)
    c.text((50, 650), "The crossing takes 55 minutes", 29, colour=GREY)
    return c.finish(grain=2, seed=37)


def wifi_card() -> Image.Image:
    """A small card in the guest house."""
    c = Canvas(900, 600, (134, 96, 66), (112, 78, 52))
    c.shadow((100, 90, 800, 510))
    c.box((100, 90, 800, 510), PAPER, radius=18)
    c.text((450, 120), "Guest House Tern", 54, colour=TEAL, face="serif", anchor="ma")
    c.line([(180, 205), (720, 205)], TEAL, 3)
    c.text((450, 235), "Wi-Fi network: TernGuest", 40, anchor="ma")
    c.text((450, 310), "Password: puffin-cliff-82", 44, face="bold", anchor="ma")
    c.text((450, 410), "Breakfast is served from 7:30 to 10:00", 30, colour=GREY, anchor="ma")
    return c.finish(grain=2, seed=39)


def cafe_receipt() -> Image.Image:
    """A receipt of the café."""
    lines = [
        ("2 x Cappuccino", "7.60"),
        ("1 x Cinnamon bun", "3.20"),
        ("1 x Fish soup", "11.50"),
    ]
    head = ("CAFÉ LANTERN", "Harbour Street 3, Skarholm", "14 June 2025   13:42   Table 6")
    table = ((96, 84, 76), (78, 68, 62))
    return _receipt(head, lines, "22.30", "Thank you for your visit!", table=table, seed=41)


def hardware_receipt() -> Image.Image:
    """A receipt of the hardware store."""
    lines = [
        ("Roof tape 10 m", "12.40"),
        ("Nails, 200 g", "3.20"),
        ("Gloves", "3.30"),
        ("Bucket 12 l", "6.50"),
        ("Ladder hire, 1 day", "25.00"),
    ]
    head = ("NORDBY HARDWARE", "Hardware store, Mill Road 27", "11 June 2025   17:58")
    table = ((214, 190, 150), (236, 220, 190))
    return _receipt(head, lines, "50.40", "Exchange within 30 days", table=table, seed=58)


def _receipt(
    head: tuple[str, str, str],
    lines: Sequence[tuple[str, str]],
    total: str,
    foot: str,
    *,
    table: tuple[Colour, Colour],
    seed: int,
) -> Image.Image:
    c = Canvas(760, 960, *table)
    c.shadow((120, 50, 640, 910), 2)
    c.box((120, 50, 640, 910), (250, 249, 245))
    c.text((380, 85), head[0], 42, face="bold", anchor="ma")
    c.text((380, 160), head[1], 26, anchor="ma")
    c.text((380, 205), head[2], 26, anchor="ma")
    y = 290.0
    c.line([(160, y), (600, y)], GREY, 2)
    for name, price in lines:
        y += 40
        c.text((160, y), name, 29, face="mono")
        c.text((600, y), price, 29, face="mono", anchor="ra")
        y += 22
    y += 50
    c.line([(160, y), (600, y)], GREY, 2)
    c.text((160, y + 28), "TOTAL EUR", 42, face="bold")
    c.text((600, y + 28), total, 42, face="bold", anchor="ra")
    c.text((160, y + 110), "Paid by card", 28, face="mono")
    c.text((380, 820), foot, 27, colour=GREY, anchor="ma")
    turned = c.finish(grain=3, seed=seed).rotate(-1.0, Image.Resampling.BICUBIC)
    return turned.crop((12, 12, 748, 948))


def museum_ticket() -> Image.Image:
    """A ticket of the museum of the sea."""
    c = Canvas(900, 480, (226, 226, 222), (204, 204, 200))
    c.shadow((60, 60, 840, 420))
    c.box((60, 60, 840, 420), (180, 220, 226), radius=14)
    c.box((60, 60, 260, 420), TEAL, radius=14)
    c.text((160, 170), "ADMIT", 40, colour=WHITE, face="bold", anchor="ma")
    c.text((160, 230), "ONE", 40, colour=WHITE, face="bold", anchor="ma")
    c.text((300, 95), "Museum of the Sea", 44, face="serif", colour=NAVY)
    c.text((300, 190), "Adult ticket 9.00 EUR", 36, face="bold")
    c.text((300, 255), "Valid on 15 June 2025", 34)
    c.text((300, 320), "Special exhibition: Whales of the North", 25, colour=GREY)
    return c.finish(grain=1, seed=60)


def library_notice() -> Image.Image:
    """A notice at the library."""
    c = Canvas(900, 640, (184, 150, 110), (170, 136, 98))
    c.shadow((140, 60, 760, 580))
    c.box((140, 60, 760, 580), (255, 252, 200))
    c.disc(450, 84, 14, RED)
    c.text((450, 125), "Town Library", 54, face="serif", colour=NAVY, anchor="ma")
    c.text((450, 230), "Book sale on Saturday, 21 June", 30, face="bold", anchor="ma")
    c.text((450, 310), "Every book costs 2 EUR", 36, anchor="ma")
    c.text((450, 385), "Room 105, first floor", 36, anchor="ma")
    c.text((450, 480), "Please bring your own bag", 28, colour=GREY, anchor="ma")
    return c.finish(grain=1, seed=61)


# ---- slides and charts -------------------------------------------------------------------------


def title_slide() -> Image.Image:
    """First slide of the workshop."""
    c = Canvas(1120, 630, NAVY, (10, 96, 120))
    c.text((80, 180), "Mapping the Coast", 84, colour=WHITE, face="bold")
    c.text((80, 310), "Workshop of Kestrel Maps, 12 March 2026", 38, colour=(210, 230, 240))
    c.text((80, 380), "Room Cormorant, third floor", 34, colour=(210, 230, 240))
    c.line([(80, 290), (420, 290)], (250, 200, 60), 8)
    return c.finish()


def agenda_slide() -> Image.Image:
    """The agenda."""
    lines = [
        ("09:30", "Welcome and coffee"),
        ("10:00", "Sonar survey of the sea floor"),
        ("11:30", "Drawing coastlines from drone pictures"),
        ("13:00", "Lunch in the canteen"),
        ("14:15", "Printing and folding the map"),
    ]
    c = _slide("Agenda")
    for i, (time, words) in enumerate(lines):
        c.text((90, 180 + i * 80), time, 38, face="bold", colour=TEAL)
        c.text((270, 180 + i * 80), words, 38)
    return c.finish()


def budget_slide() -> Image.Image:
    """The budget."""
    c = _slide("Budget for 2026")
    rows = [
        ("Item", "EUR"),
        ("Survey boat", "42,000"),
        ("Drone", "8,500"),
        ("Printing", "15,300"),
        ("Travel", "6,200"),
    ]
    _table(c, rows, (90, 160), (560, 300), 74)
    c.text((90, 548), "Total: 72,000 EUR", 36, face="bold", colour=TEAL)
    return c.finish()


def decisions_slide() -> Image.Image:
    """What was decided."""
    c = _slide("Decisions")
    for i, words in enumerate(
        [
            "The map covers Skarholm and the six small islands",
            "Responsible for the launch: Priya Raman",
            "The paper is waterproof, folded to pocket size",
            "The first print run is 3,000 copies",
        ]
    ):
        c.disc(104, 213 + i * 90, 9, TEAL)
        c.text((140, 190 + i * 90), words, 36)
    return c.finish()


def visitors_chart() -> Image.Image:
    """Visitors of the lighthouse by month."""
    months = ["April", "May", "June", "July", "August", "September"]
    values = [120, 310, 560, 940, 870, 330]
    title = "Visitors of the lighthouse in 2025"
    return _bars(title, months, values, TEAL, "July was the busiest month: 940 visitors")


def electricity_chart() -> Image.Image:
    """Electricity used at home."""
    months = ["January", "February", "March", "April", "May", "June"]
    values = [412, 380, 341, 260, 214, 188]
    title = "Electricity at 14 Juniper Street (kWh)"
    return _bars(title, months, values, (222, 130, 30), "Most in January, because of the heating")


def _bars(
    title: str, names: Sequence[str], values: Sequence[int], colour: Colour, note: str
) -> Image.Image:
    c = Canvas(1120, 700, WHITE)
    c.text((60, 36), title, 46, face="bold")
    c.text((60, 108), note, 31, colour=GREY)
    floor, height = 620.0, 400.0
    for i, (name, value) in enumerate(zip(names, values, strict=True)):
        left = 80 + i * 170
        top = floor - height * value / max(values)
        c.box((left, top, left + 110, floor), colour)
        c.text((left + 55, top - 40), str(value), 30, face="bold", anchor="ma")
        c.text((left + 55, floor + 14), name, 28, anchor="ma")
    c.line([(60, floor), (1080, floor)], INK, 3)
    return c.finish()


def _slide(title: str) -> Canvas:
    c = Canvas(1120, 630, WHITE)
    c.box((0, 0, 1120, 120), NAVY)
    c.text((60, 28), title, 52, colour=WHITE, face="bold")
    c.box((0, 606, 1120, 630), (250, 200, 60))
    return c


def _table(
    c: Canvas,
    rows: Sequence[Sequence[str]],
    at: tuple[float, float],
    widths: Sequence[float],
    height: float,
) -> None:
    x0, y = at
    for i, row in enumerate(rows):
        if i:
            c.line([(x0, y - 8), (x0 + sum(widths), y - 8)], (190, 196, 204), 2)
        x = x0
        for words, width in zip(row, widths, strict=True):
            face = "bold" if i == 0 else "sans"
            c.text((x + 8, y + 8), words, 34, face=face, colour=GREY if i == 0 else INK)
            x += width
        y += height


def _outdoors(width: int, height: int) -> Canvas:
    c = Canvas(width, height, (120, 176, 222), (214, 230, 240))
    c.glow(width * 0.2, height * 0.15, 90, WHITE, 160)
    c.glow(width * 0.8, height * 0.1, 70, WHITE, 140)
    return c


def _board(
    c: Canvas,
    corners: tuple[float, float, float, float],
    fill: Colour,
    edge: Colour,
    *,
    posts: bool = True,
) -> None:
    x0, _, x1, y1 = corners
    if posts:
        for x in (x0 + 70, x1 - 90):
            c.box((x, y1 - 10, x + 22, c.height), (126, 130, 134))
    c.shadow(corners)
    c.box(corners, fill, radius=18, outline=edge, width=8)


def _ship(c: Canvas, x: float, y: float) -> None:
    c.polygon([(x - 130, y), (x + 130, y), (x + 96, y + 66), (x - 104, y + 66)], WHITE)
    c.box((x - 84, y - 48, x + 76, y - 6), WHITE)
    c.box((x - 10, y - 96, x + 30, y - 54), (255, 214, 64))
    for i in range(4):
        c.disc(x - 60 + i * 40, y - 27, 10, NAVY)
    for i in range(5):
        c.arc((x - 140 + i * 56, y + 72, x - 84 + i * 56, y + 104), 200, 340, WHITE, 6)
