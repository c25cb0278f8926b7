"""Fitting what the package ships: beside the flows, never inside them."""
