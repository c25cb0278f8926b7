"""How what is seen, read and heard feels: negative, neutral or positive, by modality and fused."""
