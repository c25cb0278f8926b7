"""What a question about a picture wants: a number, yes or no, the text in it, a description.

Knows: how English and Chinese ask for each. Refuses to know: templates, pictures, and the answer.

Rules, in this order; a question that none of them knows is any question:

1. What only frames a question ("can you tell me", "in this picture", 请告诉我) is taken off first.
2. Yes or no: a clause that starts with a verb ("is there", "seen from here, does it"), that asks
   whether ("tell me if", 吗, 是否), or a statement with "right?". A choice ("is it red or blue?",
   还是) is none.
3. A feeling, where the question names feeling or both of its ends ("positive or negative").
4. A number: "how many", "count", "number of", 多少, 几. What is numbered is not counted ("the
   number of the bus", 第几, 几点, 多少钱).
5. Reading: "what does it say", "what is written", "read the", 写着什么.
6. Description: "describe", "caption", "what is happening", 描述.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

BEGINNING, END = 300, 100
"""Characters of a long question that are looked at: what it wants stands at either end of it, and
the time of the patterns grows with the square of what they look at."""

Want: TypeAlias = Literal["yes_no", "sentiment", "counting", "reading", "description", "question"]

_I = re.IGNORECASE
_PICTURE = (
    r"(?:pictures?|photos?|photographs?|images?|pics?|drawings?|scenes?|screenshots?|charts?)"
)
_ASKS = r"(?:what|which|who|whose|whom|where|when|why|how)(?:['’]?s)?"
_THIS = r"(?:it|this|that|these|those|the|any|all|every|each|both|what|out|aloud|how)"

_FRAME = re.compile(
    r"^(?:(?:please|now|so|hey|ok|okay|and|then|well),? )*"
    r"(?:(?:can|could|would|will|won['’]t) (?:you|we|i) (?:please |kindly |also )?"
    rf"(?=(?:tell|say(?= {_ASKS}\b)|name|give|describe|caption|write|list|transcribe|summari[sz]e"
    rf"|(?:read|count) {_THIS})\b)"
    rf"|(?:do you (?:know|think)|i (?:want|need) to know|i['’]d (?:like|love) to know|i wonder) "
    rf"(?={_ASKS}\b|if\b|whether\b))?"
    r"(?:please )?(?:(?:tell|show)(?: (?:me|us))? |say )?",
    _I,
)
_FRAME_ZH = re.compile(
    r"^(?:请问|請問|请|請|麻烦|麻煩|你|您|能不能|可不可以|能否|可否|可以|能|帮我|幫我|给我|給我"
    r"|告诉我|告訴我|说说|說說|说一下)+"
    r"(?=.*(?:描述|说明|介绍|读|念|数|数数|多少|几|什么|哪|谁|讀|唸|數|幾|什麼|誰|說明))"
)

_VERB = (
    r"(?:is|are|was|were|am|do|does|did|can|could|has|have|had|will|would|should|shall|may|might"
    r"|must|any)(?:n['’]t)?"
)
_YES_NO = re.compile(
    rf"^(?:(?!\b{_ASKS}\b).)*?(?:^|[,:;] (?:and |so |then )?)"
    rf"(?:(?:{_VERB}|can['’]t|cannot|won['’]t)\b|(?:whether|if)\b(?!.*[,:] *{_ASKS}\b))"
    r"(?P<asked>.*)$"
    r"|^.*, (?:right|correct|true|yes|no|isn['’]t it|aren['’]t they)\W*$|\byes or no\b"
    r"|\btrue or false\b",
    _I,
)
_CHOICE = re.compile(r"\bor\b(?! (?:not|no)\b)", _I)
_YES_NO_ZH = re.compile(
    r"[吗嗎]\W*$|是否|有无|有無|有没有|有沒有|是不是|在不在|会不会|會不會|能不能|对不对|對不對"
    r"|(\w)不\1|还是不是"
)
_CHOICE_ZH = re.compile(r"还是(?!不)|還是(?!不)|或者?是")

_SENTIMENT = re.compile(
    r"\bsentiment\b|\b(?:mood|atmosphere|feeling) of\b|\b(?:what|which) (?:mood|atmosphere)\b"
    r"|\bwhat(?:['’]s| is) (?:the|its) (?:overall |general )?(?:mood|atmosphere|feeling)\b"
    r"|\bpositive\b.*\bnegative\b|\bnegative\b.*\bpositive\b"
    rf"|\bhow does (?:it|this|that|the|this {_PICTURE}|the {_PICTURE}) (?:make \w+ )?feel\b"
    r"|情感|情绪|情緒|氛围|氛圍|气氛|氣氛|(?:积极|正面).*(?:消极|负面)|(?:消极|负面).*(?:积极|正面)",
    _I,
)
_COUNTING = re.compile(
    r"\bhow many\b|^count\b|\bcount (?:all|up|the|these|those|how|every)\b|\badd up\b"
    r"|\b(?:number|quantity|count) of (?!(?:the|this|that|my|your|his|her|its|our|their)\b)"
    r"|多少(?![钱錢度岁歲])|(?<!第)[几幾](?![点點何乎时時号號月年岁歲])|数一数|数数|數一數|數數"
    r"|数量|數量|总数|總數",
    _I,
)
_READING = re.compile(
    r"\bwhat (?:do|does|did) (?!.*\b(?:mean|think|look)\b).{1,60}? (?:say|read|spell)\b"
    r"|\bwhat (?:it|this|that|the (?:\w+ ){1,3})\s?(?:says?|reads?|said)\b"
    r"|\b(?:what|which)\b(?!.* ?(?:colou?r|font|language)).*\b(?:written|printed|spelt|spelled)\b"
    r"|\bwhat(?:['’]s)? (?:is |can )?(?:i |you |we |one |be |to be )*read\b"
    rf"|^(?:read (?:{_THIS}|me|to)|transcribe|type out|spell|copy out)\b|^read\W*$"
    r"|\b(?:what|which) (?:words?|text|texts|letters|writing|inscription)\b"
    r"|\bwhat(?:['’]s| is| are) the (?:words?|text|letters|writing|inscription|wording)\b"
    r"|\b(?:what|which)(?:['’]s| is)?(?: the)? (?:title|heading|headline)\b|^(?:the )?title\b"
    r"|^(?:give|show|extract|get)\b.*\b(?:text|words|wording)\b"
    r"|[写寫](?:着|著|了|的|有)?(?:是)?(?:些)?(?:什么|什麼|啥)|[什哪][么麼些]?(?:文)?字"
    r"|^[读讀念唸]|[读讀念唸](?:一下|出)|文字(?:是|内容|內容)|[内內]容是什[么麼]",
    _I,
)
_DESCRIPTION = re.compile(
    rf"\bdescribe\b(?!(?: me)? (?:the|an?|this|that|these|those|his|her|their|my)"
    rf" (?!(?:\w+ )?{_PICTURE}\b|in\b|with\b))"
    rf"|\bdescription of (?:the|this|that|it)(?: \w+)?(?: {_PICTURE}|\b(?=\W*$))"
    rf"|\bcaption\b|\b(?:sum up|summari[sz]e)\b"
    r"|\bwhat(?:['’]s| is) (?:happening|going on)\b"
    rf"|\bwhat(?:['’]s| is) (?:the|this|that) {_PICTURE} (?:of|about)\b"
    r"|描述|描写|描寫|图说|圖說|标题|標題|说明一下|說明一下|介绍(?:一下)?这|发生(?:着|了)?什么"
    r"|發生(?:著|了)?什麼",
    _I,
)


def want(question: str) -> Want:
    """What a question wants.

    >>> want("How many dogs are there?"), want("Is it red or blue?"), want("Is it red?")
    ('counting', 'question', 'yes_no')
    >>> want("路牌上写着什么?"), want("能描述一下这张图片吗?")
    ('reading', 'description')
    """
    text = " ".join(question.split())
    if len(text) > BEGINNING + END:
        text = f"{text[:BEGINNING]} {text[-END:]}"
    framed = _FRAME_ZH.sub("", _FRAME.sub("", text, count=1), count=1)
    requested = framed != text
    if _whether(framed, requested):
        return "yes_no"
    for name, pattern in _OTHERS:
        if pattern.search(framed):
            return name
    return "question"


_OTHERS: tuple[tuple[Want, re.Pattern[str]], ...] = (
    ("sentiment", _SENTIMENT),
    ("counting", _COUNTING),
    ("reading", _READING),
    ("description", _DESCRIPTION),
)


def _whether(text: str, requested: bool) -> bool:
    """Whether yes or no is asked; a Chinese request ends in 吗 whatever it asks for."""
    found = _YES_NO.search(text)
    if found:
        return not _CHOICE.search(found["asked"] or "")
    if _CHOICE_ZH.search(text) or not _YES_NO_ZH.search(text):
        return False
    return not (requested and any(pattern.search(text) for _, pattern in _OTHERS))
