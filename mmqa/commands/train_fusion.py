"""``train fusion``: a fuser on a user's own index; those that ship, without one.

Knows: where questions come from, where what is trained goes, and the command that comes next.
Refuses to know: how anything is trained.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from mmqa.commands.output import resumable, settings
from mmqa.corpora.fetch import default_folder
from mmqa.errors import UsageError
from mmqa.fusion.fitted import FOLDER, METHODS, Method, path_of
from mmqa.index.store import IndexStore
from mmqa.interfaces import Progress
from mmqa.parts import Parts
from mmqa.training.fusion import FusionSettings, train_fusion
from mmqa.training.fusion_data import FusionData
from mmqa.training.fusion_report import FusionFit

DEFAULT_METHOD: Method = "weighted"


@dataclass(frozen=True, slots=True)
class FusionReport:
    """What was trained, one or both methods.

    Attributes:
        fits: One a method.
        refused: Lines of question files that were not used, a sentence each.
        following: The command that comes next; empty where there is none.
    """

    fits: tuple[FusionFit, ...]
    refused: tuple[str, ...] = ()
    following: str = ""

    passed = True

    def lines(self) -> list[str]:
        """For people."""
        return [
            *(line for fit in self.fits for line in fit.lines()),
            *(f"not used: {line}" for line in self.refused),
            *([f"Next: {self.following}"] if self.following else []),
        ]

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "fits": [fit.to_json() for fit in self.fits],
            "refused": list(self.refused),
            "next": self.following,
        }


def run(options: Namespace, tell: Progress) -> FusionReport:
    """Train on ``--index``, with the questions of ``--pairs``; without either, fit what ships.

    Raises:
        UsageError: The method is unknown, there are questions but no index, the index was made by
            another mapping or encoder, or there is too little to learn from.
    """
    method = _method(options)
    if options.pairs and not options.index:
        raise UsageError("questions name files of an index, and none is named", "Add --index DIR.")
    parts = Parts(settings(options))
    with resumable():
        if not options.index:
            return _shipped(options, parts, [method] if method else METHODS, tell)
        return _own(options, parts, method or DEFAULT_METHOD, tell)


def _own(options: Namespace, parts: Parts, method: Method, tell: Progress) -> FusionReport:
    from mmqa.training.fusion_questions import from_index

    folder = Path(options.index).expanduser().absolute()
    _require_same(folder, parts)
    files = [Path(file) for file in options.pairs or ()]
    collected = from_index(folder, files, seed=options.seed)
    out = Path(options.out or f"fusion-{method}")
    data = collected.data(parts.text_encoder)
    fit = _trained(options, parts, data, method, path=path_of(out), tell=tell)
    following = f"mmqa rebuild --index {options.index} --set fusion={out}"
    return FusionReport((fit,), collected.refused, following)


def _shipped(
    options: Namespace, parts: Parts, methods: Sequence[Method], tell: Progress
) -> FusionReport:
    """As the package's own weights were fitted, from public corpora."""
    from mmqa.training.fusion_corpora import corpora_notes, gather

    data = gather(parts, progress=tell)
    folder = Path(options.out) if options.out else FOLDER
    fits = [
        _trained(
            options,
            parts,
            data,
            method,
            path=folder / f"{method}.safetensors",
            work=default_folder() / "training" / method,
            notes=corpora_notes(),
            tell=tell,
        )
        for method in methods
    ]
    return FusionReport(tuple(fits))


def _trained(
    options: Namespace,
    parts: Parts,
    data: FusionData,
    method: Method,
    *,
    path: Path,
    work: Path | None = None,
    notes: dict[str, str] | None = None,
    tell: Progress,
) -> FusionFit:
    default = FusionSettings()
    steps = replace(default.loop, seed=options.seed, device=options.device)
    if options.epochs is not None:
        steps = replace(steps, epochs=options.epochs)
    mapping = parts.mapping
    return train_fusion(
        data,
        mapping.bank,
        mapping.picture_bank,
        method=method,
        path=path,
        encoders=dict(parts.fingerprints()),
        settings=replace(default, loop=steps),
        notes=notes,
        work=work,
        resume=options.resume,
        progress=tell,
    )


def _method(options: Namespace) -> Method | None:
    if options.method is not None and options.method not in METHODS:
        raise UsageError(
            f"no fusion is trained by the method {options.method!r}",
            f"Known: {', '.join(METHODS)}. concat needs no training.",
        )
    return cast(Method | None, options.method)


def _require_same(folder: Path, parts: Parts) -> None:
    """The index's vectors must be those that the configured models make."""
    stored, known = IndexStore.stored_identity(folder).fingerprints, parts.fingerprints()
    for role in ("text_encoder", "mapping"):
        if stored.get(role) != known.get(role):
            raise UsageError(
                f"the index {str(folder)!r} was made with the {role} {stored.get(role)!r}, "
                f"not {known.get(role)!r}",
                "Name the preset and mapping that it was made with: --set mapping=FOLDER.",
            )
