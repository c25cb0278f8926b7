"""The errors of mmqa, one tree under :class:`MmqaError`.

Knows: what can go wrong, and the facts that belong to each failure.
Refuses to know: how a failure is shown; only ``cli`` and ``ui`` turn one into words on a screen.

A message states the fact, then the remedy. The facts are also attributes, so that programs need not
parse sentences.
"""

from __future__ import annotations

from pathlib import Path


class MmqaError(Exception):
    """Base of every error that mmqa raises on purpose.

    Args:
        fact: What happened, naming the file or value, as one sentence without a final full stop.
        remedy: What to do about it; may be empty where nothing can be done.
    """

    def __init__(self, fact: str, remedy: str = "") -> None:
        self.fact = fact
        self.remedy = remedy
        super().__init__(f"{fact}. {remedy}".strip() if remedy else f"{fact}.")


class UsageError(MmqaError):
    """The caller asked for something that cannot be meant: an empty question, an unknown option."""


class FolderMissingError(UsageError):
    """A folder to sync is not there, or suddenly empty: its drive may not be mounted.

    Args:
        path: The folder, links resolved.
        fact: What is wrong with it.
        remedy: What to do about it.
    """

    def __init__(self, path: Path, fact: str, remedy: str = "") -> None:
        self.path = path
        super().__init__(fact, remedy)


class ConfigError(MmqaError):
    """A configuration file or variable holds an unknown key or a value of the wrong type."""


class MediaError(MmqaError):
    """One file cannot be taken in; the others still can.

    Args:
        path: The file that was refused.
        fact: Why, without naming the path again.
        remedy: What to do about it.
    """

    def __init__(self, path: Path, fact: str, remedy: str = "") -> None:
        self.path = path
        self.reason = f"{fact}. {remedy}".strip() if remedy else fact
        super().__init__(f"{str(path)!r}: {fact}", remedy)


class ModelError(MmqaError):
    """A model is missing, damaged, or cannot be loaded.

    Args:
        role: What the model is for, e.g. ``"text_encoder"``.
        fact: What is wrong.
        remedy: What to do about it.
    """

    def __init__(self, role: str, fact: str, remedy: str = "") -> None:
        self.role = role
        super().__init__(fact, remedy)


class ModelMissingError(ModelError):
    """The preset's files are not in the cache; ``mmqa models pull PRESET`` fetches them."""


class ModelDamagedError(ModelError):
    """A file in the model cache does not have the checksum it was stored with."""


class IndexFolderError(MmqaError):
    """Something is wrong with an index folder.

    Args:
        path: The index folder.
        fact: What is wrong.
        remedy: What to do about it.
    """

    def __init__(self, path: Path, fact: str, remedy: str = "") -> None:
        self.path = path
        super().__init__(fact, remedy)


class IndexMissingError(IndexFolderError):
    """There is no index in the folder that was named."""


class IndexMismatchError(IndexFolderError):
    """The index was made by another preset, encoder, fusion or format version."""


class IndexDamagedError(IndexFolderError):
    """The catalogue, the truth of an index, cannot be read."""


class IndexLockedError(IndexFolderError):
    """Another process is writing to the index; one writer at a time."""


class TemplateError(MmqaError):
    """A prompt template is missing, unreadable, or was given a variable too few."""


class GenerationError(MmqaError):
    """The language model failed or was asked for more than it can hold."""


class CorpusError(MmqaError):
    """A public corpus for training or evaluation cannot be fetched or does not verify."""
