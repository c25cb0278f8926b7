"""Settings: defaults < ``mmqa.toml`` < ``MMQA_*`` variables < flags.

Knows: every setting, its type and its default. Refuses to know: what a setting does to a stage.

An unknown key or a value of the wrong type is an error, never ignored.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from mmqa.errors import ConfigError

FILE_NAME = "mmqa.toml"
PREFIX = "MMQA_"


@dataclass(frozen=True, slots=True)
class Config:
    """All settings of one :class:`mmqa.Library`.

    Attributes:
        index: Folder of the index.
        preset: Which models; see ``mmqa models list``.
        cache: Folder below whose ``models/`` the converted models lie; empty: the per-user one.
        mapping: Folder of a mapping that ``mmqa train mapping`` wrote; empty: the preset's own.
        fusion: ``concat``, ``weighted``, ``attention``, or a folder that ``mmqa train fusion``
            wrote.
        sentiment: Folder of a head that ``mmqa train sentiment`` wrote; empty: words, pictures and
            voices are weighed by hand-set weights.
        router: What decides how much to look, read and listen: ``trained``, ``uniform``, or a
            folder that ``mmqa train router`` wrote.
        router_trust: How much of what the router learned counts, 0–1; the rest looks, reads and
            listens alike.
        query_prompts: Further wordings of a question, names divided by commas: ``templates``,
            ``expansion``, ``rewriting``; may be empty.
        index_type: ``auto`` lets the number of segments decide; else ``flat``, ``sq8``, ``ivf_sq8``
            or ``ivf_rabitq`` for every FAISS file.
        recall_target: Recall@10 against exact search that approximate types are tuned to, 0–1.
        index_device: ``auto`` searches on a GPU where FAISS has one; else ``cpu`` or ``gpu``.
        threads: CPU threads for the models; 0 means all cores.
        ocr: Read text in pictures.
        language: Language spoken in recordings (ISO 639-1), or ``auto``.
        max_pixels: Largest picture that is decoded, in pixels.
        max_text_bytes: Largest text file that is read.
        max_audio_s: Longest recording that is read.
        max_video_s: Longest video that is read.
        lexical_weight: Share λ of lexical search in the score, 0–1.
        min_score: Below this the best hit is taken as unrelated, and mmqa abstains.
        answer_tokens: Longest answer, in tokens.
        vlm: What writes the answers: empty is the preset's own; ``text`` is its language model
            without pictures; ``served`` is the endpoint of ``served_url``; or a folder that ``mmqa
            train connector`` wrote.
        quantization: Of the language model: ``auto`` is what was measured to be best on this kind
            of machine; ``none``, ``int8`` or ``nf4`` (bitsandbytes).
        device: Where the language model runs: ``auto`` takes a GPU where there is one; ``cpu``,
            ``cuda``.
        queue_wait_s: Longest wait for a turn when others are being answered, in seconds.
        picture_pixels: A picture is shown to the language model with at most so many pixels.
        max_pictures: Pictures shown to the language model at once, at most; the weakest go first.
        prompts: Folder with templates of your own, which come before those of the package.
        captions: Let the language model describe each picture when it is added.
        served_url: Address of an OpenAI-compatible endpoint, e.g. ``http://127.0.0.1:8000/v1``;
            its key comes from the variable ``MMQA_SERVED_KEY`` only.
        served_model: Name of the model there.
        served_timeout_s: Longest wait for its next words, in seconds.
    """

    index: str = "indexes/default"
    preset: str = "embedded"
    cache: str = ""
    mapping: str = ""
    fusion: str = "concat"
    sentiment: str = ""
    router: str = "trained"
    router_trust: float = 0.4
    query_prompts: str = "templates"
    index_type: str = "auto"
    recall_target: float = 0.97
    index_device: str = "auto"
    threads: int = 0
    ocr: bool = True
    language: str = "auto"
    max_pixels: int = 100_000_000
    max_text_bytes: int = 20_000_000
    max_audio_s: float = 4 * 3600.0
    max_video_s: float = 4 * 3600.0
    lexical_weight: float = 0.4
    min_score: float = 1.5
    answer_tokens: int = 64
    vlm: str = ""
    quantization: str = "auto"
    device: str = "auto"
    queue_wait_s: float = 60.0
    picture_pixels: int = 1_000_000
    max_pictures: int = 4
    prompts: str = ""
    captions: bool = False
    served_url: str = ""
    served_model: str = ""
    served_timeout_s: float = 60.0

    @property
    def thread_count(self) -> int:
        """``threads``, or the number of cores this process may use."""
        if self.threads:
            return self.threads
        affinity = getattr(os, "sched_getaffinity", None)
        return len(affinity(0)) if affinity else (os.cpu_count() or 1)


def load(
    overrides: Mapping[str, Any] | None = None,
    *,
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Config:
    """Settings from all sources, the later ones winning.

    Args:
        overrides: Flags; values of ``None`` count as not given.
        file: Configuration file; ``None`` reads ``mmqa.toml`` in the working folder, if any.
        environ: Environment; ``None`` means the process's own.

    Raises:
        ConfigError: A key is unknown or a value has the wrong type.

    >>> load({"threads": 2}, environ={"MMQA_OCR": "false"}).ocr
    False
    """
    config = Config()
    for source, values in (
        (str(file or FILE_NAME), _from_file(file)),
        ("the environment", _from_environ(os.environ if environ is None else environ)),
        ("the flags", {k: v for k, v in (overrides or {}).items() if v is not None}),
    ):
        config = _apply(config, values, source)
    return config


def _from_file(file: Path | None) -> dict[str, Any]:
    path = file or Path(FILE_NAME)
    if not path.exists():
        if file is not None:
            raise ConfigError(f"there is no configuration file {str(file)!r}", "Check the path.")
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{str(path)!r} cannot be read: {error}", "Correct the file.") from error


def _from_environ(environ: Mapping[str, str]) -> dict[str, str]:
    known = {field.name for field in fields(Config)}
    found = {k.removeprefix(PREFIX).lower(): v for k, v in environ.items() if k.startswith(PREFIX)}
    return {name: value for name, value in found.items() if name in known}


def _apply(config: Config, values: Mapping[str, Any], source: str) -> Config:
    known = {field.name: type(getattr(config, field.name)) for field in fields(Config)}
    changes: dict[str, Any] = {}
    for name, value in values.items():
        if name not in known:
            raise ConfigError(
                f"{source} sets {name!r}, which is no setting", f"Known: {', '.join(known)}."
            )
        changes[name] = _convert(name, value, known[name], source)
    return replace(config, **changes)


def _convert(name: str, value: Any, kind: type, source: str) -> Any:
    if kind is bool and isinstance(value, str) and value.lower() in _BOOLEANS:
        return _BOOLEANS[value.lower()]
    if isinstance(value, bool) is (kind is bool):
        try:
            if kind is not bool:
                return kind(value)
            if isinstance(value, bool):
                return value
        except (TypeError, ValueError):
            pass
    raise ConfigError(
        f"{source} sets {name} to {value!r}, which is no {kind.__name__}", "Correct the value."
    )


_BOOLEANS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
