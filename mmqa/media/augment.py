"""Changes to pictures, recordings and words that leave their label true, as data: mild and strong.

Knows: which changes there are, and from which range each one's number is drawn. Refuses to know:
how a change is done (``augment_pictures``, ``augment_recordings``, ``augment_words``), and what
becomes of the result: training uses it to see more, evaluation to see what holds.

*Mild* is what a person would not think worth mentioning: a picture sent through a messenger, cut a
little, taken on a dull day; a recording made in an office or sent as a voice message; a question
with one slip or a "please". *Strong* is what a person notices at once and copes with. The ranges
were set before anything was measured with them.

Every change is a pure function of the record and a NumPy generator: same seed, same result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import numpy as np

from mmqa.media import augment_pictures as pictures
from mmqa.media import augment_recordings as recordings
from mmqa.media import augment_words as words
from mmqa.records import Picture, Recording

Strength = Literal["mild", "strong"]
STRENGTHS: tuple[Strength, ...] = ("mild", "strong")
Part = TypeVar("Part", Picture, Recording, str)


@dataclass(frozen=True, slots=True)
class Change(Generic[Part]):
    """One kind of change, at one strength.

    Attributes:
        name: What it is called in settings and tables.
        function: (part, generator, number) → changed part.
        low: Least number that may be drawn; its unit is that of the function.
        high: Largest.
        share: How often :func:`augment` applies it, 0–1.
    """

    name: str
    function: Callable[[Part, np.random.Generator, float], Part]
    low: float = 0.0
    high: float = 0.0
    share: float = 0.3

    def __call__(self, part: Part, rng: np.random.Generator) -> Part:
        """The part, changed by a number drawn from the range."""
        return self.function(part, rng, float(rng.uniform(self.low, self.high)))


def augment(part: Part, rng: np.random.Generator, changes: Sequence[Change[Part]]) -> Part:
    """Each change in turn, or not, as its share says.

    >>> lower = Change("lower", lambda text, *_: text.lower(), share=1)
    >>> augment("A cat", np.random.default_rng(0), [lower])
    'a cat'
    """
    for change in changes:
        if rng.random() < change.share:
            part = change(part, rng)
    return part


def named(name: str, changes: Sequence[Change[Part]]) -> Change[Part]:
    """The change called ``name``.

    Raises:
        KeyError: There is none.
    """
    return {change.name: change for change in changes}[name]


def without(names: Sequence[str], changes: Sequence[Change[Part]]) -> tuple[Change[Part], ...]:
    """All changes but some: ``flip``, say, where a caption tells left from right."""
    return tuple(change for change in changes if change.name not in names)


# ------------------------------------------------------------------------------------- pictures


def _crop(p: Picture, rng: np.random.Generator, keep: float) -> Picture:
    return pictures.crop(p, rng, keep)


def _noise(p: Picture, rng: np.random.Generator, deviation: float) -> Picture:
    return pictures.add_noise(p, rng, deviation)


def _flip(p: Picture, _rng: np.random.Generator, _number: float) -> Picture:
    return pictures.flip(p)


def _grey(p: Picture, _rng: np.random.Generator, _number: float) -> Picture:
    return pictures.grey(p)


def _plainly(function: Callable[[Part, float], Part]) -> Callable[..., Part]:
    """A change in which nothing but its number is drawn."""
    return lambda part, _rng, number: function(part, number)


PICTURES: dict[Strength, tuple[Change[Picture], ...]] = {
    "mild": (
        Change("crop", _crop, 0.9, 0.98),
        Change("turn", _plainly(pictures.turn), -3, 3),
        Change("resize", _plainly(pictures.resize), 0.5, 0.9),
        Change("darken", _plainly(pictures.brighten), 0.7, 0.9),
        Change("brighten", _plainly(pictures.brighten), 1.1, 1.3),
        Change("blur", _plainly(pictures.blur), 0.001, 0.004),
        Change("noise", _noise, 2, 8),
        Change("recompress", _plainly(pictures.recompress), 50, 85),
        Change("flip", _flip, share=0.5),
    ),
    "strong": (
        Change("crop", _crop, 0.6, 0.8),
        Change("turn", _plainly(pictures.turn), -20, 20),
        Change("resize", _plainly(pictures.resize), 0.15, 0.4),
        Change("darken", _plainly(pictures.brighten), 0.25, 0.5),
        Change("brighten", _plainly(pictures.brighten), 1.6, 2.2),
        Change("blur", _plainly(pictures.blur), 0.01, 0.025),
        Change("noise", _noise, 20, 40),
        Change("recompress", _plainly(pictures.recompress), 8, 25),
        Change("flip", _flip, share=0.5),
        Change("grey", _grey),
    ),
}
"""Numbers: share of each side kept, degrees, factor of both sides, factor of levels (twice), share
of the shorter side, levels of 255, JPEG quality. Recompressing comes after what makes new pixels,
as it does on the way through a messenger."""

# ----------------------------------------------------------------------------------- recordings


def _add_noise(r: Recording, rng: np.random.Generator, snr: float) -> Recording:
    return recordings.add_noise(r, rng, snr)


def _reverberate(r: Recording, rng: np.random.Generator, decay_s: float) -> Recording:
    return recordings.reverberate(r, rng, decay_s)


def _mp3(r: Recording, _rng: np.random.Generator, kilobits: float) -> Recording:
    return recordings.through_codec(r, "mp3", kilobits)


def _opus(r: Recording, _rng: np.random.Generator, kilobits: float) -> Recording:
    return recordings.through_codec(r, "opus", kilobits)


def _band(r: Recording, _rng: np.random.Generator, high_hz: float) -> Recording:
    return recordings.band_limit(r, high_hz / 12, high_hz)


def _pad(r: Recording, rng: np.random.Generator, seconds: float) -> Recording:
    before = float(rng.uniform(0, seconds))
    return recordings.pad_silence(r, before, seconds - before)


RECORDINGS: dict[Strength, tuple[Change[Recording], ...]] = {
    "mild": (
        Change("speed", _plainly(recordings.change_speed), 0.95, 1.05),
        Change("tempo", _plainly(recordings.change_tempo), 0.9, 1.1),
        Change("reverberation", _reverberate, 0.2, 0.4),
        Change("noise", _add_noise, 20, 30),
        Change("gain", _plainly(recordings.gain), -6, 3),
        Change("band", _band, 5000, 7000),
        Change("silence", _pad, 0.2, 1.0),
        Change("mp3", _mp3, 48, 96),
        Change("opus", _opus, 20, 32),
    ),
    "strong": (
        Change("speed", _plainly(recordings.change_speed), 0.85, 1.2),
        Change("tempo", _plainly(recordings.change_tempo), 0.75, 1.35),
        Change("reverberation", _reverberate, 0.8, 1.5),
        Change("noise", _add_noise, 5, 12),
        Change("gain", _plainly(recordings.gain), -26, -14),
        Change("band", _band, 3000, 3600),
        Change("silence", _pad, 2, 5),
        Change("mp3", _mp3, 16, 24),
        Change("opus", _opus, 6, 10),
    ),
}
"""Numbers: factor (twice), RT60 in s, SNR in dB, dB, upper edge in Hz (the lower is a twelfth of
it), s, kbit/s (twice)."""

# ---------------------------------------------------------------------------------------- words


def _words(function: Callable[[str], str]) -> Callable[[str, np.random.Generator, float], str]:
    return lambda text, _rng, _number: function(text)


def _typos(text: str, rng: np.random.Generator, share: float) -> str:
    return words.typos(text, rng, share)


def _drop_empty(text: str, rng: np.random.Generator, share: float) -> str:
    return words.drop_words(text, rng, share)


def _drop_any(text: str, rng: np.random.Generator, share: float) -> str:
    return words.drop_words(text, rng, share, any_word=True)


def _spread(text: str, rng: np.random.Generator, _number: float) -> str:
    return words.spread(text, rng)


def _frame(text: str, rng: np.random.Generator, _number: float) -> str:
    return words.frame(text, rng)


WORDS: dict[Strength, tuple[Change[str], ...]] = {
    "mild": (
        Change("case", _words(words.lower_case)),
        Change("typos", _typos, 0.0, 0.1),
        Change("punctuation", _words(words.drop_punctuation)),
        Change("frame", _frame),
        Change("empty words", _drop_empty, 0.1, 0.3),
        Change("spaces", _spread),
    ),
    "strong": (
        Change("case", _words(words.upper_case)),
        Change("typos", _typos, 0.25, 0.5),
        Change("frame", _frame),
        Change("words", _drop_any, 0.15, 0.3),
        Change("spaces", _spread),
    ),
}
"""Numbers: share of words; of typos, of the words of four letters and more, and at least one."""
