"""The nouns: frozen records that travel between stages.

Knows: names, units and shapes. Refuses to know: how any of them is made, stored or shown.

Two words are kept apart. A *kind* says what a file or segment is: image, audio, video, text. A
*modality* says what is compared: visual, text, speech, acoustic. A picture of a menu is one segment
of kind ``image`` with a visual and a text vector.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

Kind: TypeAlias = Literal["image", "audio", "video", "text"]
"""What a file or a segment is."""

Modality: TypeAlias = Literal["visual", "text", "speech", "acoustic"]
"""What is compared: how it looks, words that are written, words that are spoken, how it sounds.
Contributions of a hit use these names, and ``lexical`` beside them."""

MODALITIES: tuple[Modality, ...] = ("visual", "text", "speech")
"""What segments have vectors of, and questions ask, until an acoustic encoder exists."""

Channel: TypeAlias = Literal["visual", "text", "speech", "acoustic", "fused"]
"""What a calibration is of: one modality, or all of them fused into one vector."""

Asker: TypeAlias = Literal["words", "pictures"]
"""What a question is made of: it decides which statistics of unrelated pairs hold."""

KINDS: tuple[Kind, ...] = ("image", "audio", "video", "text")

AnswerSource: TypeAlias = Literal["generated", "seen", "quoted", "none"]
"""Where the words of an answer come from; see :class:`Answer`."""

Floats: TypeAlias = NDArray[np.float32]
Pixels: TypeAlias = NDArray[np.uint8]


# --------------------------------------------------------------------------- what media gives


@dataclass(frozen=True, slots=True)
class MediaItem:
    """One file on the user's machine.

    Attributes:
        path: Absolute path, symbolic links resolved.
        sha256: Lower-case hex digest of the bytes; the key under which features are re-used.
        kind: Found by content, never by extension.
        size_bytes: Size of the file.
        mtime_ns: Time of last change, nanoseconds since the epoch.
        flags: Quality flags, sorted: ``blurred``, ``tiny``, ``silent``, ``clipped``, ``duplicate``,
            ``near-duplicate``, ``no-speech`` (and beside it perhaps ``noise``, ``tone`` or
            ``music``), ``truncated-text`` …; ``captioned`` by a text file beside it;
            ``transcript-file`` where a file beside it says what is said, which is then taken in
            the place of recognition, ``estimated-times`` where it has none, and
            ``unreadable-transcript`` where it cannot be read or is of another recording; and
            ``not-described`` where the language model failed to.
        taken_ns: When it was taken or recorded, as the file itself says (EXIF, container),
            nanoseconds since the epoch; ``None`` where it does not say: then ``mtime_ns`` counts.
        tags: The user's own words for it, sorted.
        metadata: A JSON object that a program keeps beside a document of its own; else empty.
    """

    path: Path
    sha256: str
    kind: Kind
    size_bytes: int
    mtime_ns: int
    flags: tuple[str, ...] = ()
    taken_ns: int | None = None
    tags: tuple[str, ...] = ()
    metadata: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Pixels, upright, opaque, sRGB.

    Attributes:
        pixels: uint8, shape (height, width, 3), range 0–255. Longest side is limited by the reader.
        page: Page number from 1 for a page of a document, else ``None``.
        perceptual_hash: 16 hex digits, for near duplicates; empty where not computed.
    """

    pixels: Pixels
    page: int | None = None
    perceptual_hash: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Sound, one channel.

    Attributes:
        samples: float32, shape (n,), range −1…1.
        rate_hz: Sampling rate; readers give 16,000.
    """

    samples: Floats
    rate_hz: int = 16_000

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate_hz


@dataclass(frozen=True, slots=True, eq=False)
class LongRecording:
    """Sound too long to be held: decoded anew, block by block, whenever it is listened to.

    Attributes:
        blocks: Gives it from its start, in order: float32 (n,), range −1…1, each of a length that
            the decoder likes, all together ``length``. May raise a ``MediaError``: the file may
            have changed since it was read.
        length: Samples.
        rate_hz: Sampling rate; readers give 16,000.
    """

    blocks: Callable[[], Iterator[Floats]]
    length: int
    rate_hz: int = 16_000

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.length / self.rate_hz


Sound: TypeAlias = Recording | LongRecording
"""What is listened to: held whole where it is short, decoded as it is heard where it is long."""
SOUNDS = (Recording, LongRecording)


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A stretch of a video between two cuts, with the one frame that stands for it.

    Times are seconds from the video's start, as players count them.

    Attributes:
        picture: Its sharpest frame, upright.
        start_s: Where it begins.
        end_s: Where it ends.
        frame_s: Where the frame stands.
        flags: What was noticed of the file by then: ``damaged-tail`` on the last shot.
        of_s: How long the whole video says that it is; 0 where it does not say.
    """

    picture: Picture
    start_s: float
    end_s: float
    frame_s: float = 0.0
    flags: tuple[str, ...] = ()
    of_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a text file, short enough for the text encoder.

    Attributes:
        text: The words.
        page: Page number from 1 in a paged document, else ``None``.
        heading: The nearest heading above, empty where there is none.
    """

    text: str
    page: int | None = None
    heading: str = ""


Part: TypeAlias = Picture | Recording | LongRecording | Shot | Passage


@dataclass(frozen=True, slots=True, eq=False)
class Media:
    """A file, read and cleaned.

    Attributes:
        item: The file it came from, with quality flags.
        parts: What is in it, in order. May be lazy: iterate once.
        caption: Words that the file or its sidecar carries about itself (EXIF, XMP, PNG text,
            ``photo.jpg.txt``), cleaned; empty where there are none.
        name_words: Words of the file name that mean something (``IMG_0231`` gives none).
        transcript: What is said in it, as a file beside it says, cue by cue; the last may end at
            infinity. ``None`` where there is no such file: then the sound is listened to.
    """

    item: MediaItem
    parts: Iterable[Part]
    caption: str = ""
    name_words: str = ""
    transcript: Transcript | None = None


# --------------------------------------------------------------------------- what extractors give


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word with its times in seconds, as a model gives it: leading space included."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class TranscriptSpan:
    """A stretch of speech, never cutting a word; times in seconds from the file's start.

    Its words have times of their own where they were heard; two spans that say the same at the same
    time are equal with and without them.
    """

    start_s: float
    end_s: float
    text: str
    words: tuple[SpokenWord, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said. ``language`` is an ISO 639-1 code, empty where nothing was said."""

    spans: tuple[TranscriptSpan, ...]
    language: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """How far a long recording was listened to, and what was said up to there.

    Whoever listens can go on from it later, and comes to the same end.

    Attributes:
        until: Samples that need not be heard again.
        language: As in :class:`Transcript`; empty as long as nobody spoke.
        spans: Stretches of speech that nothing can be added to.
        words: Words after those, of a span that may go on.
        done: Whether all of it was heard; then no words are left over.
    """

    until: int = 0
    language: str = ""
    spans: tuple[TranscriptSpan, ...] = ()
    words: tuple[SpokenWord, ...] = ()
    done: bool = False

    @property
    def transcript(self) -> Transcript:
        """What was said in the spans so far."""
        return Transcript(self.spans, self.language if self.spans else "")


