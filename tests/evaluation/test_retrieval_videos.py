"""Made-up videos: what they show and say, when a hit is right, and what is reported."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmqa.errors import UsageError
from mmqa.evaluation import made_videos, retrieval_videos
from mmqa.evaluation.made_videos import Asked, MadeVideo, PlannedShot, PlannedVideo
from mmqa.evaluation.retrieval_videos import Case, Found
from mmqa.media.reader import FileReader
from mmqa.records import Recording, Segment, SegmentText, Shot

PATH = Path("/v/talk-1.mp4")


def segment(start_s: float, end_s: float, path: Path = PATH) -> Segment:
    text = SegmentText(transcript="Bees are at the mill.")
    return Segment("a.0", path, "", "video", 0, start_s, end_s, text=text)


def test_every_place_and_every_thing_comes_twice_never_together_and_in_different_videos() -> None:
    videos = made_videos.plan("test")
    spoken = [
        (n, shot.thing, next(a.words for a in shot.asked if a.kind == "both"))
        for n, video in enumerate(videos)
        for shot in video.shots
        if shot.thing and shot.said
    ]
    assert len(spoken) == len({words for _, _, words in spoken}) == 24
    assert set(Counter(thing for _, thing, _ in spoken).values()) == {2}
    for thing in {thing for _, thing, _ in spoken}:
        assert len({n for n, other, _ in spoken if other == thing}) == 2
    places = [(n, words.split(" while ")[0]) for n, _, words in spoken]
    for place in {place for _, place in places}:
        assert len({n for n, other in places if other == place}) == 2


def test_there_are_thirty_shots_and_more_and_development_shares_nothing_with_the_test() -> None:
    test, development = (
        [shot for video in made_videos.plan(part) for shot in video.shots]
        for part in ("test", "development")
    )
    assert len(test) >= 30
    assert not {shot.said for shot in test if shot.said} & {shot.said for shot in development}
    assert not {s.thing for s in test if s.thing} & {s.thing for s in development}
    assert not {s.lines for s in test if s.lines} & {s.lines for s in development}


def test_a_slide_and_its_words_share_no_answer() -> None:
    for video in made_videos.plan("test"):
        for shot in video.shots:
            shown = {w.lower().strip(".,") for line in shot.lines for w in line.split()}
            said = {w.lower().strip(".,") for w in shot.said.split()}
            assert not {w for w in shown & said if len(w) > 5}, shot.lines


def test_a_hit_is_right_when_more_than_half_of_it_lies_in_the_shot() -> None:
    case = Case(Asked("?", "speech"), PATH, 10.0, 20.0)
    assert case.answered_by(segment(8.0, 13.0))
    assert not case.answered_by(segment(8.0, 12.0))
    assert not case.answered_by(segment(12.0, 15.0, Path("/v/other.mp4")))
    assert not case.holds(None, None)


def test_figures_are_shares_with_intervals_and_misses_are_told() -> None:
    kinds = ("slide", "speech", "both", "both")
    shots = tuple(PlannedShot(asked=(Asked(f"{k} {n}?", k),)) for n, k in enumerate(kinds))
    times = ((0.0, 5.0), (5.0, 10.0), (10.0, 15.0), (15.0, 20.0))
    made = [MadeVideo(PATH, PlannedVideo(PATH.name, shots, "slt"), times)]
    put = retrieval_videos.cases(made)
    right = [segment(start_s, end_s) for start_s, end_s in times]
    found = Found(
        [right[0], right[0], right[2], right[3]],
        [True, False],
        {"visual": [right[2], None], "speech": [None, None]},
    )
    told = retrieval_videos.report(made, put, found, 4)
    values = {figure.name: (figure.value, figure.n) for figure in told.figures}
    assert values == {
        "shot R@1, slide text": (1.0, 1),
        "shot R@1, speech": (0.0, 1),
        "shot R@1, seen and said": (1.0, 2),
        "answers from the right shot, seen and said": (0.5, 2),
        "shot R@1, seen and said, visual alone": (0.5, 2),
        "shot R@1, seen and said, speech alone": (0.0, 2),
    }
    assert not told.passed
    (miss,) = told.misses
    assert "'speech 1?' (speech) for talk-1.mp4 0:05-0:10 found talk-1.mp4 0:00-0:05" in miss


def test_what_is_written_is_a_video_with_its_shots_and_its_sound(tmp_path: Path) -> None:
    stamp = tmp_path / "thing.png"
    Image.new("RGBA", (80, 60), (200, 30, 30, 255)).save(stamp)
    pictures = [
        (made_videos.slide(("Bees", "Straw"), 0), 24),
        (made_videos.scene(stamp, 1), 36),
    ]
    path = tmp_path / "a.mkv"
    made_videos.write(path, pictures, np.zeros(5 * made_videos.RATE_HZ, np.float32))
    sound, first, second = FileReader().read(path).parts
    assert isinstance(sound, Recording)
    assert sound.duration_s == pytest.approx(5.0, abs=0.1)
    assert isinstance(first, Shot)
    assert isinstance(second, Shot)
    assert second.start_s == pytest.approx(2.0, abs=0.15)
    assert second.end_s == pytest.approx(5.0, abs=0.15)


def test_a_suite_that_is_not_there_is_refused() -> None:
    from argparse import Namespace

    from mmqa.commands import eval_videos

    with pytest.raises(UsageError, match="no suite of videos called 'films'"):
        eval_videos.run(Namespace(suite="films", limit=None), lambda _: None)
