"""What found segments say: sentences, which of them answers, whether an answer stands in them."""
