"""The whole way, as a newcomer goes it: add, search, ask, remove; real files and real weights."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from mmqa import AddEvent, Library
from mmqa.cli import main
from mmqa.records import DoneEvent, Filter, RetrievalEvent

pytestmark = pytest.mark.weights
SPEECH = Path(__file__).parents[1] / "indexes/samples/recordings/voicemail-01.mp3"
FERRY = "The ferry to the island leaves from pier four at half past seven in the morning.\n"
CHINESE = "周三的会议改到下午三点，在二楼的蓝色会议室。\n"


def sign(path: Path, text: str) -> None:
    picture = Image.new("RGB", (900, 300), "white")
    font = ImageFont.load_default(size=72)
    ImageDraw.Draw(picture).text((40, 100), text, fill="black", font=font)
    picture.save(path)


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    (folder / "ferry.txt").write_text(FERRY)
    (folder / "会议.md").write_text(CHINESE, encoding="utf-8")
    (folder / "garden.md").write_text("# Garden\n\nThe tomatoes want water twice a week.\n")
    sign(folder / "IMG_0001.png", "Locker B-17 code 4096")
    shutil.copy(SPEECH, folder / SPEECH.name)
    return folder


@pytest.fixture(scope="module")
def index(media: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built") / "index"
    with Library.open(folder) as library:
        report = library.add(media)
    assert (report.added, report.failed) == (5, ())
    return folder


@pytest.fixture
def library(index: Path) -> Iterator[Library]:
    with Library.open(index, create=False) as opened:
        yield opened


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    code = main([*arguments, "--json"])
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_question_in_words_finds_the_note_that_answers_it(library: Library) -> None:
    found = library.search("When does the boat leave?", k=3)
    assert found[0].segment.path.name == "ferry.txt"
    assert len(found) == 3


def test_contributions_add_up_to_the_score(library: Library) -> None:
    for hit in library.search("locker code", k=5):
        assert sum(hit.contributions.values()) == pytest.approx(hit.score, abs=1e-4)


def test_text_in_a_picture_is_found_to_the_letter(library: Library) -> None:
    (best, *_rest) = library.search("B-17", k=2)
    assert best.segment.path.name == "IMG_0001.png"
    assert best.contributions["lexical"] > 0
    assert best.thumbnail is not None


def test_chinese_is_found_by_its_characters(library: Library) -> None:
    assert library.search("会议室", k=1)[0].segment.path.name == "会议.md"


def test_a_picture_as_the_question_finds_itself_first(library: Library, media: Path) -> None:
    assert library.search(image=media / "IMG_0001.png", k=1)[0].segment.path.name == "IMG_0001.png"


def test_a_recording_as_the_question_finds_itself_first(library: Library, media: Path) -> None:
    (best,) = library.search(audio=media / SPEECH.name, k=1)
    assert best.segment.path.name == SPEECH.name
    assert best.segment.start_s is not None
    assert best.segment.end_s is not None
    assert best.segment.end_s > best.segment.start_s


def test_only_the_wanted_kinds_are_found(library: Library) -> None:
    assert {
        h.segment.kind for h in library.search("ferry", k=5, where=Filter(kinds=("image",)))
    } == {"image"}


def test_the_answer_carries_the_fact_and_cites_its_file(library: Library) -> None:
    answer = library.ask("From which pier does the ferry leave?")
    assert "four" in answer.text.lower()
    assert answer.citations[0].path.name == "ferry.txt"
    assert not answer.abstained


def test_a_chinese_question_is_answered_from_the_chinese_note(library: Library) -> None:
    answer = library.ask("会议改到几点？")
    assert "三点" in answer.text
    assert answer.citations[0].path.name == "会议.md"


def test_what_nobody_wrote_is_not_answered(library: Library) -> None:
    answer = library.ask("Who won the football world cup in 1998?")
    assert answer.abstained
    assert answer.citations == ()


def test_an_attached_picture_is_evidence_by_itself(library: Library, media: Path) -> None:
    answer = library.ask(
        "What is the code?", images=[(media / "IMG_0001.png").read_bytes()], retrieval=False
    )
    assert "4096" in answer.text


def test_a_stream_begins_with_what_was_found_and_ends_with_the_answer(library: Library) -> None:
    events = list(library.stream("What do the tomatoes want?"))
    assert isinstance(events[0], RetrievalEvent)
    assert isinstance(events[-1], DoneEvent)
    assert events[-1].answer.timings["retrieval"] > 0


def test_a_langchain_retriever_gives_documents_with_their_evidence(library: Library) -> None:
    documents = library.as_retriever(k=2).invoke("locker code")
    assert len(documents) == 2
    assert documents[0].metadata["path"].endswith("IMG_0001.png")


def test_the_json_of_a_search_is_as_designed(
    index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, (found,) = run(capsys, "search", "ferry", "--index", str(index), "-k", "2")
    assert code == 0
    assert set(found) == {"question", "modality_weights", "weighed_by", "hits"}
    assert sum(found["modality_weights"].values()) == pytest.approx(1)
    hit = found["hits"][0]
    assert {
        "rank",
        "id",
        "path",
        "modality",
        "start_s",
        "end_s",
        "score",
        "contributions",
        "text",
    } <= set(hit)
    assert Path(hit["path"]).is_absolute()
    assert hit["modality"] == "text"


def test_the_json_of_an_answer_is_as_designed(
    index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, (answer,) = run(capsys, "ask", "When does the ferry leave?", "--index", str(index))
    assert code == 0
    assert {"answer", "citations", "abstained", "hits", "modality_weights"} <= set(answer)
    assert {"n", "id", "path", "start_s"} <= set(answer["citations"][0])


def test_a_batch_is_answered_in_order_and_a_bad_question_does_not_stop_it(
    index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text('{"question": "ferry"}\n{"question": ""}\n{"question": "tomatoes"}\n')
    code, rows = run(capsys, "search", "--batch", str(file), "--index", str(index), "-k", "1")
    assert code == 3
    assert [Path(r["hits"][0]["path"]).name if "hits" in r else r["line"] for r in rows] == [
        "ferry.txt",
        2,
        "garden.md",
    ]


def test_questions_of_a_file_are_answered_in_order_whatever_becomes_of_one(
    index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = ["When does the ferry leave?", "ferry " * 1000, "Who won the chess tournament?"]
    file = tmp_path / "questions.jsonl"
    file.write_text("".join(json.dumps({"question": text}) + "\n" for text in texts))
    code, rows = run(capsys, "ask", "--batch", str(file), "--index", str(index))
    assert code == 3
    assert [row.get("line", row.get("question")) for row in rows] == [texts[0], 2, texts[2]]
    _, (alone,) = run(capsys, "ask", texts[0], "--index", str(index))
    assert rows[0]["answer"] == alone["answer"]
    assert rows[2]["abstained"]


def test_the_command_line_narrows_a_search(
    index: Path, media: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def found(*arguments: str) -> set[str]:
        code, (result,) = run(capsys, "search", "ferry", "--index", str(index), *arguments)
        assert code == 0
        return {Path(hit["path"]).name for hit in result["hits"]}

    assert found("--modality", "image") == {"IMG_0001.png"}
    assert found("--folder", str(media / "ferry.txt")) == {"ferry.txt"}
    assert found("--since", "2999-01-01") == found("--tag", "none") == set()
    assert len(found("--until", "2999-01-01", "--folder", str(media))) == 5
    assert main(["search", "ferry", "--index", str(index), "--since", "soon"]) == 2
    assert "is no date" in capsys.readouterr().err


def test_adding_again_changes_nothing(
    index: Path, media: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, events = run(capsys, "add", str(media), "--index", str(index))
    assert code == 0
    assert events[-1] == {"event": "done", "added": 0, "unchanged": 5, "refused": 0}


def test_a_renamed_picture_is_not_encoded_again(
    media: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = tmp_path / "one.png"
    shutil.copy(media / "IMG_0001.png", picture)
    with Library.open(tmp_path / "index") as library:
        library.add(picture)
        picture.rename(tmp_path / "two.png")

        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("encoded again")

        monkeypatch.setattr(type(library._parts.image_encoder), "encode", refuse)
        events: list[AddEvent] = []
        library.add(tmp_path / "two.png", events.append)
        assert [e.event for e in events] == ["added"]


def test_a_changed_file_is_replaced_and_a_removed_one_is_gone(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("The key lies under the blue flowerpot.")
    with Library.open(tmp_path / "index") as library:
        library.add(note)
        note.write_text("The key hangs behind the green door, on the left.")
        library.add(note)
        assert library.status().items == 1
        assert "green" in library.search("where is the key?")[0].segment.text.passage
        assert len(library.search("flowerpot")) == 1
        library.remove(note)
        assert len(library.search("where is the key?")) == 0
        assert library.verify() == ()


def test_the_same_picture_twice_is_found_once_and_flagged(media: Path, tmp_path: Path) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        shutil.copy(media / "IMG_0001.png", folder / name)
    events: list[AddEvent] = []
    with Library.open(tmp_path / "index") as library:
        library.add(folder, events.append)
        assert library.status().items == 2
        assert len(library.search("locker")) == 1
    assert [("duplicate" in e.flags) for e in events] == [False, True]


def test_the_index_verifies_clean(index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sound = {"problems": [], "missing_media": []}
    assert run(capsys, "verify", "--index", str(index)) == (0, [sound])
