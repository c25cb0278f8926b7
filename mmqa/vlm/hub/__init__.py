"""Vision-language models of a model hub, through transformers."""
