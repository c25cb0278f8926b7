"""The embedded vision-language model: answers about pictures, and about words as before.

Knows: that a prompt with pictures goes to the model with adapters, as embeddings, and one without
to the plain model. Refuses to know: templates, evidence, and where its weights come from.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmqa.errors import GenerationError
from mmqa.interfaces import Cancelled, ImageEncoder
from mmqa.records import Message, Picture, Prompt
from mmqa.vlm import text_decoder
from mmqa.vlm.batching import in_order, padded
from mmqa.vlm.decoder import Inputs
from mmqa.vlm.generation import Batch, Generation
from mmqa.vlm.mini import heads
from mmqa.vlm.mini.connector import Trained, pooled
from mmqa.vlm.mini.layout import VISUAL, Layout
from mmqa.vlm.options import Decoding, LoadOptions
from mmqa.vlm.prefix import Prefix
from mmqa.vlm.text_model import TextModel

REMEMBERED = 32
"""Pictures whose visual tokens are kept: a question is often followed by another."""


class MiniModel:
    """Implements ``VisionLanguageModel``.

    Args:
        text: Answers prompts without pictures.
        seeing: The same language model with the adapters merged, of transformers or a
            ``BlockModel``.
        layout: Lays prompts with pictures out.
        trained: The connector.
        adapters: Fingerprint of the adapters.
        options: Waiting, the image encoder, memory for heads of prompts.
    """

    sees = True

    def __init__(
        self,
        text: TextModel,
        seeing: Any,
        layout: Layout,
        trained: Trained,
        adapters: str,
        *,
        options: LoadOptions,
    ) -> None:
        assert options.image_encoder is not None
        self._text = text
        self._seeing = seeing
        self._layout = layout
        self._trained = trained
        self._adapters = adapters
        self._sight = Sight(options.image_encoder, trained)
        self._generation = Generation(
            seeing,
            text.tokenizer,
            context_tokens=text.context_tokens,
            queue=text.queue,
            decoder=text_decoder.of(seeing),
            prefix_bytes=options.prefix_bytes,
        )
        self._question = text.tokenizer(heads.QUESTION, add_special_tokens=False)["input_ids"]

    @property
    def fingerprint(self) -> str:
        """Digest of language model, connector and adapters."""
        told = " ".join([self._text.fingerprint, self._trained.fingerprint, self._adapters])
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    @property
    def context_tokens(self) -> int:
        """Longest prompt plus answer, in tokens."""
        return self._text.context_tokens

    @property
    def weight_bytes(self) -> int:
        """Memory that the weights take, in bytes; what both models share counts once."""
        return text_decoder.weight_bytes(self._text.model, self._seeing, self._trained.connector)

    def count_tokens(self, messages: Sequence[Message], pictures: Sequence[Picture] = ()) -> int:
        """Length of the prompt, in tokens, visual ones included."""
        if not pictures:
            return self._text.count_tokens(messages)
        return len(self._layout.ids(messages, len(pictures)))

    def warm_up(self) -> None:
        """Generate two tokens of words and of a picture, so that the first question need not."""
        self._text.warm_up()
        grey = Picture(np.full((64, 64, 3), 128, np.uint8))
        for _ in self.stream([Message("user", "Hello")], [grey], max_tokens=2):
            pass

    def stream(
        self,
        messages: Sequence[Message],
        pictures: Sequence[Picture] = (),
        *,
        max_tokens: int = 96,
        stop: Sequence[str] = (),
        temperature: float = 0.0,
        seed: int = 0,
        cancelled: Cancelled | None = None,
    ) -> Iterator[str]:
        """Yield the answer piece by piece; see :class:`mmqa.interfaces.VisionLanguageModel`.

        Raises:
            GenerationError: The prompt does not fit, no turn came free in time, memory ran out, or
                the model failed.
        """
        if not pictures:
            return self._text.stream(
                messages,
                max_tokens=max_tokens,
                stop=stop,
                temperature=temperature,
                seed=seed,
                cancelled=cancelled,
            )
        decoding = Decoding(max_tokens, tuple(stop), temperature, seed)
        shown = self._shown(messages, pictures)
        inputs = self._inputs(shown)
        return self._generation.stream(inputs, decoding, cancelled, prefix=shown.prefix)

    def complete(
        self, prompts: Sequence[Prompt], *, max_tokens: int = 96, stop: Sequence[str] = ()
    ) -> list[str]:
        """The answers to n prompts, greedily; those that begin alike run together.

        Raises:
            GenerationError: As :meth:`stream`.
        """
        seen = [n for n, prompt in enumerate(prompts) if prompt.pictures]
        plain = [n for n, prompt in enumerate(prompts) if not prompt.pictures]
        answers = self._text.complete([prompts[n] for n in plain], max_tokens=max_tokens, stop=stop)
        together = [plain]
        shown = [self._shown(prompts[n].messages, prompts[n].pictures) for n in seen]
        for group, prefix in heads.together([one.prefix for one in shown]):
            batch = self._batch([shown[place] for place in group], prefix)
            answers += self._generation.complete([batch], Decoding(max_tokens, tuple(stop)))
            together.append([seen[place] for place in group])
        return in_order(together, answers)

    def release(self) -> None:
        """Free the weights; it cannot be used afterwards."""
        self._generation.release()
        self._text.release()
        self._seeing = None

    def _shown(self, messages: Sequence[Message], pictures: Sequence[Picture]) -> _Shown:
        tokens = self._layout.ids(messages, len(pictures))
        digests = [digest(picture) for picture in pictures]
        each = self._trained.connector.shape.tokens
        prefix = heads.prefix(tokens, digests, each, self._question)
        return _Shown(tokens, pictures, digests, prefix)

    def _batch(self, prompts: Sequence[_Shown], prefix: Prefix | None) -> Batch:
        rows = [self._inputs(one) for one in prompts]
        shared = prefix.cuts[-1] if prefix and prefix.cuts else 0
        return Batch(rows[0] if len(rows) == 1 else padded(rows, 0, shared=shared), prefix)

    def _inputs(self, shown: _Shown) -> Inputs:
        """Embeddings of a prompt's words, with those of the pictures in their places."""
        seeing = self._seeing
        if seeing is None:
            raise GenerationError("the language model was released", "Open the library again.")
        embed = seeing.get_input_embeddings()
        ids = torch.tensor([shown.tokens], device=embed.weight.device)
        told = zip(shown.pictures, shown.digests, strict=True)
        with torch.inference_mode():
            visual = torch.cat([self._sight.tokens(picture, known) for picture, known in told])
            embeddings = embed(ids.clamp(min=0))
            places = (ids == VISUAL)[..., None]
            embeddings = embeddings.masked_scatter(places, visual.to(embeddings))
        return {"inputs_embeds": embeddings, "attention_mask": torch.ones_like(ids)}


