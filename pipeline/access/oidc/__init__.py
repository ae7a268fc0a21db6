"""Signing in at a site's own OpenID Connect provider: what is configured, asked, checked, and whom it makes."""
