"""Messages and pictures → what a model of a hub takes, by its own chat template and processor.

Knows: where pictures stand among the words, that what users write must not become control tokens,
and how many tokens a picture of a size becomes. Refuses to know: models, and generating.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError

from mmqa.errors import GenerationError
from mmqa.records import Message, Picture, Prompt
from mmqa.vlm.control_tokens import broken, control_tokens
from mmqa.vlm.places import placed
from mmqa.vlm.shown import sheet_size, shown

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

Block = dict[str, str]
"""One piece of a message, as chat templates take them."""


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """A prompt as text with one placeholder for each picture, and the pictures in their order."""

    text: str
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns as chat templates take them, and which picture stands at which place.

    Attributes:
        turns: Role and blocks.
        order: Indices of pictures, in the order of their places.
    """

    turns: list[dict[str, Any]] = field(default_factory=list)
    order: list[int] = field(default_factory=list)


def converse(messages: Sequence[Message], pictures: int, control: re.Pattern[str]) -> Conversation:
    """The conversation in blocks of text and pictures.

    Args:
        messages: Their n-th mark stands for the n-th picture; marks without a picture are dropped.
        pictures: How many there are; those without a mark stand before the text of the last message
            of the user's.
        control: Matches control tokens, which are broken by a space where they stand in messages.
    """
    found = Conversation()
    for message, pieces in zip(messages, placed(messages, range(pictures)), strict=True):
        found.order.extend(piece for piece in pieces if isinstance(piece, int))
        content = [_block(piece, control) for piece in pieces] or [_block("", control)]
        found.turns.append({"role": message.role, "content": content})
    return found


def _block(piece: str | int, control: re.Pattern[str]) -> Block:
    if isinstance(piece, int):
        return {"type": "image"}
    return {"type": "text", "text": broken(piece, control)}


class Layout:
    """Lays prompts out for one processor.

    Args:
        processor: As :func:`mmqa.vlm.hub.processor.load_processor` gives it.
        picture_pixels: A picture is shown with at most so many pixels. The processor's own limits
            hold as well; one that enlarges pictures to a row of tiles is told fewer tiles.
    """

    def __init__(self, processor: Any, picture_pixels: int) -> None:
        self._processor = processor
        self._tokenizer = processor.tokenizer
        self._pixels = picture_pixels
        placeholders = [getattr(processor, f"{kind}_token", None) for kind in ("image", "video")]
        self._control = control_tokens(processor.tokenizer, placeholders)
        self._images_kwargs = _tiles(processor.image_processor, picture_pixels)
        template = str(processor.chat_template)
        # answers are short: a model that can think aloud is asked not to
        self._template_kwargs = {"enable_thinking": False} if "enable_thinking" in template else {}
        self._places: dict[tuple[int, int], str] = {}

    def lay_out(self, prompt: Prompt) -> Laid:
        """The prompt up to where the model is to go on.

        Raises:
            GenerationError: The chat template refuses the conversation.
        """
        talk = converse(prompt.messages, len(prompt.pictures), self._control)
        pictures = tuple(prompt.pictures[n] for n in talk.order)
        return Laid(self._rendered(talk.turns), pictures)

    def inputs(self, prompts: Sequence[Laid]) -> dict[str, torch.Tensor]:
        """What ``generate`` takes: n rows, padded on the left; all with pictures, or none.

        Raises:
            GenerationError: The processor refuses a picture.
        """
        images = [[shown(p, self._pixels) for p in prompt.pictures] for prompt in prompts]
        try:
            made = self._process([prompt.text for prompt in prompts], images)
        except (ValueError, IndexError, TypeError) as error:
            raise GenerationError(
                f"the model's processor refuses the prompt: {error}", "Ask with another picture."
            ) from error
        return dict(made)

    def count(self, prompt: Prompt) -> int:
        """Length of the prompt in tokens, those of pictures included, without looking at pixels."""
        return self.length(self.lay_out(prompt))

    def length(self, laid: Laid) -> int:
        """The same of a prompt that is laid out already."""
        if not laid.pictures:
            return len(self._tokens(laid.text))
        mark = getattr(self._processor, "image_token", None)
        if mark is None:
            return int(self.inputs([laid])["input_ids"].shape[1])
        sizes = [sheet_size(picture.pixels.shape, self._pixels) for picture in laid.pictures]
        places = iter([self._place(size, mark) for size in sizes])
        text = re.sub(re.escape(mark), lambda found: next(places), laid.text)
        return len(self._tokens(text))

    def _process(self, texts: list[str], images: list[list[Image]], **more: Any) -> Any:
        return self._processor(
            text=texts,
            images=images if any(images) else None,
            images_kwargs=self._images_kwargs,
            add_special_tokens=self._add_special_tokens(texts[0]),
            padding=len(texts) > 1,
            return_tensors="pt",
            **more,
        )

    def _place(self, size: tuple[int, int], mark: str) -> str:
        """What the placeholder of a picture of a size becomes; asked once for each size."""
        if size not in self._places:
            from PIL import Image

            blank = Image.new("RGB", size)
            made = self._process([mark], [[blank]], return_text_replacement_offsets=True)
            self._places[size] = str(made["text_replacement_offsets"][0][0]["replacement"])
        return self._places[size]

    def _tokens(self, text: str) -> list[int]:
        special = self._add_special_tokens(text)
        tokens: list[int] = self._tokenizer(text, add_special_tokens=special)["input_ids"]
        return tokens

    def _add_special_tokens(self, text: str) -> bool:
        """Whether the tokenizer may begin the text with a mark: not, if the template did."""
        begin = self._tokenizer.bos_token
        return not (begin and text.startswith(begin))

    def _rendered(self, turns: list[dict[str, Any]]) -> str:
        try:
            return self._render(turns)
        except TemplateError as error:
            if turns[0]["role"] == "system" and len(turns) > 1:  # some know no system message
                return self._rendered(_without_system(turns))
            raise GenerationError(
                f"the model's chat template refuses the conversation: {error}",
                "Begin a new conversation.",
            ) from error

    def _render(self, turns: list[dict[str, Any]]) -> str:
        return str(
            self._processor.apply_chat_template(
                turns, add_generation_prompt=True, tokenize=False, **self._template_kwargs
            )
        )


def _without_system(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same, with what the system message says at the head of the next one."""
    system, first, *rest = turns
    content = [*system["content"], {"type": "text", "text": "\n\n"}, *first["content"]]
    return [{**first, "content": content}, *rest]


def _tiles(image_processor: Any, most_pixels: int) -> dict[str, Any]:
    """Settings for one that enlarges a picture to rows of tiles (Idefics 3, SmolVLM).

    As many tiles a side as come nearest to the budget; at most those of its own settings.
    """
    tile = dict(getattr(image_processor, "max_image_size", None) or {}).get("longest_edge")
    side = dict(getattr(image_processor, "size", None) or {}).get("longest_edge")
    if not (tile and side) or not getattr(image_processor, "do_image_splitting", False):
        return {}
    tiles = max(1, round(sqrt(most_pixels) / tile))
    return {"size": {"longest_edge": min(side, tiles * tile)}}
