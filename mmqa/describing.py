"""Pictures described by the language model when they are added, once each content.

Knows: which pictures are described, what of a description is kept and under which key, and when to
give up. Refuses to know: which model writes, its prompt, and where a description is searched.

Pictures wait until some are described together: a model writes several sentences for little more
than the cost of one. Where that fails, each is described by itself: one at fault costs no other.

Descriptions are kept like extracts, by the hash of the content, but under a key of their own: what
was read out of a picture serves with and without them, and another describer leaves it alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

from mmqa import extraction
from mmqa.errors import GenerationError
from mmqa.extraction import Extract
from mmqa.index.store import IndexStore
from mmqa.prompts.looking import PictureWords
from mmqa.records import PICTURE_MARK, Features, MediaItem, Picture, Segment
from mmqa.segmenting import Segmenter

VERSION = 1
"""Part of the key: raise it when the same model would now be asked otherwise."""

LONGEST = 300
"""Characters of a description: a sentence or two."""

AT_ONCE = 8
"""Pictures that are described together: bounds memory, and what an interruption costs."""

IN_A_ROW = 5
"""Pictures in a row that cannot be described before the run is given up: it is not the pictures."""

FLAG = "not-described"

Describer: TypeAlias = Callable[[Sequence[Picture], Sequence[PictureWords]], Sequence[str]]
"""Says of each of n pictures, of which some words are known, in a sentence what it shows.

Raises:
    GenerationError: One of them cannot be described.
