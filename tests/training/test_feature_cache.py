"""What was encoded once is found again; what is damaged is not believed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmqa.training.feature_cache import FeatureCache, Seen

SEEN = Seen(np.array([1, 2], np.float32), np.array([0.25, 0.75], np.float32), "00ff")


def test_a_picture_comes_back_by_encoder_and_content(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    cache.keep_picture("encoder", "content", SEEN)
    found = FeatureCache(tmp_path).picture("encoder", "content")
    assert found is not None
    assert found.probabilities is not None
    assert (found.pooled.tolist(), found.probabilities.tolist()) == ([1, 2], [0.25, 0.75])
    assert found.phash == "00ff"
    assert cache.picture("another", "content") is None
    assert cache.picture("encoder", "other content") is None


def test_an_encoder_without_a_classifier_is_kept_too(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    cache.keep_picture("e", "c", Seen(SEEN.pooled, None, ""))
    found = cache.picture("e", "c")
    assert found is not None
    assert found.probabilities is None


def test_silence_is_not_the_same_as_not_listened_to(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    cache.keep_transcript("whisper", "silence", "")
    assert cache.transcript("whisper", "silence") == ""
    assert cache.transcript("whisper", "speech") is None


def test_texts_come_back_in_their_order_only(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    cache.keep_texts("e", ["a", "b"], np.eye(2, dtype=np.float32))
    found = cache.texts("e", ["a", "b"])
    assert found is not None
    assert found.tolist() == [[1, 0], [0, 1]]
    assert cache.texts("e", ["b", "a"]) is None


def test_a_damaged_entry_is_made_again(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    cache.keep_picture("e", "c", SEEN)
    (file,) = tmp_path.rglob("*.safetensors")
    file.write_bytes(file.read_bytes()[:40])
    assert cache.picture("e", "c") is None
    cache.keep_picture("e", "c", SEEN)
    assert cache.picture("e", "c") is not None
