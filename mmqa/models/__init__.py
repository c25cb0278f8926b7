"""Model files: presets as data; pull, convert, verify, doctor."""
