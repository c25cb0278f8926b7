"""Measuring: suites, metrics, benches. Never reads what was fitted on."""
