"""What operators are told when something cannot be done.

LookupError
  Unknown      no such thing (404)
ValueError
  Conflict     somebody else was first (409)
  Forbidden    the rules of the desk do not allow it (422)
"""

from __future__ import annotations


class Unknown(LookupError):  # noqa: N818
    """No such alert, incident or shelf."""


class Conflict(ValueError):  # noqa: N818
    """Somebody else was first; the message says who and when it was."""


class Forbidden(ValueError):  # noqa: N818
    """The rules of the desk or the site's protocol do not allow it; the message says what is missing."""
