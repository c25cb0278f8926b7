"""Cleaned media → numbers and words: one file per extractor."""
