"""Features of one modality → the space of another (cross-modal mapping), and prompt words."""
