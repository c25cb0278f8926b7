"""From what was found to what would be answered without a language model.

Knows: which kind of answer a question wants (a fact, files, what an attachment says), when to
abstain, and what is cited. Refuses to know: searching, models that write, and streams.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from mmqa.evidence.asking import about_attachment, asks_reason, fact, in_english, sought_kind
from mmqa.evidence.attachments import guesses, said, wants_looks
from mmqa.evidence.files import Shown, choose, subject
from mmqa.evidence.narrowing import narrow
from mmqa.evidence.ranking import Candidate, missing_names, rank
from mmqa.evidence.relevance import judge
from mmqa.evidence.sentences import GUESSES, Sentence, all_sentences, split
from mmqa.interfaces import TextEncoder
from mmqa.prompts.assemble import source_of
from mmqa.prompts.glossary import glossary
from mmqa.prompts.meanwhile import meanwhile
from mmqa.prompts.template import Templates, language_of
from mmqa.questions import Understood
from mmqa.records import Citation, Hit, Kind, Question, Segment
from mmqa.times import clock

CLOSE = 0.08
"""Two sentences whose scores differ by less are both quoted."""

SUPPORTING = 0.25
"""A segment is cited beside the answer's when its best sentence falls short by less."""

CITED = 3
"""Citations at most."""

