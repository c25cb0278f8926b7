"""The embedded vision-language model: image grid → connector → small language model."""

from pathlib import Path

WEIGHTS = Path(__file__).with_name("weights")
"""The connector and adapters that the package carries."""
