"""One run of training a connector: load the language model, warm up, train, write, report.

Knows: the order, and what is written. Refuses to know: the data, and how a step is taken.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from mmqa.errors import ModelError
from mmqa.interfaces import Progress
from mmqa.prompts.template import Templates
from mmqa.training import checkpoint
from mmqa.training.connector import ConnectorSettings, ConnectorTask, Seeing, warm_start
from mmqa.training.connector_prompts import Rows
from mmqa.training.loop import Outcome, Settings, train
from mmqa.training.visual_data import VisualData
from mmqa.vlm.device import number_type
from mmqa.vlm.mini import adapters, connector
from mmqa.vlm.mini.connector import ConnectorShape, embedding_digest
from mmqa.vlm.mini.layout import Layout

STEPS = Settings(
    epochs=4,
    batch=8,
    learning_rate=7e-4,
    weight_decay=0.01,
    patience=100,
    betas=(0.9, 0.98),
    warm_up=0.02,
)
"""One pass over the data, in four shares: a checkpoint and a measurement after each."""


@dataclass(frozen=True, slots=True, eq=False)
class ConnectorReport:
    """What a run gave.

    Attributes:
        folder: Where connector and adapters were written.
        outcome: Epoch by epoch.
        facts: As written beside the weights.
    """

    folder: Path
    outcome: Outcome
    facts: dict[str, Any]

    passed = True

    def lines(self) -> list[str]:
        """For people."""
        best, megabytes = self.outcome.best, self.facts["size_bytes"] / 1e6
        return [
            f"connector and adapters: {str(self.folder)!r}, {megabytes:.1f} MB",
            f"  trained on {self.facts['device']} in {self.facts['seconds'] / 60:.0f} min",
            *(
                f"  share {e.number}: loss {e.loss:.3f}, development {e.metric:.3f}"
                for e in self.outcome.epochs
                if e.loss is not None
            ),
            f"  best: share {best.number}, {best.metric:.3f} of the development questions",
            f"  use it: --set vlm={self.folder}",
        ]

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        epochs = [asdict(epoch) for epoch in self.outcome.epochs]
        return {"folder": str(self.folder), "epochs": epochs, **self.facts}


def train_connector(
    data: VisualData,
    language_model: Path,
    out: Path,
    *,
    image_encoder: str,
    settings: ConnectorSettings,
    steps: Settings,
    threads: int,
    resume: bool = False,
    progress: Progress | None = None,
) -> ConnectorReport:
    """Train, and write ``connector.safetensors`` and ``adapters.safetensors`` into ``out``.

    Args:
        data: Examples with their pictures.
        language_model: Folder of safetensors with a tokenizer and its chat template.
        out: Made where it is missing; holds the checkpoint meanwhile.
        image_encoder: Fingerprint of what looked at the pictures.
        settings: What is trained.
        steps: How.
        threads: CPU threads.
        resume: Go on from the checkpoint in ``out``.
        progress: Told of each step.

    Raises:
        ModelError: The language model cannot be loaded.
        UsageError: ``out`` cannot be written, or the checkpoint is of another run.
    """
    began = perf_counter()
    checkpoint.made(out)
    torch.set_num_threads(threads)
    model, tokenizer = load_language_model(language_model)
    shape = ConnectorShape(
        data.seen.grids.shape[2], model.config.hidden_size, settings.hidden, settings.side
    )
    torch.manual_seed(steps.seed)
    seeing = Seeing(model, shape, settings.rank)
    if not (resume and (out / checkpoint.FILE_NAME).exists()):
        warm_start(seeing, tokenizer, data, settings, seed=steps.seed, progress=progress)
    rows = Rows(tokenizer, Layout(tokenizer, shape.tokens), Templates("en"))
    task = ConnectorTask(seeing, rows, data, settings, epochs=steps.epochs, seed=steps.seed)
    digest = f"{data.digest} {image_encoder} {asdict(settings)}"
    outcome = train(
        task,
        steps,
        data=digest,
        folder=out,
        resume=resume,
        label="train connector",
        progress=progress,
    )
    facts = _facts(data, settings, steps, outcome, perf_counter() - began)
    words = embedding_digest(model.get_input_embeddings().weight)
    _write(seeing, out, image_encoder=image_encoder, language_model=words, facts=facts)
    checkpoint.remove(out)
    sizes = [(out / name).stat().st_size for name in (connector.FILE_NAME, adapters.FILE_NAME)]
    return ConnectorReport(out, outcome, {**facts, "size_bytes": sum(sizes)})


def load_language_model(folder: Path) -> tuple[Any, Any]:
    """A frozen causal language model and its tokenizer.

    Raises:
        ModelError: There is none, or it has no chat template.
    """
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer

    dtype = torch.bfloat16 if torch.cuda.is_available() else number_type("cpu")
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=dtype,
            attn_implementation="eager",  # the masked backward of others is slower on CPUs
            local_files_only=True,
            use_safetensors=True,
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            "language_model",
            f"the language model in {str(folder)!r} cannot be loaded: {error}",
            "Name a folder with config.json, safetensors and a tokenizer.",
        ) from error
    if not tokenizer.chat_template or tokenizer.eos_token_id is None:
        raise ModelError(
            "language_model",
            f"the tokenizer in {str(folder)!r} has no chat template or no end mark",
            "Use a model that was tuned to follow instructions.",
        )
    return model.requires_grad_(False).train(False), tokenizer


def _facts(
    data: VisualData,
    settings: ConnectorSettings,
    steps: Settings,
    outcome: Outcome,
    seconds: float,
) -> dict[str, Any]:
    return {
        "examples": data.counts(),
        "settings": asdict(settings),
        "steps": asdict(replace(steps, device="auto")),
        "device": outcome.device,
        "seconds": round(seconds),
        "development": round(outcome.best.metric, 4),
    }


def _write(
    seeing: Seeing, out: Path, *, image_encoder: str, language_model: str, facts: dict[str, Any]
) -> None:
    connector.save(
        seeing.connector,
        out,
        image_encoder=image_encoder,
        language_model=language_model,
        facts=facts,
    )
    adapters.save(seeing.adapter_tensors(), seeing.lora_scale, out)
