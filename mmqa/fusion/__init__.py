"""Vectors per modality → one vector that is stored and asked."""
