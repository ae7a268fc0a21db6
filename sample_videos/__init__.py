"""Nightjar's own sample footage, its truth, and the renderer that draws it."""
