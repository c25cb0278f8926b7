"""Files → cleaned media: scan, sniff, decode, clean, flag quality."""
