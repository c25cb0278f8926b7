"""The curve over time: where its steps stand, and that both pictures can be opened."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from mmqa.applications.sentiment.curve import HEIGHT, WIDTH, lines, svg, write
from mmqa.applications.sentiment.opinions import UNKNOWN, Sentiment
from mmqa.errors import UsageError

GLAD, SAD = (0.0, 0.0, 1.0), (1.0, 0.0, 0.0)


def talk() -> list[Sentiment]:
    path = Path("/talk.mp4")
    return [
        Sentiment(GLAD, {"visual": GLAD}, path=path, start_s=0.0, end_s=30.0),
        Sentiment(UNKNOWN, by="nothing", path=path, start_s=30.0, end_s=60.0),
        Sentiment(SAD, {"speech": SAD, "visual": GLAD}, path=path, start_s=60.0, end_s=120.0),
    ]


def test_steps_stand_where_they_are_in_time_and_what_is_unknown_breaks_the_line() -> None:
    fused = lines(talk())[-1]
    assert fused.name == "all together"
    first, second = fused.runs
    assert [round(x) for x, _ in (*first, *second)] == [60, 230, 400, 740]  # 0, ¼, ½ and 1 of 680
    assert [round(y) for _, y in (*first, *second)] == [40, 40, 320, 320]


def test_each_modality_has_its_line() -> None:
    assert [line.name for line in lines(talk())] == ["what is said", "what is seen", "all together"]


def test_what_has_no_times_stands_in_its_order() -> None:
    (fused,) = lines([Sentiment(GLAD, path=Path("/a")), Sentiment(SAD, path=Path("/b"))])
    assert [round(x) for x, _ in fused.runs[0]] == [60, 400, 400, 740]


def test_the_svg_is_sound_and_names_itself() -> None:
    root = ElementTree.fromstring(svg(talk(), 'a <b> & "c"'))
    assert root.attrib["role"] == "img" and root.attrib["aria-label"] == 'a <b> & "c"'
    assert "1:00" in "".join(root.itertext())


@pytest.mark.parametrize("name", ["curve.png", "curve.SVG"])
def test_it_is_written_whole(tmp_path: Path, name: str) -> None:
    path = write(talk(), tmp_path / name, "Sentiment of talk.mp4 …")
    assert [p.name for p in tmp_path.iterdir()] == [name]
    if name.endswith("png"):
        with Image.open(path) as image:
            assert image.size == (2 * WIDTH, 2 * HEIGHT)
    else:
        assert path.read_text("utf-8").startswith("<svg")


def test_other_names_and_places_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="neither"):
        write(talk(), tmp_path / "curve.pdf", "t")
    with pytest.raises(UsageError, match="cannot be written"):
        write(talk(), tmp_path / "absent" / "curve.png", "t")
