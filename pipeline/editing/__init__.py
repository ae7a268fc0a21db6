"""Changing a site: one document, kept in versions, tried on last week's tracks before it is saved."""
