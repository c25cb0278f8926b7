"""A chat model that reads text only, on this machine, through transformers.

Knows: the chat template, greedy decoding, streaming, cancelling, and the size of its own context.
Refuses to know: what evidence is, how a prompt came about, and pixels: pictures reach this model
only through the words that the prompt says about them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from mmqa.errors import GenerationError, ModelError, ModelMissingError
from mmqa.interfaces import Cancelled
from mmqa.records import Message, Picture

if TYPE_CHECKING:
    import torch

ROLE = "language_model"


def load(folder: Path, *, threads: int) -> TextModel:
    """Load the model that ``save_pretrained`` wrote into ``folder``, warmed up.

    Args:
        folder: Holds ``config.json``, safetensors and the tokenizer with its chat template.
        threads: CPU threads, from 1; set for the whole process, as torch knows no other way.

    Raises:
        ModelMissingError: There is no model in ``folder``.
        ModelError: What lies there cannot be loaded.
    """
    if not (folder / "config.json").is_file():
        raise ModelMissingError(
            ROLE,
            f"there is no language model in {str(folder)!r}",
            "Run `mmqa models pull embedded`.",
        )
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(threads)
    dtype = _fast_dtype()
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        with _quietly():
            model = AutoModelForCausalLM.from_pretrained(
                folder, dtype=dtype, local_files_only=True, use_safetensors=True
            )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelError(
            ROLE,
            f"the language model in {str(folder)!r} cannot be loaded: {error}",
            "Run `mmqa models verify embedded`, then pull it again.",
        ) from error
    text_model = TextModel(folder, model.train(False), tokenizer)
    text_model.warm_up()
    return text_model


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the progress bar of transformers: only ``cli`` and ``ui`` talk to people."""
    logging: Any = import_module("transformers.utils.logging")
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _fast_dtype() -> torch.dtype:
    """bfloat16 where the processor multiplies it natively (prefill ×2), float32 elsewhere."""
    import torch

    capabilities = torch.cpu.get_capabilities()
    native = any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))
    return torch.bfloat16 if native else torch.float32


class TextModel:
    """A causal language model with a chat template; implements ``VisionLanguageModel``.

    Args:
        folder: Where it was loaded from.
        model: A transformers model with ``generate``, in evaluation mode.
        tokenizer: Its tokenizer, with a chat template.
    """

    sees = False

    def __init__(self, folder: Path, model: Any, tokenizer: Any) -> None:
        self._folder = folder
        self._model = model
        self._tokenizer = tokenizer
        self._fingerprint = ""

    @property
    def fingerprint(self) -> str:
        """Digest of every file and of the number type; computed when first asked for."""
        if not self._fingerprint:
            digest = hashlib.sha256(str(self._model.dtype).encode())
            for path in sorted(p for p in self._folder.iterdir() if p.is_file()):
                with path.open("rb") as file:
                    digest.update(path.name.encode())
                    digest.update(hashlib.file_digest(file, "sha256").digest())
            self._fingerprint = digest.hexdigest()[:16]
        return self._fingerprint

    @property
    def context_tokens(self) -> int:
        """Longest prompt plus answer, in tokens."""
        return int(self._model.config.max_position_embeddings)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Length of the prompt that ``messages`` make, in tokens, template included."""
        return len(self._prompt(messages))

    def warm_up(self) -> None:
        """Generate two tokens, so that the first question does not pay for lazy kernels."""
        for _ in self.stream([Message("user", "Hello")], max_tokens=2):
            pass

    def stream(
        self,
        messages: Sequence[Message],
        pictures: Sequence[Picture] = (),
        *,
        max_tokens: int = 96,
        cancelled: Cancelled | None = None,
    ) -> Iterator[str]:
        """Yield the answer piece by piece, greedily, until the end mark or ``max_tokens``.

        Args:
            messages: The conversation, at least one message.
            pictures: Accepted and not looked at: ``sees`` is false.
            max_tokens: Longest answer.
            cancelled: Asked after each token; true ends the answer there.

        Raises:
            GenerationError: The prompt and the answer do not fit the context, or the model failed.
        """
        prompt = self._prompt(messages)
        if len(prompt) + max_tokens > self.context_tokens:
            raise GenerationError(
                f"the prompt has {len(prompt)} tokens and the answer may have {max_tokens}, but the"
                f" language model holds {self.context_tokens}",
                "Give it less evidence or a shorter question.",
            )
        return self._run(prompt, max_tokens, cancelled)

    def _prompt(self, messages: Sequence[Message]) -> list[int]:
        turns = [{"role": m.role, "content": m.text} for m in messages]
        text = self._tokenizer.apply_chat_template(
            turns, add_generation_prompt=True, tokenize=False
        )
        tokens: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return tokens

    def _run(
        self, prompt: list[int], max_tokens: int, cancelled: Cancelled | None
    ) -> Iterator[str]:
        """Generate in a thread; its failure is raised here, and leaving early stops it."""
        from transformers import TextIteratorStreamer

        streamer = TextIteratorStreamer(self._tokenizer, skip_prompt=True, skip_special_tokens=True)
        stop = Event()
        failures: list[Exception] = []

        def work() -> None:
            try:
                self._generate(prompt, max_tokens, streamer, stop, cancelled)
            except Exception as error:  # noqa: BLE001  # raised again by the consumer, below
                failures.append(error)
                streamer.on_finalized_text("", stream_end=True)

        thread = Thread(target=work, name="mmqa-generate", daemon=True)
        thread.start()
        try:
            yield from (piece for piece in streamer if piece)
        finally:
            stop.set()
            thread.join()
        if failures:
            raise GenerationError(
                f"the language model failed: {failures[0]}", "Ask again, or ask something shorter."
            ) from failures[0]

    def _generate(
        self,
        prompt: list[int],
        max_tokens: int,
        streamer: Any,
        stop: Event,
        cancelled: Cancelled | None,
    ) -> None:
        import torch
        from transformers import StoppingCriteria, StoppingCriteriaList

        class Stop(StoppingCriteria):
            def __call__(
                self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: Any
            ) -> torch.Tensor:
                end = stop.is_set() or (cancelled is not None and cancelled())
                return torch.full((len(input_ids),), end, dtype=torch.bool)

        tokens = torch.tensor([prompt])
        with torch.inference_mode():
            self._model.generate(
                tokens,
                attention_mask=torch.ones_like(tokens),
                max_new_tokens=max_tokens,
                do_sample=False,
                streamer=streamer,
                stopping_criteria=StoppingCriteriaList([Stop()]),
                pad_token_id=self._tokenizer.pad_token_id,
                eos_token_id=self._tokenizer.eos_token_id,
            )
