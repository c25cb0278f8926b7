"""Features of a user's files, kept on disk: an interrupted or repeated training reads none twice.

Knows: file names made of fingerprints and content, and that a file is written whole. Refuses to
know: how anything is encoded. What cannot be read back counts as not there: it is made again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from mmqa.records import Floats
from mmqa.weights_file import write_whole


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the image encoder sees in one picture.

    Attributes:
        pooled: float32 (d,).
        probabilities: float32 (c,), or ``None``.
        phash: Perceptual hash, 16 hex digits; empty where not computed.
    """

    pooled: Floats
    probabilities: Floats | None
    phash: str


@dataclass(frozen=True, slots=True)
class FeatureCache:
    """A folder; each entry is one small file."""

    folder: Path

    def picture(self, encoder: str, content: str) -> Seen | None:
        """Features by the encoder's fingerprint and the content's name (a digest)."""
        found = self._read("pictures", encoder, content)
        if found is None or "pooled" not in found[0]:
            return None
        tensors, facts = found
        return Seen(tensors["pooled"], tensors.get("probabilities"), facts.get("phash", ""))

    def keep_picture(self, encoder: str, content: str, seen: Seen) -> None:
        """Write them."""
        tensors = {"pooled": seen.pooled}
        if seen.probabilities is not None:
            tensors["probabilities"] = seen.probabilities
        self._write(("pictures", encoder, content), tensors, {"phash": seen.phash})

    def transcript(self, transcriber: str, content: str) -> str | None:
        """What was heard in a recording; ``None`` where it was not listened to yet."""
        found = self._read("transcripts", transcriber, content)
        return None if found is None else found[1].get("heard")

    def keep_transcript(self, transcriber: str, content: str, heard: str) -> None:
        """Write it."""
        self._write(("transcripts", transcriber, content), {}, {"heard": heard})

    def texts(self, encoder: str, texts: Sequence[str]) -> Floats | None:
        """Vectors (n, d) of exactly these texts in this order."""
        found = self._read("texts", encoder, _digest(json.dumps(texts)))
        return None if found is None else found[0].get("vectors")

    def keep_texts(self, encoder: str, texts: Sequence[str], vectors: Floats) -> None:
        """Write them."""
        self._write(("texts", encoder, _digest(json.dumps(texts))), {"vectors": vectors}, {})

    def _path(self, kind: str, fingerprint: str, content: str) -> Path:
        name = _digest(f"{fingerprint}\0{content}")
        return self.folder / kind / name[:2] / f"{name}.safetensors"

    def _read(
        self, kind: str, fingerprint: str, content: str
    ) -> tuple[dict[str, Floats], dict[str, str]] | None:
        path = self._path(kind, fingerprint, content)
        if not path.is_file():
            return None
        try:
            with safe_open(path, framework="numpy") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                return tensors, json.loads(file.metadata()["facts"])
        except (SafetensorError, OSError, KeyError, TypeError, ValueError):
            return None  # see the module

    def _write(
        self, key: tuple[str, str, str], tensors: dict[str, Floats], facts: dict[str, str]
    ) -> None:
        path = self._path(*key)
        path.parent.mkdir(parents=True, exist_ok=True)
        plain = {n: np.ascontiguousarray(t, dtype=np.float32) for n, t in tensors.items()}
        write_whole(path, save(plain, metadata={"facts": json.dumps(facts)}))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
