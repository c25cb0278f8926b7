"""Models of transformers, loaded whole or not at all.

Knows: what transformers reports of weights that are missing or of another size. Refuses to know:
which model it is, and where it is run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmqa.errors import ModelError

ROLE = "language_model"


class Whole:
    """An auto class of transformers that never makes weights up.

    Where weights are missing, transformers sets random ones, and warns at most; where they have
    other sizes, it says so in a report that nobody sees.

    Args:
        auto: e.g. ``AutoModelForCausalLM``.
    """

    def __init__(self, auto: Any) -> None:
        self._auto = auto

    def from_pretrained(self, folder: Path, **options: Any) -> Any:
        """As ``auto.from_pretrained``.

        Raises:
            ModelError: Weights are missing, or of another size.
        """
        model, told = self._auto.from_pretrained(
            folder, output_loading_info=True, ignore_mismatched_sizes=True, **options
        )
        unfit = {str(mismatch[0]) for mismatch in told["mismatched_keys"]}
        wrong = sorted({*told["missing_keys"], *unfit})
        if wrong:
            raise ModelError(
                ROLE,
                f"the weights in {str(folder)!r} are not those of a {type(model).__name__}:"
                f" {len(wrong)} are missing or of another size, e.g. {wrong[0]}",
                "Pull it again, or choose another model.",
            )
        return model

    def from_config(self, config: Any) -> Any:
        """As ``auto.from_config``."""
        return self._auto.from_config(config)
