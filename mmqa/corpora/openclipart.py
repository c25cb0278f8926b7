"""openclipart: drawings by many hands, whose file names and folders say what they show.

Knows: the Debian package's folders, how its files are named (title, author, number, cut off after
24 letters), and which drawings fall on which side of a split. Refuses to know: pixels, vectors and
results; like ``concepts``, the split is fixed by text alone.

Names are weak captions: cut off, misspelt, some in Italian or French. Of a name only the words that
an English word list knows are kept; a drawing whose name has none is in the pool with an empty name
and is never asked for. Other names of one drawing (links in the package) a few drawings of
more than 64 megapixels, and twins across the split are left out.
"""

from __future__ import annotations

import hashlib
import re
import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mmqa.corpora import concepts
from mmqa.corpora.concepts import Side
from mmqa.corpora.fetch import fetch
from mmqa.errors import CorpusError
from mmqa.interfaces import Progress

DRAWINGS = "usr/share/openclipart/png"
WORDS = "usr/share/dict/american-english"

_TEST_SHARE, _TRAIN_SHARE = 0.65, 0.25
"""Much is for testing: the drawings are to test what was fitted on others. Concepts that OpenMoji
tests or develops on (its first 35 %) are all on the test side, so fitting here shows none of them.
"""

_NO_DEPICTION = """
shapes computer/icons computer/buttons special logos buttons geography decorations
signs_and_symbols/flags signs_and_symbols/led signs_and_symbols/map_symbols recreation/games/cards
transportation/roadsigns transportation/aiga-symbols computer/diagrams unsorted/duplicates
"""

_AUTHORS = """
abiclipar* adamkiewi* adrien* aiello* aitor* aj_ashton* alan alejandro* alexander alfredsson* ali
amos andrea andreas andremarcel* andrew andy angelo anonymous anthony_liekens* anton architetto*
arjen* ark.in-berlin* astrid* au aubanel* avila* bartel* benji* bogdan* boitel* bouder* boyer*
brad brady brice_boyer* carlos cedric_bo* celso* chaosinfait* charles_mc* chaspo* chris christian
christoph* clem clementz* corwin* costea* coutinho* cristian czara1* daff dan_gerhard* dani daniel
danny_allen* darek darkon dave_pena* davek david davide dennis denco derago* didier dirk_struve*
domas dudziak* duperray* einar eitel enrique* erich_sch* erwan ezechi* fabien fabio fco* fearzip*
felipe fernandez* francesco_r* franck frank frederic fredrik frouke* fudriot* gabriel gabrielle*
gaeremyn* ganson* gelmi* george geraint* gerald* ghuul* gino glenn goneri* gourami* graeber*
guillaume* gumma* gustavo* guy halumi* hannes* hans hash hernan* holly holmq* hopper hung igor
ikarus* ingo ingoenius* ipe jack jaim jakob james jamin janet jarno* jasper jean-vic* jean_vic*
jeff jesper jk joel joerg* johan* john_johnson* john_rariden* jon_phil* jonadab* jonathan_d*
jordan jorkon* jose joseph juan juliane* junio* jurgen* kaplinski* karam* karl ken kessels*
kevin_pekk* kilian* kodzoman* konstantin* kuehne* kurt lakshman* lauris* leandro* leht* leif leon
linda_kim* lio loic* lorenzo luca luiz* lumen* lummem* magnus marcelo* marino mariusz* mark
martin_k* martin_s* mateya* matt matthew mauro maurice mazdac* merrigan* michael michal michel
miguel mike mikhail* mimooh* mirjam* mirko* mitchell mo monsterbr* nae nathan_e* nico nicolas
nicu* nilsson* nordstro* nubl* nurbl* oliv olivier omar omic* orlando* papapishu* patricia*
paul_s* pete peterm* petr petri pettle* phentex* phil philippe* pitr* ralf raphael* rariden*
renardjb* revdoug* rgolan* richard rick rikva* robert roberto rodrigo* romus* rory_mcc*
rosenbauer* ross ruairi* ruud* ryan saint santiago* saurabh* schmidt* schube seban* sek
sergio_luiz* seth sherrera* simon sonia stefan* steffen* stephan steltenpo* stepan susan_park*
tanguy* tatiana terry teudimundo* theerud* theob thom thomas tobias toh_yen* tom tomas tomek
torkar* torsten* tristan* trsh tunnicliffe* utrescu* valessio* valkhof* vasile* victo* viking
vitor vladimir* warttig* webb wilc* william wolfram yemu* yen yves* zazou* zedlitz*
"""
"""How an author's part of a file name begins; ``*``: it may go on within the word."""

