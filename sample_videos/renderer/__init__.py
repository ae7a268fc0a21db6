"""Draws the sample clips: people with a walk, a site, weather and light, and the exact truth of what was drawn."""