@dataclass(frozen=True, slots=True)
class FileTranscript:
    """What is said in a recording or video.

    Attributes:
        path: The file.
        transcript: Its words with their times.
        source: ``index`` where it was taken from there, ``file`` where a file beside it says so,
            ``recognition`` where it was listened to now.
        flags: Those that are of what lies beside the file: ``transcript-file`` …
    """

    path: Path
    transcript: Transcript
    source: Literal["index", "file", "recognition"]
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class ImageFeatures:
    """What the image encoder sees in n pictures.

    Attributes:
        pooled: float32 (n, d), one vector a picture.
        probabilities: float32 (n, c), class probabilities that sum to 1; ``None`` for encoders
            without a classifier.
        grid: float32 (n, d, rows, columns), only when asked for.
    """

    pooled: Floats
    probabilities: Floats | None = None
    grid: Floats | None = None


@dataclass(frozen=True, slots=True)
class PromptWord:
    """A word that lies near a picture or recording in embedding space.

    Attributes:
        word: One word or a short name, lower case.
        score: De-hubbed similarity (CSLS), higher is nearer; comparable within one picture.
    """

    word: str
    score: float


@dataclass(frozen=True, slots=True)
class SegmentText:
    """All words of one segment, each kind apart: evidence can say where a word came from.

    What the language model wrote (``description``) and the prompt words are guesses at what a
    picture shows: they help to find it, and are never taken for what somebody wrote or said.
    """

    caption: str = ""
    name_words: str = ""
    ocr: str = ""
    transcript: str = ""
    passage: str = ""
    heading: str = ""
    prompt_words: tuple[PromptWord, ...] = ()
    description: str = ""

    def read(self) -> str:
        r"""The words somebody wrote, one field a line: all but what was said and what is guessed.

        >>> SegmentText(caption="Our ferry", ocr="PIER 4", transcript="Hello").read()
        'Our ferry\nPIER 4'
        """
        fields = (self.heading, self.caption, self.passage, self.ocr, self.name_words)
        return "\n".join(f for f in fields if f)

    def written(self) -> str:
        r"""The words somebody wrote or said: everything but what is guessed, one field a line.

        >>> SegmentText(caption="Our ferry", ocr="PIER 4").written()
        'Our ferry\nPIER 4'
        """
        fields = (
            self.heading,
            self.caption,
            self.transcript,
            self.passage,
            self.ocr,
            self.name_words,
        )
        return "\n".join(f for f in fields if f)

    def best(self) -> str:
        """The most telling field, for a line of evidence; what is guessed where nothing is written.

        >>> SegmentText(ocr="PIER 4", description="A pier at dusk.").best()
        'PIER 4'
        """
        fields = (self.transcript, self.passage, self.ocr, self.caption, self.name_words)
        for text in (*fields, self.description):
            if text:
                return text
        return ", ".join(w.word for w in self.prompt_words)


