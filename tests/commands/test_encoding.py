"""What rows are encoded with keeps to the limits of the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from mmqa.commands.encoding import encoders, feature_cache
from mmqa.config import Config
from mmqa.corpora.fetch import default_folder
from mmqa.errors import MediaError
from mmqa.parts import Parts


@pytest.mark.weights
def test_a_picture_is_read_within_the_limits_of_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (40, 30), "red").save(path)
    parts = Parts(Config(max_pixels=1000))
    found = encoders(parts)
    assert (found.image, found.text) == (parts.image_encoder, parts.text_encoder)
    with pytest.raises(MediaError, match="1,000"):
        found.reader.read(path)


def test_encoded_rows_are_kept_beside_the_corpora() -> None:
    assert feature_cache().folder == default_folder() / "pairs"
