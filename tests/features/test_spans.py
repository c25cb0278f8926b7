from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mmqa.features.packing import Word
from mmqa.features.spans import MAX_S, make_spans, repeats, settle
from mmqa.records import TranscriptSpan


def spoken(text: str, start_s: float = 0.0, word_s: float = 0.4) -> list[Word]:
    return [
        Word(start_s + i * word_s, start_s + (i + 1) * word_s, f" {word}")
        for i, word in enumerate(text.split())
    ]


def test_a_span_ends_with_the_sentence_that_passes_eight_seconds() -> None:
    sentence = "one two three four five six seven eight nine ten. "
    spans = make_spans(spoken(sentence * 4))
    assert [span.text.count(".") for span in spans] == [2, 2]
    assert (spans[0].start_s, spans[0].end_s) == (0.0, 8.0)


def test_a_long_pause_parts_two_short_sentences() -> None:
    spans = make_spans([*spoken("Hello there."), *spoken("Bye now.", 10)])
    assert [span.text for span in spans] == ["Hello there.", "Bye now."]
    assert spans[1].start_s == 10.0


def test_an_endless_sentence_is_cut_between_words_at_its_pause() -> None:
    words = [*spoken("la " * 30), *spoken("le " * 30, 12.9)]
    first, second = make_spans(words)
    assert set(first.text.split()) == {"la"} and set(second.text.split()) == {"le"}


@given(st.lists(st.tuples(st.floats(0.1, 2), st.floats(0, 6), st.booleans()), max_size=60))
def test_no_word_is_lost_and_no_span_is_too_long(
    given_words: list[tuple[float, float, bool]],
) -> None:
    words, now = [], 0.0
    for i, (length_s, pause_s, stop) in enumerate(given_words):
        words.append(Word(now + pause_s, now + pause_s + length_s, f" w{i}{'.' if stop else ''}"))
        now = words[-1].end_s
    spans = make_spans(words)
    assert " ".join(span.text for span in spans) == "".join(word.text for word in words).strip()
    assert all(span.end_s - span.start_s <= MAX_S + 0.01 for span in spans)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.1, 2), st.floats(0, 6), st.booleans()), max_size=60),
    st.lists(st.integers(0, 60), max_size=5),
)
def test_spans_settled_bit_by_bit_are_those_of_all_words_together(
    given_words: list[tuple[float, float, bool]], cuts: list[int]
) -> None:
    words, now = [], 0.0
    for i, (length_s, pause_s, stop) in enumerate(given_words):
        words.append(Word(now + pause_s, now + pause_s + length_s, f" w{i}{'.' if stop else ''}"))
        now = words[-1].end_s
    spans: list[TranscriptSpan] = []
    left: tuple[Word, ...] = ()
    at = 0
    for cut in [*sorted(cuts), len(words)]:
        found, left = settle([*left, *words[at : max(at, cut)]])
        spans += found
        at = max(at, cut)
    assert (*spans, *make_spans(left)) == make_spans(words)


def test_repetition_is_noticed_whatever_its_length() -> None:
    assert repeats(spoken("and then " * 6))
    assert repeats(spoken("thank you very much " * 5))
    assert not repeats(spoken("the cat sat on the mat and the dog sat on the rug"))
    assert not repeats(spoken("no no no"))
