"""Notes: what is written, and one page as PDF.

Knows: the words, and as much of PDF as one page of text needs. Refuses to know: where files go.
"""

from __future__ import annotations

NOTES = {
    "shopping list.txt": """
Shopping list for Saturday

- eggs: 12, from the farm shop
- flour, 2 kg
- milk, three bottles
- smoked salmon for Sunday
- dishwasher salt
- stamps (five, for postcards)
""",
    "packing.md": """
# Packing for Skarholm

## Ida
- passports and tickets, in the green folder
- camera and two batteries
- rain jackets for everybody

## Samir
- first-aid kit (Samir carries it)
- binoculars for the birds
- torch, because the path to the guest house has no lamps
""",
    "house manual.md": """
# House manual, 14 Juniper Street

## Heating
The boiler is in the cellar. Its pressure should be 1.5 bar; below 1.0 bar, open the blue valve
until the needle is back. Bleed the radiators every October.

## Rubbish
Paper is collected every second Monday, glass goes to the container beside the school.

## Alarm
The alarm of the workshop door switches on by itself at 22:00. The neighbours know the number.
""",
    "garden diary.md": """
# Garden diary

**3 April.** Sowed carrots and radishes in the bed along the wall.

**12 May.** Planted eight tomato plants in the greenhouse. The slugs ate the lettuce.

**2 July.** Picked the first strawberries. The hedgehog is back under the woodpile.
""",
    "会议记录.md": """
# 会议记录

参加者：李雪、王强、陈明

1. 新地图的封面已经选好，颜色是蓝色。
2. 李雪负责地图印刷，王强负责联系书店。
3. 下次会议时间：3月18日下午两点，地点在三号会议室。
""",
}

BOOKING = (
    "Guest House Tern, Skarholm",
    "",
    "Booking confirmation, number 7731",
    "Guests: Ida and Samir, two nights, 14 to 16 June 2025",
    "Room: Kittiwake, with a view of the harbour",
    "Check-in from 15:00, check-out until 10:30.",
    "Price: 184 EUR, breakfast included, to be paid on arrival.",
    "Bicycles can be stored in the shed behind the house.",
)


def pdf(lines: tuple[str, ...]) -> bytes:
    r"""One A5 page with ``lines`` of Latin text as PDF 1.4; the first line is larger.

    >>> pdf(("Hello",)).startswith(b"%PDF-1.4\n")
    True
    """
    drawn = "\n".join(
        f"BT /F1 {18 if i == 0 else 11} Tf 40 {540 - 26 * i} Td ({_escape(line)}) Tj ET"
        for i, line in enumerate(lines)
    ).encode("latin-1")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 420 595] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    body, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    entries = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, entries)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body))
    return body + table + trailer


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
