"""Prompt templates and how evidence is laid out in them."""
