"""Segments of an index, or words → sentiments.

Knows: where words, vectors, pictures and sounds of a segment come from, and how the application of
sentiment is put together with the models of a configuration. Refuses to know: how a feeling is told
(``mmqa.applications.sentiment``), and how anything is printed or drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np

from mmqa.applications.sentiment import cues, label_words
from mmqa.applications.sentiment.judging import Thing, head_width, judge
from mmqa.applications.sentiment.opinions import Label, Sentiment, Sentiments
from mmqa.errors import ConfigError, MediaError
from mmqa.features.prosody import Prosody, prosody, stretch
from mmqa.fusion.head import Head
from mmqa.interfaces import Reader, TextEncoder, VisionLanguageModel
from mmqa.looking import shown
from mmqa.prompts.looking import PictureWords
from mmqa.prompts.template import Templates, language_of
from mmqa.records import (
    Features,
    Floats,
    LongRecording,
    MediaItem,
    Modality,
    Picture,
    Prompt,
    Recording,
    Segment,
    Shot,
    Sound,
)
from mmqa.segmenting import words_of

LONGEST_S = 60.0
"""Of a stretch of sound, so much is measured: a voice does not change its manner sooner."""

AT_ONCE = 16
"""Prompts that are given to the language model together."""

_SHOWN = 600
"""Characters of a text that a language model is asked about."""


class Shelf(Protocol):
    """What of an index is needed here."""

    def item_rowids(self, path: Path) -> list[int]:
        """Numbers of a file's segments."""
        ...

    def segments(self, numbers: Sequence[int]) -> list[Segment]:
        """Segments by number."""
        ...

    def features(self, numbers: Sequence[int]) -> list[Features]:
        """Vectors by number."""
        ...


@dataclass(frozen=True, slots=True)
class Feeling:
    """Tells how segments feel.

    Attributes:
        reader: Reads a file again, for its sound and its pictures.
        text_encoder: Gives the encoder, for words that come with a file.
        head: A trained head, or ``None``.
        model: Gives the language model, or ``None`` where it is not to be asked.
        templates: Language → prompt templates.
        answers_in: Languages that the model writes; empty means any.
    """

    reader: Reader
    text_encoder: Callable[[], TextEncoder]
    head: Head | None = None
    model: Callable[[], VisionLanguageModel] | None = None
    templates: Callable[[str], Templates] = Templates
    answers_in: tuple[str, ...] = ()

    def of_items(self, shelf: Shelf, items: Iterable[MediaItem], words: str = "") -> Sentiments:
        """How each segment of some files feels; ``words`` are read beside each of them."""
        each: list[Sentiment] = []
        notes: list[str] = []
        for item in items:
            numbers = shelf.item_rowids(item.path)
            segments, features = shelf.segments(numbers), shelf.features(numbers)
            if words:
                segments = [_captioned(segment, words) for segment in segments]
            voices = self._voices(item, segments, notes)
            things = [
                self._thing(segment, vectors, voice, reread=bool(words))
                for segment, vectors, voice in zip(segments, features, voices, strict=True)
            ]
            things = self._asked(item, segments, things, notes)
            each += [_placed(judge(t, self.head), s) for t, s in zip(things, segments, strict=True)]
        return Sentiments(tuple(each), tuple(dict.fromkeys(notes)))

    def of_words(self, words: str) -> Sentiments:
        """How some words feel, with nothing beside them."""
        vectors: dict[Modality, Floats] = {}
        if self.head is not None:
            vectors["text"] = self._vector(words)
        thing = Thing({"text": words}, features=Features(vectors))
        if self.model is not None:
            thing = self._answered([thing], [self._text_prompts(thing)])[0]
        return Sentiments((replace(judge(thing, self.head), words=words),))

    # ------------------------------------------------------------------ what a segment has

    def _thing(
        self, segment: Segment, features: Features, voice: Prosody | None, *, reread: bool
    ) -> Thing:
        texts = words_of(segment.text)
        vectors = {name: _unit(vector) for name, vector in features.vectors.items()}
        if reread and self.head is not None:
            vectors["text"] = self._vector(texts["text"])
        seen = segment.kind in ("image", "video") or "visual" in vectors
        words = segment.text.prompt_words if seen else ()
        return Thing(texts, words, Features(vectors), voice)

    def _vector(self, words: str) -> Floats:
        row: Floats = self.text_encoder().encode([words])[0]
        return row

    def _voices(
        self, item: MediaItem, segments: Sequence[Segment], notes: list[str]
    ) -> list[Prosody | None]:
        """How each segment sounds; of pictures, notes, and files that are gone: nothing."""
        if item.kind not in ("audio", "video"):
            return [None] * len(segments)
        try:
            parts = iter(self.reader.read(item.path).parts)
            sound = next((p for p in parts if isinstance(p, Recording | LongRecording)), None)
            return [None] * len(segments) if sound is None else list(measured(sound, segments))
        except (MediaError, OSError) as error:
            notes.append(f"How {item.path.name} sounds was not measured: {error}")
            return [None] * len(segments)

    # ------------------------------------------------------------------ the language model

    def _asked(
        self,
        item: MediaItem,
        segments: Sequence[Segment],
        things: Sequence[Thing],
        notes: list[str],
    ) -> list[Thing]:
        if self.model is None:
            return list(things)
        prompts = [self._text_prompts(thing) for thing in things]
        if self.model().sees and item.kind in ("image", "video"):
            for place, picture in self._pictures(item, segments, notes):
                prompts[place]["visual"] = self._picture_prompt(picture, segments[place])
        return self._answered(things, prompts)

    def _text_prompts(self, thing: Thing) -> dict[Modality, Prompt]:
        found: dict[Modality, Prompt] = {}
        for modality, text in thing.texts.items():
            language = language_of(text)
            if not self.answers_in or language in self.answers_in:
                said = self.templates(language).messages("sentiment_words", text=text[:_SHOWN])
                found[modality] = Prompt(said)
        return found

    def _picture_prompt(self, picture: Picture, segment: Segment) -> Prompt:
        language = "en" if not self.answers_in or "en" in self.answers_in else self.answers_in[0]
        about = PictureWords(tuple(w.word for w in segment.text.prompt_words[:5]), segment.text.ocr)
        templates = self.templates(language)
        return shown(templates, label_words.QUESTION[language], [picture], [about])

    def _pictures(
        self, item: MediaItem, segments: Sequence[Segment], notes: list[str]
    ) -> Iterator[tuple[int, Picture]]:
        """The picture of each segment that has one, with the segment's place."""
        frames = {
            segment.frame_s: [n for n, s in enumerate(segments) if s.frame_s == segment.frame_s]
            for segment in segments
        }
        try:
            for part in self.reader.read(item.path).parts:
                if isinstance(part, Shot):
                    yield from ((n, part.picture) for n in frames.get(part.frame_s, ()))
                elif isinstance(part, Picture) and part.page is None:
                    yield 0, part
        except (MediaError, OSError) as error:
            notes.append(f"The language model did not see {item.path.name}: {error}")

    def _answered(
        self, things: Sequence[Thing], prompts: Sequence[Mapping[Modality, Prompt]]
    ) -> list[Thing]:
        assert self.model is not None
        asked = [(n, name, prompt) for n, row in enumerate(prompts) for name, prompt in row.items()]
        answers: list[dict[Modality, Label]] = [{} for _ in things]
        source = iter(asked)
        while batch := list(islice(source, AT_ONCE)):
            given = [prompt for _, _, prompt in batch]
            said = self.model().complete(given, max_tokens=label_words.ANSWER_TOKENS)
            for (place, name, _), answer in zip(batch, said, strict=True):
                label = label_words.said(answer)
                if label is not None:
                    answers[place][name] = label
        return [replace(t, answers=a) for t, a in zip(things, answers, strict=True)]


