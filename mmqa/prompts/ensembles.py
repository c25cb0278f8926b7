"""Template ensembles: a question asks pictures in the words that stand under pictures.

Knows: how English asks to be shown something, and phrases that captions begin with. Refuses to
know: vectors, and what was found.

Radford et al. 2021 ("Learning Transferable Visual Models From Natural Language Supervision",
§3.1.4) average the embeddings of a name in many templates ("a photo of a {}"). Here the question's
frame is taken off first ("which picture shows a red bicycle?" leaves "a red bicycle"); what is left
is one wording, and in each template one more. They ask the visual modality alone: texts are
searched with the question as it stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mmqa.records import Floats, Wording

TEMPLATES = (
    "a photo of {}",
    "a picture of {}",
    "a drawing of {}",
    "an icon of {}",
    "a close-up of {}",
)
"""What a caption may begin with; one {} each."""

BARE = 3.0
"""Weight of the question's content alone, against the question itself; chosen, as the next, on the
development side of ``mmqa eval prompts``: taking the frame off is what brings the most."""
TEMPLATED = 0.5
"""Weight of all templates together; more of it makes the question blunter."""
LONGEST = 12
"""Words; what is longer is a question, not a thing in a picture."""

_MEDIUM = (
    r"(?:photo(?:graph)?|picture|image|pic|snapshot|shot|drawing|painting|sketch|illustration"
    r"|icon|cartoon|screenshot)s?"
)
_POLITE = (
    r"(?:please |can you |could you |would you |i want to |i'd like to |i would like to |let me )*"
)
_FRAMES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^{_POLITE}(?:show|find|get|give|see|look for|search for|bring up|open|look at)(?: me)?"
        rf"(?: (?:an?|the|any|all|some|my|one))?(?: \w+)?? {_MEDIUM}(?: (?:of|with|showing"
        r"|that shows?|where(?: i| we| you)?(?: can)?(?: see)?|which shows?|from|in which))? ",
        rf"^{_POLITE}(?:show|find|get|give)(?: me)? ",
        rf"^(?:which|what|in which|on which) {_MEDIUM} "
        r"(?:shows?|has|have|contains?|depicts?|features?|is of|are of|with|of|can (?:i|we) see) ",
        rf"^(?:is there|are there|do (?:i|we) have|have (?:i|we) got|any)(?: (?:an?|any|some))?"
        rf" {_MEDIUM} (?:of|with|showing) ",
        rf"^(?:(?:an?|the|any|some|all|my) )?{_MEDIUM} (?:of|with|showing|where there is) ",
        r"^what do(?:es)? (?P<kept>.+?) look like$",
    )
)
_PLACE = re.compile(
    rf",? (?:in|on|among) (?:the|this|these|my|our|one of (?:the|my)) {_MEDIUM}$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class TemplateEnsemble:
    """The query prompt ``templates``.

    Attributes:
        templates: One {} each.
        bare: Weight of the content alone; 0 leaves it out.
        templated: Weight of all templates together.
    """

    templates: tuple[str, ...] = TEMPLATES
    bare: float = BARE
    templated: float = TEMPLATED
    name: str = "templates"

    def wordings(self, text: str, vector: Floats | None) -> tuple[Wording, ...]:
        """The content of the question, alone and in templates; none where it has no frame.

        In a question that is all content, templates changed nothing on any suite of ``mmqa eval
        prompts``, and "a photo of when does the ferry leave" says nothing: the encoder is spared.

        >>> [w.text for w in TemplateEnsemble(("a photo of {}",)).wordings("Show me a dog!", None)]
        ['a dog', 'a photo of a dog']
        """
        del vector
        content = content_of(text)
        if not content or content == plain(text) or len(content.split()) > LONGEST:
            return ()
        each = self.templated / max(len(self.templates), 1)
        return (
            *([Wording(content, self.bare, ("visual",))] if self.bare > 0 else []),
            *(Wording(t.format(content), each, ("visual",)) for t in self.templates),
        )


def load(parts: object = None) -> TemplateEnsemble:
    """The query prompt ``templates``; it needs no model."""
    del parts
    return TemplateEnsemble()


def content_of(text: str) -> str:
    """A question without what only asks to be shown something.

    >>> content_of("Which picture shows the red bicycle?"), content_of("a photo of two dogs")
    ('the red bicycle', 'two dogs')
    >>> content_of("What does the lighthouse look like?"), content_of("ferry timetable")
    ('the lighthouse', 'ferry timetable')
    """
    content = _PLACE.sub("", plain(text))
    for frame in _FRAMES:
        found = frame.search(content)
        if found:
            kept = found.groupdict().get("kept")
            return kept or content[found.end() :].strip()
    return content


def plain(text: str) -> str:
    """A question without the marks around it."""
    return " ".join(text.split()).strip(" ?!.¿\"'“”")
