"""Everything of Nightjar that touches the world. `rules` is the pure centre."""

__version__ = "0.1.0"
