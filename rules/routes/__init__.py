"""The learned model of usual routes: which ways people take, in which direction, at which pace."""

from rules.routes.model import RouteModel, RouteParams
from rules.routes.scorer import RouteScorer, Verdict
from rules.routes.walk import Track

__all__ = ["RouteModel", "RouteParams", "RouteScorer", "Track", "Verdict"]