_AUTHOR = re.compile(
    r"(?<=[a-z0-9.])_+(?:"
    + "|".join(
        re.escape(a.rstrip("*")) + ("" if a.endswith("*") else r"(?=_|$)") for a in _AUTHORS.split()
    )
    + r").*$"
)
_NUMBER = re.compile(r"(?:_\d{1,3}[a-z]?|_r|[_-]v\d*\.?\d*)*_*$")
_MOST_PIXELS = 1 << 26
_TWINS = """
BandeMarquageSecurite baby_tux_rory_mccann_01 black_and_white_queens_r chess_game_01
flamand_jean-victor_bali_01 foglie_arancioni gumnut_shaded_01 lemon_half_ganson
lemon_half_slice_ganson lemon_slice_ganson lemon_wedge_ganson pear_jean-victor_balin_01r
plain_tree_01 ruota_dentata_architetto_01 scart_connector_pinout_s_02 table_tennis_omar_abo-na_01
"""
"""Drawings of the fitting sides that look like one of the test side under another name: gradients
of their 16 × 17 reductions correlate by 0.95 or more (measured once). They are left out."""
_CUT_OFF_AT = 22  # letters; a last word of one to five letters there may be half a name
_NO_LETTER = re.compile(r"[^a-z]+")
_NOT_CONTENT = """
the with and for template simple contour silhouette illustration cartoon stylized symbolic sketch
outline shaded coloured profile alternate version svg
"""
"""Words that tell how a thing is drawn, or nothing."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """One drawing and its words.

    Attributes:
        path: PNG file, mostly with transparency.
        name: English words of its file name, ``""`` where it has none.
        category: Words of its folders, coarse to fine, e.g. ``animals mammals``.
        concept: Key of what it shows; numbered and coloured variants share it.
        side: Where that concept falls.
        depicted: Whether drawings of this folder show what their name says.
    """

    path: Path
    name: str
    category: str
    concept: str
    side: Side
    depicted: bool


def load(folder: Path | None = None, *, progress: Progress | None = None) -> list[Drawing]:
    """All drawings, sorted by path, each once; fetched first where needed.

    Raises:
        CorpusError: The packages cannot be fetched, or hold no drawings.
    """
    twins = _TWINS.split()
    root = fetch("openclipart", folder=folder, progress=progress) / DRAWINGS
    words = fetch("english-words", folder=folder, progress=progress) / WORDS
    drawn = (p for p in root.rglob("*.png") if not p.is_symlink() and p.stem not in twins)
    files = sorted(p for p in drawn if not _huge(p))
    if not files:
        raise CorpusError(f"no drawing is in {str(root)!r}", "Remove that folder; fetch it again.")
    english = vocabulary(words)
    return [parse(file, root, english) for file in files]


def _huge(file: Path) -> bool:
    with file.open("rb") as png:
        width, height = struct.unpack(">16x2I", png.read(24))  # as PNG's header states them
    return bool(width * height > _MOST_PIXELS)


@lru_cache(maxsize=1)
def vocabulary(file: Path) -> frozenset[str]:
    """The lower-case words of a list of words, one a line; proper names are left out.

    Raises:
        CorpusError: The file cannot be read.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise CorpusError(f"the word list {str(file)!r} cannot be read: {error}") from error
    return frozenset(w for w in lines if w.islower() and w.isalpha() and len(w) > 2)


def parse(file: Path, root: Path, english: frozenset[str]) -> Drawing:
    """One file below ``root``.

    >>> english = frozenset(["hat", "purple"])
    >>> d = parse(Path("png/people/hats/purple_hat_nicu_bucu_01.png"), Path("png"), english)
    >>> d.name, d.category, d.concept, d.depicted
    ('purple hat', 'people hats', 'hat', True)
    """
    folder = file.relative_to(root).parent.as_posix()
    stem = title(file.stem)
    name = " ".join(w for w in stem.split() if w in english)
    telling = " ".join(w for w in name.split() if w not in _NOT_CONTENT.split())
    concept = concepts.concept(telling or stem or file.stem)
    return Drawing(
        path=file,
        name=name if telling else "",
        category=" ".join(folder.replace("_", " ").replace("/", " ").split()),
        concept=concept,
        side=side(concept),
        depicted=not any(folder == f or folder.startswith(f"{f}/") for f in _NO_DEPICTION.split()),
    )


def title(stem: str) -> str:
    """A file name without author and number, as lower-case words.

    >>> title("box_with_spring_nicu_buc_02"), title("dinosauro_architetto_fra_03")
    ('box with spring', 'dinosauro')
    >>> title("saturn_dan_gerhards_01"), title("flower_03"), title("ClubCard2")
    ('saturn', 'flower', 'club card')
    """
    spread = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", stem).lower()
    bare = _NUMBER.sub("", _AUTHOR.sub("", spread))
    if bare == _NUMBER.sub("", spread) and len(stem) >= _CUT_OFF_AT:
        bare = re.sub(r"(?<=[a-z0-9])_+[a-z.]{1,3}$", "", bare)
    return " ".join(_NO_LETTER.sub(" ", bare).split())


def side(concept: str) -> Side:
    """The side of a concept, by the same hash as :func:`mmqa.corpora.concepts.side`.

    So whatever OpenMoji tests or develops on is tested here too, and never fitted on.

    >>> concepts.side("apple"), side("apple")
    ('development', 'test')
    """
    at = place(concept)
    if at < _TEST_SHARE:
        return "test"
    return "train" if at < _TEST_SHARE + _TRAIN_SHARE else "development"


def place(concept: str) -> float:
    """Where a concept falls, 0–1; sides are stretches of it, here and in ``concepts``."""
    digest = hashlib.sha256(f"mmqa concept\0{concept}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
