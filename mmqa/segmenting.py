"""Extracts of a file → segments with words and vectors, ready for the index.

Knows: which words are embedded, which are only searched by letter, and that prompt words come from
the mapped picture. Refuses to know: how extracts were made, and how the index stores them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from mmqa.extraction import Extract, features_of
from mmqa.index.store import item_id
from mmqa.interfaces import CrossModalMapping, PromptWords, TextEncoder
from mmqa.records import (
    MODALITIES,
    Asker,
    Features,
    Floats,
    Media,
    Modality,
    PromptWord,
    Segment,
    SegmentText,
)


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """All segments of one file with their vectors, in the same order."""

    segments: tuple[Segment, ...]
    features: tuple[Features, ...]


@dataclass(frozen=True, slots=True)
class Segmenter:
    """Turns extracts into segments; many files at once, so that encoders work in batches.

    Attributes:
        text_encoder: Gives the encoder when there are words to encode.
        mapping: Takes image features into the text space.
        prompt_words: Names what a mapped picture lies near.
    """

    text_encoder: Callable[[], TextEncoder]
    mapping: CrossModalMapping
    prompt_words: PromptWords

    def segments(
        self, media: Sequence[Media], extracts: Sequence[Sequence[Extract]]
    ) -> list[Group]:
        """One group a file, in order."""
        visual = self.visual([e for group in extracts for e in group])
        texts = [_text(m, e) for m, group in zip(media, extracts, strict=True) for e in group]
        features = self.features(texts, visual)
        described = iter(zip(texts, self.words(features), features, strict=True))
        groups = []
        for one, group in zip(media, extracts, strict=True):
            taken = list(islice(described, len(group)))
            segments = [
                _segment(one, number, extract, replace(text, prompt_words=words))
                for number, (extract, (text, words, _)) in enumerate(zip(group, taken, strict=True))
            ]
            groups.append(Group(tuple(segments), tuple(row for _, _, row in taken)))
        return groups

    def visual(self, extracts: Sequence[Extract]) -> list[Floats | None]:
        """The mapped vector of each extract that has a picture."""
        features = features_of(extracts)
        if features is None:
            return [None] * len(extracts)
        rows = iter(self.mapping.map(features))
        return [next(rows) if e.pooled is not None else None for e in extracts]

    def features(
        self, texts: Sequence[SegmentText], visual: Sequence[Floats | None]
    ) -> list[Features]:
        """Vectors and hubness of each segment; prompt words are not embedded.

        They come from the picture's own vector, so as text they would count it twice.
        """
        worded = [words_of(text) for text in texts]
        wanted = [words for one in worded for words in one.values()]
        encoded: Iterator[Floats] = iter(self.text_encoder().encode(wanted) if wanted else [])
        rows: list[dict[Modality, Floats]] = []
        for one, seen in zip(worded, visual, strict=True):
            row: dict[Modality, Floats] = {} if seen is None else {"visual": seen}
            row.update({modality: next(encoded) for modality in one})
            rows.append(row)
        return with_hubness(rows, self.mapping)

    def words(self, features: Sequence[Features]) -> list[tuple[PromptWord, ...]]:
        """What each picture shows, and what each recording is about; of notes there are none."""
        found: list[tuple[PromptWord, ...]] = [()] * len(features)
        asked: tuple[tuple[Modality, Asker], ...] = (("speech", "words"), ("visual", "pictures"))
        for modality, of in asked:  # of a segment that has both, what is seen counts
            places = [n for n, one in enumerate(features) if modality in one.vectors]
            if places:
                vectors = np.stack([features[n].vectors[modality] for n in places])
                named = self.prompt_words.words(vectors, of=of)
                for place, words in zip(places, named, strict=True):
                    found[place] = words
        return found


def attached_segment(
    number: int, path: Path, extract: Extract, words: tuple[PromptWord, ...]
) -> Segment:
    """An attachment of a question as a segment; it is in no index, so its id says just that."""
    return Segment(
        id=f"attachment.{number}",
        path=path,
        sha256="",
        kind=extract.kind,
        ordinal=number,
        start_s=extract.start_s,
        end_s=extract.end_s,
        text=SegmentText(ocr=extract.ocr, transcript=extract.transcript, prompt_words=words),
    )


def _text(media: Media, extract: Extract) -> SegmentText:
    return SegmentText(
        caption=media.caption,
        name_words=media.name_words,
        ocr=extract.ocr,
        transcript=extract.transcript,
        passage=extract.passage,
        heading=extract.heading,
        description=extract.description,
    )


def _segment(media: Media, ordinal: int, extract: Extract, text: SegmentText) -> Segment:
    return Segment(
        id=f"{item_id(media.item.path, media.item.sha256)}.{ordinal}",
        path=media.item.path,
        sha256=media.item.sha256,
        kind=extract.kind,
        ordinal=ordinal,
        start_s=extract.start_s,
        end_s=extract.end_s,
        page=extract.page,
        text=text,
        flags=media.item.flags,
        frame_s=extract.frame_s,
    )


def with_hubness(
    rows: Sequence[Mapping[Modality, Floats]], mapping: CrossModalMapping
) -> list[Features]:
    """Vectors with the hubness of each (CSLS), computed a modality at a time.

    Where words and pictures meet by a text tower W, ⟨W·q, x⟩ = ⟨q, Wᵀ·x⟩: a picture is as near to
    what words ask as its counterpart in words is to the words, and the other way round.
    """
    among_texts: list[dict[Modality, float]] = [{} for _ in rows]
    among_pictures: list[dict[Modality, float]] = [{} for _ in rows]
    for modality in MODALITIES:
        present = [number for number, row in enumerate(rows) if modality in row]
        if present:
            stacked = np.stack([rows[number][modality] for number in present])
            seen = modality == "visual"
            text = mapping.hubness(mapping.ask_words(stacked) if seen else stacked)
            picture = mapping.picture_hubness(stacked if seen else mapping.ask_pictures(stacked))
            for number, by_words, by_pictures in zip(present, text, picture, strict=True):
                among_texts[number][modality] = float(by_words)
                among_pictures[number][modality] = float(by_pictures)
    return [Features(*one) for one in zip(rows, among_texts, among_pictures, strict=True)]


def words_of(text: SegmentText) -> dict[Modality, str]:
    """The words that are embedded, by modality: what is read and what is heard; none are empty.

    The description by the language model is read with the rest, last: an encoder that takes in so
    many words only cuts it before it cuts what somebody wrote.

    The file name of a recording in which somebody speaks is left to search by letter: as a vector
    of its own, "agent-pass" outweighs what is said ("please enter your password"); on the Asterisk
    prompts that cost a fortieth of the first places.

    >>> words_of(SegmentText(caption="Our ferry", transcript="Hello", name_words="memo"))
    {'text': 'Our ferry', 'speech': 'Hello'}
    >>> words_of(SegmentText(name_words="red football"))
    {'text': 'red football'}
    """
    written = replace(text, name_words="") if text.transcript else text
    read = "\n".join(filter(None, (written.read(), text.description)))
    found: dict[Modality, str] = {"text": read, "speech": text.transcript}
    return {modality: words for modality, words in found.items() if words}


def searchable(text: SegmentText) -> str:
    r"""All words of a segment for search by letter, what is guessed last.

    >>> searchable(SegmentText(ocr="PIER 4", prompt_words=(PromptWord("ferry", 0.3),)))
    'PIER 4\nferry'
    """
    words = " ".join(word.word for word in text.prompt_words)
    return "\n".join(filter(None, (text.written(), text.description, words)))
