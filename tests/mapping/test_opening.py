"""A folder opens as whatever was trained into it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmqa.errors import ModelError, ModelMissingError
from mmqa.mapping import closed_form, learned, opening, shipped
from mmqa.mapping.closed_form import ClosedFormMapping
from mmqa.mapping.learned import Learned, LearnedMapping


def trained(folder: Path) -> None:
    base = closed_form.load()
    wide, width = len(base.weights.offset), base.bank.shape[1]
    zeros = np.zeros((width, width), np.float32)
    found = Learned(
        method="closed-form",
        base=base.weights.fingerprint,
        offset=np.zeros(wide, np.float32),
        axes=np.zeros((wide, 2), np.float32),
        residual={"landmarks": zeros[:1, :2], "coefficients": zeros[:1]},
        tower=zeros,
        picture_mean=zeros[0],
        text_mean=zeros[0],
        picture_bank=base.picture_bank[:5],
        calibration={},
        encoders={"text_encoder": "t1 t1-here"},
    )
    learned.write(found, folder, (shipped.FOLDER / shipped.FILE_NAME).read_bytes())


def test_a_folder_with_a_trained_mapping_opens_as_one(tmp_path: Path) -> None:
    trained(tmp_path)
    assert isinstance(opening.load(tmp_path, threads=2), LearnedMapping)


def test_a_folder_with_the_closed_form_alone_opens_as_that(tmp_path: Path) -> None:
    shipped.write(closed_form.load().weights, tmp_path)
    assert isinstance(opening.load(tmp_path), ClosedFormMapping)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match="no mapping in"):
        opening.load(tmp_path)


def test_other_encoders_are_refused_and_unknown_roles_are_not(tmp_path: Path) -> None:
    trained(tmp_path)
    opening.load(tmp_path, encoders={"text_encoder": "t1", "transcriber": "any"})
    opening.load(tmp_path, encoders={"text_encoder": "t1-here"})
    with pytest.raises(
        ModelError, match="trained with the text encoder t1 t1-here, and t2 is in use"
    ):
        opening.load(tmp_path, encoders={"text_encoder": "t2"})
