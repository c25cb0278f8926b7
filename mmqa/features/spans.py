"""Words with times → spans that a person would quote: whole sentences, 8 to 20 seconds.

Knows: sentence ends and pauses. Refuses to know: recordings and models.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmqa.features.packing import Word
from mmqa.records import TranscriptSpan

TARGET_S = 8.0
"""A span at least this long ends with the next sentence."""
MAX_S = 20.0
"""A span longer than this is cut at its longest pause, between two words."""
NEW_SPAN_S = 4.0
"""A pause this long always ends a span."""
PAUSE_S = 1.0
"""A pause this long ends a sentence, whatever its punctuation."""
SENTENCE_ENDS = (".", "?", "!", "…", "。", "？", "！")


def make_spans(words: Sequence[Word]) -> tuple[TranscriptSpan, ...]:
    """Spans of words in order of time.

    >>> make_spans([Word(0.0, 0.4, " Good"), Word(0.4, 1.0, " morning.")])
    (TranscriptSpan(start_s=0.0, end_s=1.0, text='Good morning.'),)
    """
    return tuple(span for group in _groups(words) for span in _spans(group))


def settle(words: Sequence[Word]) -> tuple[tuple[TranscriptSpan, ...], tuple[Word, ...]]:
    """The spans that stay as they are whatever is said next, and the words after them.

    Settling the words left over with those said next gives, in the end, what :func:`make_spans`
    makes of all of them: a span is over once a sentence was too far from it, or too long for it,
    and more words only make that truer.

    >>> words = [Word(0.0, 1.0, " Good."), Word(9.0, 9.5, " So"), Word(9.5, 9.8, " then")]
    >>> spans, left = settle(words)
    >>> [span.text for span in spans], [word.text for word in left]
    (['Good.'], [' So', ' then'])
    """
    *over, last = _groups(words) or [[]]
    return tuple(span for group in over for span in _spans(group)), tuple(last)


def _groups(words: Sequence[Word]) -> list[list[Word]]:
    """Words of whole sentences that belong together."""
    groups: list[list[Word]] = []
    for sentence in _sentences(words):
        if groups and _belong_together(groups[-1], sentence):
            groups[-1].extend(sentence)
        else:
            groups.append(list(sentence))
    return groups


def _spans(group: Sequence[Word]) -> Iterator[TranscriptSpan]:
    made = (_span(part) for part in _cut(group))
    return (span for span in made if span.text)


def _sentences(words: Sequence[Word]) -> Iterator[list[Word]]:
    sentence: list[Word] = []
    for word in words:
        if sentence and word.start_s - sentence[-1].end_s >= PAUSE_S:
            yield sentence
            sentence = []
        sentence.append(word)
        if word.text.rstrip().endswith(SENTENCE_ENDS):
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _belong_together(span: Sequence[Word], sentence: Sequence[Word]) -> bool:
    pause_s = sentence[0].start_s - span[-1].end_s
    return (
        _length_s(span) < TARGET_S
        and pause_s < NEW_SPAN_S
        and sentence[-1].end_s - span[0].start_s <= MAX_S
    )


def _cut(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    if _length_s(words) <= MAX_S or len(words) < 2:
        yield words
        return
    middle = (words[0].start_s + words[-1].end_s) / 2
    half_s = _length_s(words) / 2

    def worth(at: int) -> float:
        pause_s = words[at].start_s - words[at - 1].end_s
        comma = 0.3 if words[at - 1].text.rstrip().endswith((",", ";", ":", "，", "；")) else 0.0
        return pause_s + comma - abs(words[at].start_s - middle) / half_s

    at = max(range(1, len(words)), key=worth)
    yield from _cut(words[:at])
    yield from _cut(words[at:])


def _length_s(words: Sequence[Word]) -> float:
    return words[-1].end_s - words[0].start_s


def _span(words: Sequence[Word]) -> TranscriptSpan:
    text = "".join(word.text for word in words).strip()
    start_s, end_s = round(words[0].start_s, 2), round(words[-1].end_s, 2)
    return TranscriptSpan(start_s, end_s, text, tuple(words))


def repeats(words: Sequence[Word], *, times: int = 5) -> bool:
    """Whether one to four words come at least ``times`` times in a row, as in a failed decoding.

    >>> repeats([Word(i, i + 1, " no") for i in range(6)])
    True
    """
    texts = [word.text.strip(" .,!?").lower() for word in words]
    for size in range(1, 5):
        same = 0
        for at in range(size, len(texts) - size + 1):
            same = same + 1 if texts[at : at + size] == texts[at - size : at] else 0
            if same > size * (times - 2):
                return True
    return False
