"""The embedded vision-language model: image grid → connector → small language model."""
