"""``chat``: start the Streamlit pages on localhost.

Knows: how the chat is launched. Refuses to know: what it shows; pages use only the façade.
"""

from __future__ import annotations

from argparse import Namespace
from importlib import import_module

from mmqa.commands.output import settings
from mmqa.library import Library


def chat(options: Namespace) -> int:
    """Check that the index can be opened, then serve the chat until Ctrl-C."""
    config = settings(options)
    Library.open(config=config).close()
    launch = import_module("ui.launch")
    return int(launch.run(port=options.port, index=config.index))