@dataclass(frozen=True, slots=True)
class _Shown:
    """A prompt with pictures, laid out.

    Attributes:
        tokens: Token ids, with ``VISUAL`` for visual tokens.
        pictures: In order.
        digests: One for each picture.
        prefix: Where it may be continued from.
    """

    tokens: Sequence[int]
    pictures: Sequence[Picture]
    digests: Sequence[str]
    prefix: Prefix


def digest(picture: Picture) -> str:
    """What tells a picture from others: sha256 of its shape and pixels."""
    told = f"{picture.pixels.shape}".encode() + picture.pixels.tobytes()
    return hashlib.sha256(told).hexdigest()


class Sight:
    """Pictures → visual tokens; the last ones are remembered. Safe for several threads.

    Args:
        image_encoder: Gives the encoder; called when the first picture is seen.
        trained: The connector.
    """

    def __init__(self, image_encoder: Any, trained: Trained) -> None:
        self._image_encoder = image_encoder
        self._connector = trained.connector
        self._kept: OrderedDict[str, Tensor] = OrderedDict()
        self._lock = Lock()

    def tokens(self, picture: Picture, key: str) -> Tensor:
        """Visual tokens (t, w) of a picture, float32; ``key`` is its :func:`digest`."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = self._look(picture)
            self._kept.move_to_end(key)
            while len(self._kept) > REMEMBERED:
                self._kept.popitem(last=False)
            return self._kept[key]

    def _look(self, picture: Picture) -> Tensor:
        encoder: ImageEncoder = self._image_encoder()
        features = encoder.encode([picture], grid=True)
        assert features.grid is not None
        cells = torch.from_numpy(pooled(features.grid, self._connector.shape.side))
        with torch.inference_mode():
            tokens: Tensor = self._connector(cells)[0]
        return tokens
