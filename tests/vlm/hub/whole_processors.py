"""A process of its own: processors with their part for video, which needs torchvision.

Run as ``python whole_processors.py FOLDER``. For each family: builds the tiny model into FOLDER,
loads it as mmqa does, and leaves what the processor makes of two pictures (``FAMILY.safetensors``)
and what is told about it (``told.json``). Imported, it does nothing: pytest looks into every file.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def main(folder: Path) -> None:
    sys.path.insert(0, str(Path(__file__).parent))
    from torchvision_shim import use_torchvision

    use_torchvision()  # before transformers is imported, which looks for it then
    from two_pictures import FAMILIES

    told = {family: look(family, folder) for family in FAMILIES}
    (folder / "told.json").write_text(json.dumps(told), encoding="utf-8")


def look(family: str, folder: Path) -> dict[str, Any]:
    from safetensors.torch import save_file
    from tiny_models import build
    from two_pictures import prompt

    from mmqa.vlm.hub.loading import load
    from mmqa.vlm.options import LoadOptions

    options = LoadOptions(picture_pixels=100 * 100, quantization="none", device="cpu")
    model = load(build(family, folder / family), threads=1, options=options)
    made = model._layout.inputs([model._layout.lay_out(prompt())])
    save_file({k: t.contiguous() for k, t in made.items()}, folder / f"{family}.safetensors")
    processor = model._layout._processor
    return {
        "video": type(processor.video_processor).__name__,
        "counted": model._layout.count(prompt()),
        "answer": "".join(model.stream(prompt().messages, prompt().pictures, max_tokens=6)),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
