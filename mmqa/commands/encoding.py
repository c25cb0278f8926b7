"""What training commands encode their rows with.

Knows: which parts of a configuration encode pictures, words and recordings, within which limits.
Refuses to know: which rows there are, and what is trained.
"""

from __future__ import annotations

from mmqa.corpora.fetch import default_folder
from mmqa.media.reader import FileReader
from mmqa.parts import Parts
from mmqa.training.feature_cache import FeatureCache
from mmqa.training.pair_features import Encoders


def encoders(parts: Parts) -> Encoders:
    """The encoders of a configuration; recordings are listened to only where there are any."""
    reader = FileReader.within(parts.config)
    return Encoders(parts.image_encoder, parts.text_encoder, lambda: parts.transcriber, reader)


def feature_cache() -> FeatureCache:
    """Where encoded rows are kept, beside the corpora."""
    return FeatureCache(default_folder() / "pairs")
