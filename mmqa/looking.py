"""Questions about pictures → prompts that show them, with what is known of each in words.

Knows: how encoder, mapping, prompt words and OCR are put together for a picture that is to be
shown. Refuses to know: which pictures matter to a question, and what answers.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Protocol

from mmqa.errors import ConfigError
from mmqa.interfaces import (
    CrossModalMapping,
    ImageEncoder,
    PromptWords,
    TextRecognizer,
    VisionLanguageModel,
)
from mmqa.prompts.looking import PictureWords, messages, template_for
from mmqa.prompts.template import Templates, language_of
from mmqa.records import Picture, Prompt, Segment

WORDS = 5
"""Prompt words of a picture that stand in a prompt; what the embedded model learned with."""
DESCRIBED_TOKENS = 48
"""Longest description of a picture."""
REMEMBERED = 64
"""Pictures whose words are kept: several questions are asked about one."""


class LookingParts(Protocol):
    """What a :class:`Looker` needs of the parts of a configuration."""

    @property
    def image_encoder(self) -> ImageEncoder:
        """Pictures → features."""
        ...

    @property
    def mapping(self) -> CrossModalMapping:
        """Features → the space of words."""
        ...

    @property
    def prompt_words(self) -> PromptWords:
        """Vectors → words."""
        ...

    @property
    def text_recognizer(self) -> TextRecognizer:
        """Pictures → the text in them."""
        ...


class Looker:
    """Makes prompts about pictures that nobody has described yet.

    Args:
        parts: Of the configuration.
        templates: Language → prompt templates.
        ocr: Whether text in pictures is read.
    """

    def __init__(
        self,
        parts: LookingParts,
        templates: Callable[[str], Templates] = Templates,
        *,
        ocr: bool = True,
    ) -> None:
        self._parts = parts
        self._templates = templates
        self._ocr = ocr
        self._kept: OrderedDict[int, tuple[Picture, PictureWords]] = OrderedDict()

    def prompt(self, question: str, pictures: Sequence[Picture]) -> Prompt:
        """What a model is to be asked about some pictures.

        Args:
            question: In words; empty asks for a description.
            pictures: At least one.
        """
        about = [self.words(picture) for picture in pictures]
        return shown(self._templates(language_of(question)), question, pictures, about)

    def words(self, picture: Picture) -> PictureWords:
        """What is known of a picture in words; the last ones are remembered."""
        kept = self._kept.get(id(picture))
        if kept is None or kept[0] is not picture:
            self._kept[id(picture)] = (picture, self._look(picture))
        self._kept.move_to_end(id(picture))
        while len(self._kept) > REMEMBERED:
            self._kept.popitem(last=False)
        return self._kept[id(picture)][1]

    def _look(self, picture: Picture) -> PictureWords:
        parts = self._parts
        vectors = parts.mapping.map(parts.image_encoder.encode([picture]))
        (found,) = parts.prompt_words.words(vectors, WORDS)
        read = parts.text_recognizer.recognize(picture) if self._ocr else ""
        return PictureWords(tuple(word.word for word in found), read)


class PictureDescriber:
    """Describes pictures with a language model that sees.

    Args:
        model: Gives the model; called when the first picture is described.
        templates: English prompt templates.
    """

    def __init__(self, model: Callable[[], VisionLanguageModel], templates: Templates) -> None:
        self._model = model
        self._templates = templates

    def __call__(self, pictures: Sequence[Picture], about: Sequence[PictureWords]) -> list[str]:
        """One sentence about what each picture shows; n at once.

        Raises:
            ConfigError: The model sees no pictures.
            GenerationError: It cannot describe one of them.
        """
        model = self._model()
        if not model.sees:
            raise ConfigError(
                "captions are to be written by a language model that sees no pictures",
                "Set vlm to one that sees, or captions = false.",
            )
        known = [PictureWords(words.words[:WORDS], words.read) for words in about]
        prompts = [
            shown(self._templates, "", [picture], [words])
            for picture, words in zip(pictures, known, strict=True)
        ]
        return [said.strip() for said in model.complete(prompts, max_tokens=DESCRIBED_TOKENS)]


def words_of(segment: Segment) -> PictureWords:
    """What an index knows of a picture in words."""
    words = tuple(word.word for word in segment.text.prompt_words[:WORDS])
    return PictureWords(words, segment.text.ocr)


def shown(
    templates: Templates,
    question: str,
    pictures: Sequence[Picture],
    about: Sequence[PictureWords],
) -> Prompt:
    """The prompt that shows ``pictures``, with what is known of each, and asks the question."""
    name = template_for(question, len(pictures))
    return Prompt(messages(templates, name, about, question), tuple(pictures))