def open_head(folder: str, encoders: Mapping[str, str], vector_width: int) -> Head | None:
    """The head that ``mmqa train sentiment`` wrote; ``None`` where no folder is named.

    Raises:
        ConfigError: It was fitted to other encoders, or is another kind of classifier.
        ModelMissingError: There is none in the folder.
    """
    if not folder:
        return None
    from mmqa.fusion import head as heads

    found = heads.load(Path(folder).expanduser())
    fitted = found.weights.encoders
    again = "Train one with these models: mmqa train sentiment --labels FILE."
    if fitted.get("sentiment") != cues.VERSION or head_width(found) != cues.width(vector_width):
        raise ConfigError(f"the classifier in {folder!r} is none of sentiment", again)
    now = {**encoders, "sentiment": cues.VERSION}
    if any(now.get(role) != digest for role, digest in fitted.items()):
        raise ConfigError(f"the head in {folder!r} was fitted to other encoders", again)
    return found


def fitted_to(fingerprints: Mapping[str, str]) -> dict[str, str]:
    """Role → digest of what shapes the features of a head: two encoders, the mapping, the cues."""
    roles = ("image_encoder", "text_encoder", "mapping")
    return {**{role: fingerprints[role] for role in roles}, "sentiment": cues.VERSION}


def _captioned(segment: Segment, words: str) -> Segment:
    text = segment.text
    caption = "\n".join(filter(None, (words, text.caption)))
    return replace(segment, text=replace(text, caption=caption))


def _unit(vector: Floats) -> Floats:
    """What was stored rounded is of unit length again."""
    found: Floats = vector / max(float(np.linalg.norm(vector)), 1e-9)
    return found


def _placed(found: Sentiment, segment: Segment) -> Sentiment:
    return replace(
        found,
        path=segment.path,
        id=segment.id,
        start_s=segment.start_s,
        end_s=segment.end_s,
        page=segment.page,
        words=segment.text.best(),
    )


def measured(sound: Sound, segments: Sequence[Segment]) -> Iterator[Prosody]:
    """How each segment sounds; they come in order, and a long recording is heard once."""
    spans = [(s.start_s or 0.0, s.end_s or sound.duration_s) for s in segments]
    yield from sounds_like(sound, spans)


def sounds_like(sound: Sound, spans: Sequence[tuple[float, float]]) -> Iterator[Prosody]:
    """How each stretch of a sound sounds, of each at most :data:`LONGEST_S`; in order of time."""
    short = [(start, min(end, start + LONGEST_S)) for start, end in spans]
    if isinstance(sound, Recording):
        yield from (prosody(stretch(sound, *span)) for span in short)
    else:
        yield from _heard(sound, short)


def _heard(sound: LongRecording, spans: Sequence[tuple[float, float]]) -> Iterator[Prosody]:
    rate_hz, kept, first = sound.rate_hz, np.zeros(0, np.float32), 0
    blocks = sound.blocks()
    for start_s, end_s in spans:
        start, end = round(start_s * rate_hz), round(end_s * rate_hz)
        while first + len(kept) < end and (block := next(blocks, None)) is not None:
            passed = max(0, min(start - first, len(kept)))
            kept, first = np.concatenate([kept[passed:], block]), first + passed
        yield prosody(Recording(kept[max(0, start - first) : max(0, end - first)], rate_hz))
