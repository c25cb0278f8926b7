"""Kernel ridge regression on stretched principal axes: the equations of the closed-form fit.

Knows: NumPy and the settings. Refuses to know: what the rows and the targets are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmqa.mapping.closed_form import kernel
from mmqa.records import Floats


@dataclass(frozen=True, slots=True)
class Settings:
    """What the fit may choose; the defaults were chosen on the development side.

    Attributes:
        ridge: λ of the kernel ridge regression, > 0.
        stretch: Axes are divided by their variance to the power of half of this; 0 leaves them.
        style_share: Weight of a drawing by another hand than OpenMoji's.
        weak_share: Weight of a drawing whose words are the name of a file or an icon.
        gamma: Width γ of the kernel exp(−γ·|x − y|²).
        axes: Principal axes that are kept.
        landmarks: Rows of the Nyström approximation (Williams & Seeger 2001).
        temperature: Of the class probabilities in ConSE.
        named_share: Weight of ConSE times its length; drawings have 0.44 of that on average,
            photographs 0.65, and the regression's part has 0.34 and 0.21.
        drawn_share: Weight of ConSE as it is for drawings.
        drawn_temperature: Of its probabilities.
        tag_share: Weight of a drawing's tags against its annotation.
        seed: Which drawings become landmarks.
    """

    ridge: float = 0.3
    gamma: float = 2.0
    axes: int = 256
    landmarks: int = 3500
    stretch: float = 0.3
    style_share: float = 0.3
    weak_share: float = 0.25
    temperature: float = 0.75
    named_share: float = 0.37
    drawn_share: float = 0.085
    drawn_temperature: float = 0.7
    tag_share: float = 0.75
    seed: int = 0


def kernel_ridge(
    z: Floats,
    targets: Floats,
    settings: Settings,
    *,
    importance: Floats | None = None,
    eligible: NDArray[np.bool_] | None = None,
) -> dict[str, Floats]:
    """Kernel ridge regression on principal axes, by Nyström with landmarks drawn from the rows.

    Minimises tr((Y − K_nm·B)ᵀ·W·(Y − K_nm·B)) + λ·tr(Bᵀ·K_mm·B) over B; Y are the centred targets
    and W the rows' weights.

    Args:
        z: (n, z), the inputs.
        targets: (n, d).
        settings: What to fit.
        importance: (n,), weight of each row; 1 unless given.
        eligible: (n,), which rows may be landmarks; all unless given.

    Returns:
        ``offset`` (z,), ``axes`` (z, r), ``landmarks`` (m, r), ``coefficients`` (m, d).
    """
    weight = np.ones(len(z), np.float32) if importance is None else importance
    offset, axes = principal_axes(z, settings)
    x: Floats = np.matmul(z - offset, axes)
    places = np.arange(len(x)) if eligible is None else np.flatnonzero(eligible)
    drawn = np.random.default_rng(settings.seed).permutation(len(places))[: settings.landmarks]
    landmarks: Floats = x[places[drawn]]
    between = kernel(x, landmarks, settings.gamma)
    within = kernel(landmarks, landmarks, settings.gamma)
    weighted = between * weight[:, None]
    centred = targets - np.average(targets, axis=0, weights=weight)
    system = (between.T @ weighted).astype(np.float64) + settings.ridge * within
    system += 1e-4 * np.eye(len(landmarks))
    coefficients = np.linalg.solve(system, weighted.T @ centred)
    return {
        "offset": offset,
        "axes": axes,
        "landmarks": landmarks,
        "coefficients": coefficients.astype(np.float32),
    }


def principal_axes(z: Floats, settings: Settings) -> tuple[Floats, Floats]:
    """Mean (z,) and stretched principal axes (z, r) of (n, z) rows.

    An axis of variance s is scaled by s^(−stretch/2), and all by one number that keeps the sum of
    the variances, so that the kernel's width means the same.
    """
    offset: Floats = z.mean(axis=0)
    centred = z - offset
    variances, vectors = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    kept = np.maximum(variances[::-1][: settings.axes], 1e-9)
    scale = kept ** (-settings.stretch / 2)
    scale *= np.sqrt(kept.sum() / (kept * scale**2).sum())
    axes: Floats = (vectors[:, ::-1][:, : settings.axes] * scale).astype(np.float32)
    return offset, axes


def without(rows_: Floats, direction: Floats) -> Floats:
    """Rows less their part along a direction.

    >>> without(np.array([[3.0, 4.0]]), np.array([0.0, 2.0])).tolist()
    [[3.0, 0.0]]
    """
    unit = direction / np.linalg.norm(direction)
    left: Floats = rows_ - np.outer(rows_ @ unit, unit)
    return left