@dataclass(frozen=True, slots=True)
class Segment:
    """The unit that is found: a picture, a span of a recording or video, a passage of text.

    Attributes:
        id: Stable public name, ``<item>.<ordinal>`` with 12 hex digits of item.
        path: Absolute path of its file.
        sha256: Digest of its file.
        kind: What it is.
        ordinal: Position within its file, from 0.
        start_s: Start within a recording or video, seconds; ``None`` for pictures and text.
        end_s: End within a recording or video, seconds.
        page: Page of a document from 1, else ``None``.
        text: Its words.
        flags: Quality flags of its file.
        frame_s: Where the frame that it shows stands in a video, seconds; else ``None``.
    """

    id: str
    path: Path
    sha256: str
    kind: Kind
    ordinal: int
    start_s: float | None = None
    end_s: float | None = None
    page: int | None = None
    text: SegmentText = field(default_factory=SegmentText)
    flags: tuple[str, ...] = ()
    frame_s: float | None = None

    @property
    def shows(self) -> bool:
        """Whether there is something to see: a picture, or the frame of a video."""
        return self.kind == "image" or self.frame_s is not None


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """The vectors of one segment or one question; a missing modality is simply not in ``vectors``.

    Attributes:
        vectors: Modality → float32 (d,), unit length, in the shared text-embedding space.
        hubness: Modality → h ≥ −1: half the mean similarity to the 10 nearest of the text bank
            (CSLS, Conneau et al. 2018, §2.3); counts when words ask; 0 where not corrected.
        picture_hubness: The same among the picture bank; counts when a picture asks.
    """

    vectors: Mapping[Modality, Floats]
    hubness: Mapping[Modality, float] = field(default_factory=dict)
    picture_hubness: Mapping[Modality, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Weighing:
    """How much a question looks, reads and listens.

    Attributes:
        weights: Modality → α ≥ 0, summing to 1.
        by: ``words`` where the user said where to look ("in the picture"), ``learned`` where the
            router decided, ``uniform`` where nothing did.
    """

    weights: Mapping[Modality, float]
    by: Literal["words", "learned", "uniform"]


@dataclass(frozen=True, slots=True)
class Wording:
    """One more way to ask a question.

    Attributes:
        text: The words.
        weight: Against the question itself, which weighs 1; > 0.
        modalities: Which of them are asked so.
    """

    text: str
    weight: float
    modalities: tuple[Modality, ...] = MODALITIES


# --------------------------------------------------------------------------- what reading gives


@dataclass(frozen=True, slots=True)
class Filter:
    """Which segments may be found: every condition must hold; an empty one holds for all.

    Attributes:
        kinds: Only these kinds.
        folders: Absolute paths; only files that are one of these or lie below one.
        since_s: Taken at this time or later, seconds since the epoch.
        until_s: Taken before this time, seconds since the epoch.
        tags: Only files that carry all of these.
        metadata: (name, value) pairs that the metadata of a document must hold.
    """

    kinds: tuple[Kind, ...] = ()
    folders: tuple[Path, ...] = ()
    since_s: float | None = None
    until_s: float | None = None
    tags: tuple[str, ...] = ()
    metadata: tuple[tuple[str, str | int | float | bool | None], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What a user asks: words, a picture, a recording, or words beside either.

    Attributes:
        text: The words; may be empty when a picture or recording is given.
        pictures: Attached pictures.
        recording: Attached recording.
        paths: Files of the pictures, then of the recording; stand-in names for uploads.
    """

    text: str = ""
    pictures: tuple[Picture, ...] = ()
    recording: Recording | None = None
    paths: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A segment that was found.

    Attributes:
        rank: From 1.
        segment: What was found.
        score: Sum of ``contributions``; higher is better, in standard deviations above what
            unrelated pairs score.
        contributions: ``visual``, ``text``, ``speech``, ``lexical`` → their exact share.
        thumbnail_path: Where a small JPEG of a picture is kept, if one was stored.
        even_score: What the score would be if all modalities weighed alike; ``None`` where they do.
    """

    rank: int
    segment: Segment
    score: float
    contributions: Mapping[str, float]
    thumbnail_path: Path | None = None
    even_score: float | None = None

    @property
    def relevance(self) -> float:
        """What is compared with the least score that counts: it does not depend on the weighing.

        How much a question looks, reads and listens orders what was found; whether anything found
        is related at all must not hang on it.
        """
        return self.score if self.even_score is None else self.even_score

    @property
    def thumbnail(self) -> Path | None:
        """Small JPEG of a picture; ``None`` where there is none. Looked for when asked."""
        path = self.thumbnail_path
        return path if path is not None and path.exists() else None


@dataclass(frozen=True, slots=True)
class KeyFrame:
    """The frame that stands for a shot of a video.

    Attributes:
        frame_s: Where it stands, seconds.
        thumbnail: Where a small JPEG of it is kept; derived, so it may be missing.
    """

    frame_s: float
    thumbnail: Path


@dataclass(frozen=True, slots=True)
class SearchResult(Sequence[Hit]):
    """Hits, best first, with how the question was weighed; itself a sequence of its hits.

    Attributes:
        question: The question's words (of a spoken question: as transcribed).
        modality_weights: Modality → α ≥ 0, summing to 1.
        hits: Best first.
        weighed_by: What decided the weights; see :class:`Weighing`.
    """

    question: str
    modality_weights: Mapping[str, float]
    hits: tuple[Hit, ...]
    weighed_by: str = "uniform"

    @overload
    def __getitem__(self, index: int) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Hit, ...]: ...
    def __getitem__(self, index: int | slice) -> Hit | tuple[Hit, ...]:
        return self.hits[index]

    def __len__(self) -> int:
        return len(self.hits)


@dataclass(frozen=True, slots=True)
class Citation:
    """A numbered pointer from an answer to its evidence; ``n`` from 1, as ``[n]`` in the text."""

    n: int
    id: str
    path: Path
    start_s: float | None = None
    end_s: float | None = None
    page: int | None = None
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What mmqa says, and why.

    Attributes:
        question: The question as understood.
        text: The answer in the question's language; when ``abstained``, a sentence that says so.
        citations: Evidence that the answer rests on, best first; empty when ``abstained``.
        hits: All that was retrieved.
        modality_weights: How the question was weighed.
        weighed_by: What decided that; see :class:`Weighing`.
        abstained: True when nothing relevant was found.
        source: ``generated`` by the language model from words of the evidence and checked against
            them, ``seen`` by it in a picture (nothing to check it against), ``quoted`` from the
            evidence, or ``none``.
        timings: Stage → seconds.
    """

    question: str
    text: str
    citations: tuple[Citation, ...] = ()
    hits: tuple[Hit, ...] = ()
    modality_weights: Mapping[str, float] = field(default_factory=dict)
    abstained: bool = False
    source: AnswerSource = "none"
    timings: Mapping[str, float] = field(default_factory=dict)
    weighed_by: str = "uniform"


@dataclass(frozen=True, slots=True)
class RetrievalEvent:
    """First event of a streamed answer: what was found, before a word is written."""

    result: SearchResult


@dataclass(frozen=True, slots=True)
class TokenEvent:
    """A few more characters of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class CitationEvent:
    """A citation that the answer carries."""

    citation: Citation


@dataclass(frozen=True, slots=True)
class DoneEvent:
    """Last event: the whole answer, which may correct what was streamed (checked numbers)."""

    answer: Answer


AnswerEvent: TypeAlias = RetrievalEvent | TokenEvent | CitationEvent | DoneEvent


# --------------------------------------------------------------------------- what adding gives


@dataclass(frozen=True, slots=True)
class Source:
    """A folder, and which of its files are meant.

    Attributes:
        folder: The folder.
        include: Globs of paths below it, with ``/``; ``*`` stays in a folder, ``**`` does not.
        exclude: Globs of what is left out of these.
    """

    folder: Path
    include: tuple[str, ...] = ("**",)
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AddEvent:
    """One file is done, and durable if added.

    Attributes:
        event: ``added`` (new or changed), ``unchanged`` or ``refused``; when folders are synced
            also ``moved`` (the same content under another name) or ``removed``.
        path: The file, as an absolute path (of a refused one: as it was found).
        segments: How many segments it has in the index; 0 when refused.
        reason: Why it was refused; empty otherwise.
        flags: Quality flags.
        done: Files finished so far, this one included.
        total: Files found so far; grows while folders are still being walked.
        was: Where a moved file lay before.
    """

    event: Literal["added", "unchanged", "refused", "moved", "removed"]
    path: Path
    segments: int = 0
    reason: str = ""
    flags: tuple[str, ...] = ()
    done: int = 0
    total: int = 0
    was: Path | None = None


@dataclass(frozen=True, slots=True)
class AddReport:
    """What one ``add`` did. ``failed`` holds (path, reason) pairs."""

    added: int
    skipped: int
    failed: tuple[tuple[Path, str], ...]
    segments: int
    seconds: float


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What making an index equal to some folders did.

    Attributes:
        added: Files that are new or changed.
        unchanged: Files that were there already.
        removed: Files that are there no longer, or no longer chosen.
        moved: Files that were found again under another name; they kept features and tags.
        failed: (path, reason) of what could not be taken in; what the index held of it stays.
        segments: Segments of what was added or moved.
        seconds: How long it took.
    """

    added: int
    unchanged: int
    removed: int
    moved: int
    failed: tuple[tuple[Path, str], ...]
    segments: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Chunk:
    """One unit of work of a long download or conversion: ``done`` of ``total``, in ``unit``."""

    label: str
    done: int
    total: int
    unit: Literal["bytes", "files", "steps", "seconds"] = "bytes"


PICTURE_MARK = "\ufffc"
"""Stands in the text of a message where a picture stands (Unicode: object replacement character).
The n-th mark of a prompt is its n-th picture; what users write is rid of it first."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation for a chat model; ``role`` as in chat templates.

    Its text may hold :data:`PICTURE_MARK`, one for each picture that stands in it.
    """

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """What a chat model is asked: turns, and the pictures that stand in them.

    Attributes:
        messages: At least one.
        pictures: In the order of the marks; pictures without a mark stand before the text of the
            last message of the user's.
    """

    messages: tuple[Message, ...]
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True)
class FaissFile:
    """One FAISS file of an index.

    Attributes:
        name: File name below ``segments/``.
        rows: Vectors in it.
        index_type: ``flat``, ``sq8``, ``ivf_sq8`` or ``ivf_rabitq``.
        nlist: Number of inverted lists; 0 where there are none.
        nprobe: How many of them a search looks into; 0 where there are none.
        recall: Recall@10 against exact search, measured on its own vectors when it was made;
            ``None`` where search is exact.
    """

    name: str
    rows: int
    index_type: str
    nlist: int = 0
    nprobe: int = 0
    recall: float | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """What an index holds.

    Attributes:
        path: Folder of the index.
        preset: Which models made it.
        fusion: How modalities were fused.
        fingerprints: Role → digest of the encoder that made the vectors.
        items: Files.
        segments: What can be found.
        by_kind: Kind → number of files.
        media_bytes: Size of the files themselves, which stay where they are.
        index_bytes: Size of the index on disk.
        pending: Segments newer than the newest FAISS segment (served from the catalogue).
        by_modality: Modality → segments that have a vector of it.
        catalogue_bytes: Size of the catalogue, with its log.
        faiss_bytes: Size of the FAISS files.
        thumbnail_bytes: Size of the thumbnails.
        tombstones: Removed segments whose bytes are there until the index is compacted.
        generation: Grows with every change.
        faiss_files: The FAISS files, oldest rows first.
    """

    path: Path
    preset: str
    fusion: str
    fingerprints: Mapping[str, str]
    items: int
    segments: int
    by_kind: Mapping[str, int]
    media_bytes: int
    index_bytes: int
    pending: int
    by_modality: Mapping[str, int] = field(default_factory=dict)
    catalogue_bytes: int = 0
    faiss_bytes: int = 0
    thumbnail_bytes: int = 0
    tombstones: int = 0
    generation: int = 0
    faiss_files: tuple[FaissFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Calibration:
    """Similarity of unrelated pairs in one modality: mean ``mu`` and deviation ``sigma`` > 0."""

    mu: float
    sigma: float
