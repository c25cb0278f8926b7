"""What a question asks for: a kind of fact, a file, or what an attachment says.

Knows: question words in English and Chinese, and what a fact of each kind looks like in a text.
Refuses to know: the evidence.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from mmqa.evidence.words import NUMBER_WORDS, content, names, numbers
from mmqa.records import Kind

Fact: TypeAlias = Literal["person", "time", "money", "number", "place", "name", "any"]
"""The kind of fact that answers a question."""

_I = re.IGNORECASE

_FACTS: tuple[tuple[Fact, re.Pattern[str]], ...] = (
    (
        "money",
        re.compile(
            r"\bhow much (?:is|was|are|were|do|does|did|will|would|must|should|money)\b"
            r"|\bwhat (?:\w+ ){0,3}(?:price|bill|total|cost|costs|rent|fee|fare|deposit"
            r"|budget)\b"
            r"|\bwhat (?:do|does|did) .*\bcosts?\b|多少钱|价格",
            _I,
        ),
    ),
    (
        "number",
        re.compile(
            r"\bhow (?:much|many|long|far|old|tall|high|heavy|deep|wide|big|large|fast|often|warm"
            r"|hot)\b|\bwhat (?:\w+ ){0,3}(?:temperature|price|total|amount|percentage|number|cost"
            r"|speed|weight|height|distance|score)\b|\bphone\b|多少"
            r"|(?<!星期)(?<!周)(?<!礼拜)几(?!点|号|时|月)|多[长远大高重]|价格|电话",
            _I,
        ),
    ),
    (
        "time",
        re.compile(
            r"^\W*(?:\w+ )?when\b|\b(?:what|which) (?:\w+ )?(?:time|day|date|year|month|weekday)\b"
            r"|\bhow (?:soon|early|late)\b|几点|几号|几月|什么时候|何时|哪[天年月日]"
            r"|星期几|周几|什么时间|日期",
            _I,
        ),
    ),
    ("person", re.compile(r"^\W*(?:\w+ )?who(?:m|se)?\b|谁", _I)),
    (
        "place",
        re.compile(
            r"^\W*(?:\w+ )?where\b|\bwhich (?:city|town|street|platform|gate|pier|room)\b"
            r"|哪里|哪儿|什么地方",
            _I,
        ),
    ),
    ("name", re.compile(r"\bnames?\b|\bcalled\b|叫什么|名字", _I)),
)

_TIME = re.compile(
    r"\d{1,2}[:.]\d{2}|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|\b(?:19|20)\d\d\b"
    r"|\b(?:january|february|march|april|may|june|july|august|september|october|november|december"
    r"|jan|feb|apr|jun|jul|aug|sept?|oct|nov|dec)\b|o['’]?clock|\b\w+ past\b|\bquarter to\b"
    r"|\b[ap]\.?m\b|\b(?:noon|midnight|morning|afternoon|evening|night|today|tomorrow|tonight"
    r"|yesterday|weekend|week|spring|summer|autumn|winter)\b|\b(?:at|by|until|before|after) \w*\d*"
    r"\b(?:"
    + "|".join(NUMBER_WORDS)
    + r"|\d+)\b|\d+(?:st|nd|rd|th)\b|[点月日号周年]|星期|早上|晚上|下午",
    _I,
)
_UNITS = (
    (
        re.compile(r"\b(?:which|what|in what) month\b|几月|哪个月", _I),
        re.compile(
            r"\b(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
            r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b|月",
            _I,
        ),
    ),
    (re.compile(r"\b(?:which|what) year\b|哪一?年", _I), re.compile(r"\b(?:1\d|20)\d\d\b|年")),
)
"""Asked for a month or a year, no other time will do."""

_PLACE = re.compile(
    r"\b(?:in|at|on|near|beside|behind|under|next to|opposite|from|to|by|into|inside|along|between"
    r"|above|below|street|road|square|pier|platform|gate|room|floor)\b|[在旁边里路街]",
    _I,
)
_MONEY = re.compile(
    r"\d[.,]\d\d(?!\d)|[€$£¥]|\b(?:eur|usd|gbp|chf|cny|euros?|dollars?|pounds?|cents?|francs?|yuan"
    r"|pence|free)\b|[元块]",
    _I,
)
_TITLE = re.compile(
    r"\b(?:mr|mrs|ms|dr|prof|professor|aunt|uncle|mother|father|mom|mum|dad|sister|brother|grandma"
    r"|grandpa|grandmother|grandfather|wife|husband|daughter|son|neighbour|neighbor|friend|I|my|me)\b"
    r"|[\u3400-\u9fff]",
    _I,
)
_CHINESE_NUMBER = re.compile(r"[一二三四五六七八九十百千万两]")
_CHINESE_NUMBER_OR_DIGIT = re.compile(r"[一二三四五六七八九十百千万两\d]")

_FILE_WORDS: dict[Kind, str] = {
    "image": r"pictures?|photos?|photographs?|images?|pics?|screenshots?|drawings?|slides?|signs?"
    r"|charts?",
    "audio": r"recordings?|audios?|voice ?memos?|memos?|voicemails?|podcasts?|sound files?",
    "video": r"videos?|clips?|films?",
    "text": r"notes?|documents?|pdfs?|text files?",
}
_FILE_WORDS_ZH: dict[Kind, str] = {
    "image": r"照片|图片|图像|图|相片|张",
    "audio": r"录音|音频|语音",
    "video": r"视频",
    "text": r"笔记|文档|文件|文本",
}
_ADJECTIVES = r"(?!(?:do|does|did|is|are|was|were|in|on|the)\b)(?:\w+ ){0,2}"
_SEEKING = "|".join(
    (
        rf"\b(?:which|what) {_ADJECTIVES}(?:NOUN)\b(?! (?:say|read|cost))",
        r"\b(?:show|find|get|give|bring|look for|search for|open)(?: me| us)?(?: for)?"
        rf" (?:(?:an?|the|all|any|some|every|my) )?{_ADJECTIVES}(?:NOUN)\b",
        rf"\b(?:is|are) there (?:(?:an?|any|some) )?{_ADJECTIVES}(?:NOUN)\b",
        r"\b(?:do|have) (?:i|we|you) (?:have|got)"
        rf" (?:(?:an?|any|some) )?{_ADJECTIVES}(?:NOUN)\b",
        r"^(?:(?:an?|the|any|all|my) )?(?:NOUN) (?:of|with|showing|about)\b",
        rf"\bwhere(?: is|'s| are) (?:the|my|that) {_ADJECTIVES}(?:NOUN)"
        r" (?:of|with|from|showing|about)\b",
    )
)
"""How English asks to be shown a file; NOUN stands for the words of one kind."""
_SEEKING_ZH = r"(?:哪一?[张幅个段份篇]|有没有|给我看|找|显示).*(?:NOUN)|哪一?[张幅]"

_ATTACHED = frozenset(
    content(
        "say read write written text word show see hear describe picture photo image recording"
        " audio voice file sign look contain content here transcribe speaker person screen"
        " message thing"
    )
)
_ATTACHED_ZH = re.compile(r"[写说讲看是]了?(?:些|着|的)?什么|什么(?:内容|意思|字)|内容")


_PHOTOGRAPHED = re.compile(
    r"\b(?:did|have|had) (?:i|we|you|they|s?he) (?:ever )?(?:photograph(?:ed)?|snap(?:ped)?)\b"
    r"|\b(?:i|we) photographed\b|拍[了到过]",
    _I,
)


def fact(question: str) -> Fact:
    """The kind of fact that is asked for.

    >>> fact("How much is the rent?"), fact("图书馆哪天闭馆?"), fact("What did the slugs eat?")
    ('money', 'time', 'any')
    """
    return next((kind for kind, pattern in _FACTS if pattern.search(question)), "any")


_OPENINGS: dict[Fact, str] = {
    "person": "Who",
    "time": "When",
    "money": "How much is",
    "number": "How many",
    "place": "Where",
    "name": "Name",
}


def in_english(asked: Fact, words: str) -> str:
    """English words that ask for a fact, from those that a glossary found in another language.

    >>> fact(in_english("time", "bakery closed"))
    'time'
    """
    return f"{_OPENINGS.get(asked, 'What')} {words}?"


def carries(text: str, kind: Fact, question: str = "") -> float:
    """How surely ``text`` holds a fact of ``kind`` that the question does not already give, 0…1.

    >>> carries("It leaves at twenty past eight", "time"), carries("It leaves late", "number")
    (1.0, 0.0)
    >>> carries("We met Priya", "person"), carries("Mix the flour", "person")
    (1.0, 0.5)
    """
    if kind == "number":
        known = _CHINESE_NUMBER_OR_DIGIT.findall(question)
        chinese = [n for n in _CHINESE_NUMBER.findall(text) if n not in known]
        return float(bool(numbers(text) - numbers(question) or chinese))
    if kind == "money":
        return 1.0 if _MONEY.search(text) else 0.5 * carries(text, "number", question)
    if kind == "time":
        wanted = next((unit for asked, unit in _UNITS if asked.search(question)), _TIME)
        return float(bool(wanted.search(text)))
    if kind == "place":
        return float(bool(_PLACE.search(text) or names(text)))
    if kind in ("person", "name"):
        return _carries_name(text, question)
    return 1.0


def _carries_name(text: str, question: str) -> float:
    """1 for a name or title, ½ for a capital that may only open the sentence."""
    known = names(f"x {question}")
    if names(text) - known or _TITLE.search(text):
        return 1.0
    return 0.5 * bool(names(f"x {text}") - known)


def sought_kind(question: str) -> Kind | None:
    """Which kind of file the question wants to be shown; ``None`` when it asks for a fact.

    >>> sought_kind("Which picture shows a castle?"), sought_kind("哪张照片里有狗?")
    ('image', 'image')
    >>> sought_kind("In which recording do they talk about bees?")
    'audio'
    >>> sought_kind("What does the sign in the picture say?") is None
    True
    >>> sought_kind("Which bird did we photograph?")
    'image'
    """
    for kind, nouns in _FILE_WORDS.items():
        if re.search(_SEEKING.replace("NOUN", nouns), question, _I):
            return kind
    for kind, nouns in _FILE_WORDS_ZH.items():
        if re.search(_SEEKING_ZH.replace("NOUN", nouns), question):
            return kind
    if _PHOTOGRAPHED.search(question):
        return "image"
    if re.match(r"\s*(?:show|find)(?: me)? (?:an?|the|my|some) ", question, _I):
        return "image"
    return None


_REASON = re.compile(
    r"^\W*(?:why|how come|how (?:do|does|did|can|could|should|to))\b|为什么|怎么|如何", _I
)


def asks_reason(question: str) -> bool:
    """Whether a reason or a way of doing is asked for: no name of a thing answers that.

    >>> asks_reason("Why can penguins not fly?"), asks_reason("What can fly?")
    (True, False)
    """
    return _REASON.search(question) is not None


def about_attachment(question: str) -> bool:
    """Whether the question asks only what an attachment says or shows.

    >>> about_attachment("What does this say?"), about_attachment("When was this bridge built?")
    (True, False)
    """
    if not question.strip() or _ATTACHED_ZH.search(question):
        return True
    return all(word in _ATTACHED for word in content(question))
