"""Where the user's own words say to look: in the picture, in the recording, in my notes.

Knows: how English and Chinese name the place of an answer or the kind of file that is sought, and
how they rule one out. Refuses to know: weights, vectors, and what the question is about.

Only words that name a picture, a recording or something written count; whatever merely sounds like
looking or listening ("who mentioned", "what colour is") is for the router to weigh. The rules:

1. A place that is ruled out ("not in the pictures", "no recordings", 不要照片) is out.
2. A place that is named ("in the picture", "search my notes", 照片里) counts, with all that are
   listed with it ("in my photos or recordings").
3. Else the kind of file that is sought ("a photo of", "which recording", 哪张照片) counts.
4. Words to be read in a picture ("what does the sign in the photo say?") are text that a picture
   carries: text first, the picture second.
5. Where nothing but what is out was named, the others are left.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mmqa.records import MODALITIES, Modality

_I = re.IGNORECASE

_NOUNS: dict[Modality, str] = {
    "visual": r"(?:pictures?|photos?|photographs?|images?|pics?|snapshots?)"
    r"(?! (?:frame|book|album cover|editor|shop|gallery|hook)s?\b)",
    "speech": r"(?:(?:voice |audio |sound |phone |tape )?recordings?|voice ?(?:memo|message|note)s?"
    r"|memos?|voicemails?|audio(?: files?| clips?)?|podcasts?|tapes?|transcripts?)"
    r"(?! (?:studio|session|room|booth|device|equipment|measure|deck)s?\b)",
    "text": r"(?:notes?|notebooks?|documents?|docs|pdfs?|text files?|texts?|written text)"
    r"(?! (?:folder|scanner|holder|payable)s?\b)",
}
_NOUNS_ZH: dict[Modality, str] = {
    "visual": r"照片|图片|图像|相片|图中|图里|图上|画面",
    "speech": r"录音|语音|音频|播客",
    "text": r"笔记|文档|文件|文本|备忘录",
}

_DETERMINER = r"(?:(?:the|this|that|these|those|my|our|your|any|all|all the|one of (?:the|my)) )?"
_ADJECTIVE = r"(?:(?!(?:of|in|on|and|or|not|no|the|is|are)\b)[\w'-]+ )??"


def _one(name: str) -> str:
    """A place in English, with the group names ending in ``name``."""
    kinds = "|".join(f"(?P<{m}_{name}>\\b{nouns}\\b)" for m, nouns in _NOUNS.items())
    return f"{_DETERMINER}{_ADJECTIVE}(?:{kinds})"


_AND = "(?:, and|, or|,| and| or) "
_LIST = f"{_one('a')}(?:{_AND}{_one('b')})?(?:{_AND}{_one('c')})?"
_INTO = (
    r"(?:in|on|from|within|among|inside|through|across|using|according to|as per|based on"
    r"|look(?:ing)? (?:at|in|into|through)|search(?:ing)?(?: in| through)?|check(?:ing)?"
    r"|listen(?:ing)? to|read(?:ing)?|go through|consult)"
)
_NOT = (
    r"(?:not(?: the ones?)?|never|don['’]t(?: want| use)?|do not(?: use)?|without(?: using)?|no"
    r"|ignor(?:e|ing)|skip|except(?: for| in)?|excluding|instead of"
    r"|rather than|other than|leave out)"
)
_PLACE = re.compile(rf"\b(?:{_INTO}|but) {_LIST}", _I)
_BARE = re.compile(_one("a"), _I)
_LACKS = re.compile(r"\b(?:who|what|which|whose|that)\b[^,.;:!?]*\b(?:is|are|was|were)\s*$", _I)
"""Before "not in the picture": something is missing there, so that is where to look."""
_RULED_OUT = re.compile(rf"\b{_NOT} (?:{_INTO} )?{_LIST}", _I)

_SOUGHT: tuple[tuple[Modality, re.Pattern[str]], ...] = (
    *(
        (
            modality,
            re.compile(
                rf"\b(?:which|what|any|show me|find|play|open|list)(?: me| of)? {_DETERMINER}"
                rf"(?:{_NOUNS[modality]})\b"
                rf"|\b(?:{_NOUNS[modality]}) (?:of|showing|shows|about|on|with|where|in which|that"
                rf"|which|taken|from|mentioning|discussing)\b",
                _I,
            ),
        )
        for modality in ("visual", "speech")
    ),
    (
        "text",
        re.compile(
            r"\b(?:(?:which|what|any|my|our|all|the|a|an|some) (?:[\w'-]+ )?|^(?!note that\b))"
            rf"(?:{_NOUNS['text']}) (?:of|about|on|with|where|in which|that|which|mention\w*|from"
            r"|say\w*|describ\w*|explain\w*)\b",
            _I,
        ),
    ),
)

_READ = re.compile(
    r"\b(?:says?|reads?|reading|written|writing|printed|spell(?:s|ed)?|text|words|letters|title"
    r"|lettering|inscription)\b",
    _I,
)

_PLACE_ZH = {
    m: re.compile(
        rf"(?:{nouns})(?:里面?|中|上|内)|(?:在|从|看|听|查|搜索?|翻)(?:我的?|那些?|这些?)?(?:{nouns})"
    )
    for m, nouns in _NOUNS_ZH.items()
}
_NAMED_ZH = {
    m: re.compile(
        rf"哪一?[张幅段份篇条个](?:{nouns})|(?:一[张幅段份篇条]|给我看|找|播放|显示).*(?:{nouns})"
        rf"|(?:关于|有关).*的(?:{nouns})|的(?:{nouns})[？?。]?$|^(?:{nouns})"
    )
    for m, nouns in _NOUNS_ZH.items()
}
_RULED_OUT_ZH = {
    m: re.compile(
        rf"(?:不要|别|不是|不用|不看|不听|除了)(?:再|去)?(?:在|从|看|听|查|用|找)?(?:我的?|那些?|这些?)?"
        rf"(?:{nouns})"
    )
    for m, nouns in _NOUNS_ZH.items()
}
_READ_ZH = re.compile(r"写|字|印着|标题")


def explicit(text: str) -> tuple[Modality, ...]:
    """The modalities that the user's own words name, the first the strongest; empty for none.

    >>> explicit("What colour is the car in the picture?"), explicit("录音里谁提到了渡轮？")
    (('visual',), ('speech',))
    >>> explicit("What does the sign in the photo say?")
    ('text', 'visual')
    >>> explicit("When do we leave? Not in the pictures, please.")
    ('text', 'speech')
    >>> explicit("Search my notes and recordings for the ferry")
    ('text', 'speech')
    >>> explicit("Who mentioned the ferry?"), explicit("What is in the picture frame?")
    ((), ())
    """
    out, rest = _ruled_out(text)
    named = _named(rest) or (_bare(rest) if out else [])
    kept = [m for m in named if m not in out]
    if kept == ["visual"] and "text" not in out and _reads(text):
        kept = ["text", "visual"]
    if not kept and out:
        kept = [m for m in MODALITIES if m not in out]
    return tuple(kept) if 0 < len(kept) < len(MODALITIES) else ()


def _reads(text: str) -> bool:
    return bool(_READ.search(text) or _READ_ZH.search(text))


def _ruled_out(text: str) -> tuple[list[Modality], str]:
    """What is ruled out, and the text without the words that do it."""
    matches = [m for m in _RULED_OUT.finditer(text) if not _LACKS.search(text[: m.start()])]
    found = [m for match in matches for m in _in(match)]
    for match in reversed(matches):
        text = f"{text[: match.start()]} {text[match.end() :]}"
    for modality, pattern in _RULED_OUT_ZH.items():
        found += [modality] if pattern.search(text) else []
        text = pattern.sub(" ", text)
    return _distinct(found), text


def _bare(text: str) -> list[Modality]:
    """Kinds of files that are merely named, which counts beside one that is ruled out."""
    found = [m for match in _BARE.finditer(text) for m in _in(match)]
    return _distinct([*found, *(m for m, nouns in _NOUNS_ZH.items() if re.search(nouns, text))])


def _named(text: str) -> list[Modality]:
    """Places that are named; else the kind of file that is named first."""
    places = [m for match in _PLACE.finditer(text) for m in _in(match)]
    places += _by_place(text, _PLACE_ZH)
    if places:
        return _distinct(places)
    sought = {m: p.search(text) for m, p in _SOUGHT}
    first = sorted((match.start(), m) for m, match in sought.items() if match)
    return [first[0][1]] if first else _by_place(text, _NAMED_ZH)[:1]


def _in(match: re.Match[str]) -> list[Modality]:
    """The modalities that a list of places names, in its order."""
    groups = [(match.start(name), name) for name, value in match.groupdict().items() if value]
    return [m for _, name in sorted(groups) for m in MODALITIES if name.startswith(m)]


def _by_place(text: str, patterns: dict[Modality, re.Pattern[str]]) -> list[Modality]:
    matches = {m: pattern.search(text) for m, pattern in patterns.items()}
    return [m for _, m in sorted((match.start(), m) for m, match in matches.items() if match)]


def _distinct(found: Iterable[Modality]) -> list[Modality]:
    return list(dict.fromkeys(found))
