"""Words of a question that say nothing about what is looked for.

Knows: English and Chinese function words and the manners of asking. Refuses to know: how text is
split. An English word listed here still counts a little; a Chinese one divides the words around it.
"""

from __future__ import annotations

import re


def _listed(text: str) -> list[str]:
    return text.split()


ENGLISH = frozenset(
    _listed("""
    a about all am an and any are as at be been being but by can could did do does doing done
    for from had has have he her hers him his how i if in into is it its itself just me my
    nor not of on or our ours out she should so some such than that the their theirs them then
    there these they this those to too us was we were what when where which who whom whose why
    will with would you your yours
    dont didnt doesnt isnt wasnt arent werent im ive youre thats whats wheres whos
    please tell show find give say says said saying mention mentioned mentions
    picture pictures photo photos image images recording recordings file files
    """)
)
"""Contractions are listed as the tokenizer leaves them, without the apostrophe."""

_CHINESE_WORDS = _listed("""
    请问 请 告诉 什么 什麼 怎么 怎麼 怎样 怎樣 哪里 哪裡 哪个 哪個 哪些 哪
    谁 誰 几点 幾點 几个 幾個 几 幾
    多少 为什么 為什麼 什么时候 什麼時候 有没有 有沒有 是不是 可以
    我们 我們 你们 你們 他们 他們 她们
    这个 這個 那个 那個 这些 這些 那些 这 這 那 我 你 您 他 她 它 的 了 吗 嗎 呢 吧 啊 是 在 有
    和 与 與     或 也 都 就 把 被 给 給 对 對 从 從 到 说 說 图片 圖片 照片 录音 錄音 里 裡
""")

CHINESE = re.compile("|".join(sorted(_CHINESE_WORDS, key=len, reverse=True)))
"""Where a run of Chinese is divided; the longest word wins."""