"""


@dataclass(slots=True, eq=False)
class Album:
    """The pictures of one file while they are described.

    Attributes:
        extracts: What is in the file; descriptions are put into them.
        failed: How many of its pictures could not be described.
    """

    extracts: list[Extract]
    failed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """A picture that waits for its description, and the place of its extract."""

    picture: Picture
    about: PictureWords
    album: Album
    place: int


@dataclass(frozen=True, slots=True)
class Describing:
    """That pictures are to be described, and by what.

    Attributes:
        describer: Gives the describer when a picture is first to be described.
        fingerprint: Of the model and its prompt.
    """

    describer: Callable[[], Describer]
    fingerprint: str

    @property
    def key(self) -> str:
        """Under which descriptions are kept, beside extracts."""
        return f"v{VERSION};describer={self.fingerprint}"


class Descriptions:
    """The descriptions of one run.

    Args:
        describing: By what; ``None`` describes nothing, and what is described already stays so.
        store: Holds what was described before.
        segmenter: Names what a picture looks like: those words stand in the prompt.
    """

    def __init__(
        self, describing: Describing | None, store: IndexStore, segmenter: Segmenter
    ) -> None:
        self._describing = describing
        self._store = store
        self._segmenter = segmenter
        self._waiting: list[_Waiting] = []
        self._in_a_row = 0

    @property
    def waiting(self) -> int:
        """How many pictures wait to be described."""
        return len(self._waiting)

    def kept(self, sha256: str) -> tuple[str, ...] | None:
        """The description of each picture of a file, in order; ``None``: they are to be made.

        Where nothing is described, a file that was moved or copied keeps what it has.
        """
        if self._describing is not None:
            payload = self._store.extraction(sha256, self._describing.key)
            if payload is None:
                return None
            return tuple(extract.description for extract in extraction.unpack(payload))
        for item in self._store.find_sha(sha256)[:1]:
            found = distinct(self._store.item_segments(item.path))
            return tuple(one.text.description for one in found)
        return ()

    def describe(
        self, picture: Picture, album: Album, place: int, pages_with_text: frozenset[int]
    ) -> None:
        """Have a picture described, soon; not on pages of which the text is known.

        Args:
            picture: Its pixels.
            album: The file it is in.
            place: Of its extract in the file.
            pages_with_text: Of the file, those whose words are known.

        Raises:
            GenerationError: One picture after the other cannot be described.
        """
        if self._describing is None or picture.page in pages_with_text:
            return
        extract = album.extracts[place]
        about = PictureWords(self._looks(extract), extract.ocr)
        self._waiting.append(_Waiting(picture, about, album, place))
        if len(self._waiting) >= AT_ONCE:
            self.finish()

    def finish(self) -> None:
        """Describe all pictures that wait; afterwards each album is done.

        Raises:
            GenerationError: One picture after the other cannot be described.
        """
        together, self._waiting = self._waiting, []
        told: Sequence[str] | None = None
        if len(together) > 1:
            with suppress(GenerationError):  # one is at fault, or they are too many for the memory
                told = self._said(together)
        if told is not None:
            self._put(together, told)
            return
        for one in together:
            self._put_alone(one)

    def _said(self, together: Sequence[_Waiting]) -> list[str]:
        assert self._describing is not None  # else nothing waits
        describer = self._describing.describer()
        told = describer([one.picture for one in together], [one.about for one in together])
        return [shortened(said) for said in told]

    def _put_alone(self, one: _Waiting) -> None:
        try:
            told = self._said([one])
        except GenerationError as error:
            self._fail(one, error)
        else:
            self._put([one], told)

    def _put(self, together: Sequence[_Waiting], told: Sequence[str]) -> None:
        for one, said in zip(together, told, strict=True):
            if not said:
                self._fail(one, GenerationError("the language model said nothing"))
                continue
            extracts = one.album.extracts
            extracts[one.place] = replace(extracts[one.place], description=said)
            self._in_a_row = 0

    def _fail(self, one: _Waiting, error: GenerationError) -> None:
        one.album.failed += 1
        self._in_a_row += 1
        if self._in_a_row == IN_A_ROW:
            raise GenerationError(
                f"the last {IN_A_ROW} pictures could not be described: {error.fact}",
                f"{error.remedy} Then add again, or add without --captions.".strip(),
            ) from error

    def _looks(self, extract: Extract) -> tuple[str, ...]:
        """What the picture looks like, the likeliest first."""
        rows = [
            Features({} if v is None else {"visual": v}) for v in self._segmenter.visual([extract])
        ]
        return tuple(word.word for words in self._segmenter.words(rows) for word in words)

    def payload(self, extracts: Iterable[Extract]) -> tuple[str, bytes] | None:
        """Key and bytes under which descriptions are kept; ``None`` for a file without pictures."""
        pictures = [
            Extract(e.kind, page=e.page, description=e.description, frame_s=e.frame_s)
            for e in distinct(list(extracts))
        ]
        if self._describing is None or not pictures:
            return None
        return self._describing.key, extraction.pack(pictures)


def lacking(describing: Describing | None, store: IndexStore, item: MediaItem) -> bool:
    """Whether a file that is in the index has a picture that is still to be described.

    Safe to call from several threads. Pictures that another model described are left as they are.
    """
    if describing is None:
        return False
    pictures = distinct(store.item_segments(item.path))
    if not pictures or any(segment.text.description for segment in pictures):
        return False
    # a document whose pages all have text is done without a single description
    return item.kind == "image" or describing.key not in store.extraction_fingerprints(item.sha256)


_Showing = TypeVar("_Showing", Segment, Extract)


def distinct(several: Sequence[_Showing]) -> list[_Showing]:
    """Those of a file that show something, in order: each picture, each frame of a video once.

    Several segments of a video may show one frame.

    >>> one, other = Extract("video", frame_s=4.0), Extract("video", frame_s=1.0)
    >>> [e.frame_s for e in distinct([one, other, one, Extract("text"), Extract("image")])]
    [None, 1.0, 4.0]
    """
    frames: dict[float, _Showing] = {}
    for one in several:
        if one.frame_s is not None:
            frames.setdefault(one.frame_s, one)
    pictures = [one for one in several if one.kind == "image"]
    return pictures + [frames[frame_s] for frame_s in sorted(frames)]


def described(extracts: Iterable[Extract], descriptions: Iterable[str]) -> list[Extract]:
    """Extracts, those that show something with its description, in the order of ``distinct``.

    >>> [e.description for e in described([Extract("text"), Extract("image")], ["A dog."])]
    ['', 'A dog.']
    """
    several = list(extracts)
    left = iter(descriptions)
    pictures = [next(left, "") for one in several if one.kind == "image"]
    frames = {one.frame_s: next(left, "") for one in distinct(several) if one.kind != "image"}
    seen = iter(pictures)
    told = []
    for one in several:
        if one.kind == "image":
            told.append(replace(one, description=next(seen)))
        elif one.frame_s is not None:
            told.append(replace(one, description=frames[one.frame_s]))
        else:
            told.append(one)
    return told


def shortened(said: str) -> str:
    r"""What a model said on one line, no longer than is kept.

    >>> shortened("A dog\n on a  couch. ")
    'A dog on a couch.'
    """
    line = " ".join(said.replace(PICTURE_MARK, " ").split())
    return line if len(line) <= LONGEST else line[:LONGEST].rsplit(" ", 1)[0] + " …"
