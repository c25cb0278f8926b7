"""The index on disk: the catalogue (SQLite, the truth) and FAISS segments (derived from it)."""