ENGLISH = ("en",)
"""What the embedded language model writes; questions in other languages are answered by quoting."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer before the language model worded it.

    Attributes:
        text: What is said if the model is not asked or not trusted.
        cited: Segments with the words that are quoted from each, best first.
        source: Where ``text`` comes from.
        evidence: What the language model is to word an answer from, best first; empty means it is
            not asked.
        guessed: Whether no words that a person wrote or said answer: only names of files, and what
            a model made of a picture.
    """

    text: str
    cited: tuple[tuple[Segment, str], ...] = ()
    source: Literal["quoted", "none"] = "none"
    evidence: tuple[Sentence, ...] = ()
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What there is to answer from: attachments, and the hits of a search, best first."""

    attached: tuple[Segment, ...]
    hits: tuple[Hit, ...]


def draft(
    question: Question,
    found: Found,
    text_encoder: Callable[[], TextEncoder],
    min_score: float,
    understood: Understood | None = None,
    *,
    writes_in: Sequence[str] = ENGLISH,
    templates_in: Callable[[str], Templates] = Templates,
) -> Draft:
    """What would be answered without a language model, and what one may word it from.

    Args:
        question: Words and pictures; a spoken question as its words.
        found: Attachments and hits.
        text_encoder: Gives the encoder of sentences; called only when a fact is asked for.
        min_score: Score below which a hit counts as unrelated unless its words say otherwise.
        understood: What the encoder takes in of the question; ``None`` means all.
        writes_in: Languages that the model writes (ISO 639-1); empty means any.
        templates_in: Language → prompt templates.
    """
    text = question.text
    understood = understood or Understood(text)
    templates = templates_in(language_of(text))
    if found.attached and text and about_attachment(text):
        return draft_attachment(text, found.attached, templates)
    both = meanwhile(understood.words)
    if both is not None and (said_then := draft_meanwhile(found.hits, templates, min_score)):
        return said_then
    kind = sought_kind(text) if text else "image"
    if kind in ("image", "video") and (found.hits or not found.attached):
        pointing = bool(question.pictures) and not subject(understood.words)
        named = "" if pointing else text
        encoder = text_encoder()
        shown = choose(named, found.hits, kind, encoder, min_score, understood=understood.words)
        if shown or text or not found.attached:
            return draft_files(shown, templates)
    if not text:
        return draft_attachment(text, found.attached, templates)
    answer = draft_fact(
        text,
        found,
        kind,
        text_encoder(),
        min_score,
        writes_in=writes_in,
        templates_in=templates_in,
    )
    if answer.source == "none" and understood.words not in ("", text):
        return draft_fact(
            text,
            found,
            kind,
            text_encoder(),
            min_score,
            understood=understood,
            writes_in=writes_in,
            templates_in=templates_in,
        )
    return answer


def draft_attachment(question: str, attached: Sequence[Segment], templates: Templates) -> Draft:
    """What the attachments say, or what they look like where that is asked or nothing is said."""
    words = [(segment, said(segment)) for segment in attached]
    looks = [(segment, guesses(segment)) for segment in attached]
    told = [(s, w) for s, w in words if w]
    seen = [(s, w) for s, w in looks if w]
    cited = {s.id: (s, w) for s, w in [*seen, *told]}
    number = {name: n for n, name in enumerate(cited, start=1)}
    parts = [f"{templates.text('quote', quote=w)} [{number[s.id]}]" for s, w in told]
    if wants_looks(question) or not told:
        named = (_native(words, templates) for _, words in seen)
        looks_like = (templates.text("looks_like", words=words) for words in named)
        parts = [
            f"{p} [{number[s.id]}]" for p, (s, _) in zip(looks_like, seen, strict=True)
        ] + parts
    if not parts:
        return Draft(templates.text("abstained_attachment"))
    return Draft("\n".join(parts), tuple(cited.values()), "quoted")


def draft_files(shown: Sequence[Shown], templates: Templates) -> Draft:
    """The names of the files that are shown, each with a few words."""
    if not shown:
        return Draft(templates.text("abstained"))
    lines = []
    for n, file in enumerate(shown, start=1):
        segment = file.hit.segment
        name = segment.path.name if segment.start_s is None else source_of(segment)
        guesses = _native(file.guesses, templates)
        line = templates.text(
            "picture", name=name, words=file.words, guesses=guesses, described=file.described
        )
        lines.append(f"{line} [{n}]")
    cited = tuple((f.hit.segment, f.words or f.described or f.guesses) for f in shown)
    return Draft("\n".join(lines), cited, "quoted")


def draft_meanwhile(hits: Sequence[Hit], templates: Templates, min_score: float) -> Draft | None:
    """What is said while something is to be seen; ``None`` where no such video was found.

    The search asked for both already: the best hit in which something is seen and said counts.
    """
    for hit in hits:
        segment = hit.segment
        if segment.shows and segment.text.transcript and hit.relevance >= min_score:
            words = said(segment)
            text = f"{templates.text('quote', quote=words)} [1]"
            return Draft(text, ((segment, words),), "quoted")
    return None


def draft_fact(
    question: str,
    found: Found,
    kind: Kind | None,
    encoder: TextEncoder,
    min_score: float,
    *,
    understood: Understood | None = None,
    writes_in: Sequence[str] = ENGLISH,
    templates_in: Callable[[str], Templates] = Templates,
) -> Draft:
    """The sentence that answers, or that nothing does.

    Args:
        question: The question's words.
        found: Attachments and hits.
        kind: When a file is sought (a recording, a note): its kind; only such segments count.
        encoder: Encodes sentences.
        min_score: See :func:`draft`.
        understood: The question in English, to be answered by English evidence; ``None`` takes it
            as it is.
        writes_in: See :func:`draft`.
        templates_in: See :func:`draft`.
    """
    templates = templates_in(language_of(question))
    if understood:
        question = in_english(fact(question), understood.words)
    hits = [hit for hit in found.hits if kind is None or hit.segment.kind == kind]
    sentences = all_sentences([*found.attached, *(hit.segment for hit in hits)])
    if asks_reason(question):
        sentences = [s for s in sentences if s.source not in GUESSES]
    topic = subject(question) if kind else ""
    ranked = rank(topic or question, sentences, encoder, _strengths(found.attached, hits))
    texts = [f"{s.text} {s.context}" for s in sentences]
    missing = missing_names(question, texts)
    if understood:
        missing |= {word for word in understood.unknown if not any(word in t for t in texts)}
    best = next(iter(ranked), None)
    verdict = judge(topic or question, best, missing, _above(best, hits, min_score))
    if not verdict.answers:
        only_attached = bool(found.attached) and not hits
        return Draft(templates.text("abstained_attachment" if only_attached else "abstained"))
    quoted = [narrow(question, c.sentence) for c in _close(ranked)]
    cited = _cited([*quoted, *(c.sentence for c in _supporting(ranked))])
    # reworded, nothing would say any more that a model described the picture
    told = all(sentence.source != "description" for sentence in quoted)
    writes = not writes_in or templates.language in writes_in
    writes = writes and kind is None and told
    return Draft(
        _quote(quoted, cited, kind, templates),
        cited,
        "quoted",
        tuple(quoted) if writes else (),
        all(sentence.source in {*GUESSES, "name_words"} for sentence in quoted),
    )


def citations(cited: Sequence[tuple[Segment, str]]) -> tuple[Citation, ...]:
    """Numbered citations of segments with what is quoted from each."""
    return tuple(
        Citation(n, s.id, s.path, s.start_s, s.end_s, s.page, quote)
        for n, (s, quote) in enumerate(cited, start=1)
    )


def _strengths(attached: Sequence[Segment], hits: Sequence[Hit]) -> dict[str, float]:
    """Segment id → how well it was found, 0…1; what is attached counts as found best."""
    top = max((hit.score for hit in hits), default=0.0)
    found = {hit.segment.id: max(0.0, hit.score) / top if top > 0 else 0.0 for hit in hits}
    return found | {segment.id: 1.0 for segment in attached}


def _above(best: Candidate | None, hits: Sequence[Hit], min_score: float) -> float:
    """By how much the best sentence's segment was found better than ``min_score``.

    An attachment was not searched for; it counts as found one standard deviation better.
    """
    scores = {hit.segment.id: hit.relevance for hit in hits}
    segment = best.sentence.segment.id if best else ""
    return scores.get(segment, min_score + 1.0) - min_score


def _close(ranked: Sequence[Candidate]) -> list[Candidate]:
    """The best sentence, and one more that is nearly as good or holds the fact that it lacks."""
    best = ranked[0]
    written = [c for c in ranked[1:] if c.sentence.source not in {*GUESSES, "name_words"}]
    near = [c for c in written[:1] if c.score > best.score - CLOSE]
    if best.cue == 0.0:
        path = best.sentence.segment.path
        near = [c for c in written if c.cue > 0 and c.sentence.segment.path == path][:1] or near
    return [best, *near]


def _supporting(ranked: Sequence[Candidate]) -> list[Candidate]:
    return [c for c in ranked if c.score > ranked[0].score - SUPPORTING]


def _cited(sentences: Iterable[Sentence]) -> tuple[tuple[Segment, str], ...]:
    """Each segment once, with the first sentence of it."""
    quotes: dict[str, tuple[Segment, str]] = {}
    for sentence in sentences:
        quotes.setdefault(sentence.segment.id, (sentence.segment, sentence.text))
    return tuple(quotes.values())[:CITED]


def _quote(
    quoted: Sequence[Sentence],
    cited: Sequence[tuple[Segment, str]],
    kind: Kind | None,
    templates: Templates,
) -> str:
    """The quoted sentences, each with the number of its citation."""
    number = {segment.id: n for n, (segment, _) in enumerate(cited, start=1)}
    return " ".join(f"{_say(s, kind, templates)} [{number[s.segment.id]}]" for s in quoted)


def _say(sentence: Sentence, kind: Kind | None, templates: Templates) -> str:
    segment = sentence.segment
    if kind is not None:
        time = "" if segment.start_s is None else clock(segment.start_s)
        words = _opening(sentence)
        return templates.text("file", name=segment.path.name, time=time, words=words)
    if sentence.source in {*GUESSES, "name_words"}:
        told = {"words": "", "guesses": "", "described": ""}
        told[_SHOWN_AS[sentence.source]] = sentence.text
        told["guesses"] = _native(told["guesses"], templates)
        return templates.text("picture", name=segment.path.name, **told)
    return templates.text("quote", quote=sentence.text)


_SHOWN_AS = {"name_words": "words", "prompt_words": "guesses", "description": "described"}
"""Variable of the template ``picture`` for words that nobody can be quoted with."""


def _native(guesses: str, templates: Templates) -> str:
    """Prompt words in the language of the answer; those that its glossary lacks only if all are."""
    known = glossary(templates.language)
    if known is None or not guesses:
        return guesses
    words = guesses.split(", ")
    native = [found for word in words if (found := known.from_english(word))]
    return "、".join(dict.fromkeys(native or words))


def _opening(sentence: Sentence) -> str:
    """The sentence, or where that is only a file's name: the first words that are there."""
    text = sentence.segment.text
    if sentence.source != "name_words":
        return sentence.text
    return (split(text.transcript or text.passage) or [sentence.text])[0]
