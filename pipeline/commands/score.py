"""`nightjar score detections|tracks|events|routes`: figures against ground truth.

Each kind is a module of `pipeline.evaluate` with `add_to(subparsers)`, which sets its own `run`.
"""

from __future__ import annotations

import argparse
import importlib
from typing import Any

KINDS = ("detections", "tracks", "events", "routes")


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `score` and a subcommand for every kind."""
    parser = subparsers.add_parser("score", help="score results against ground truth", description=__doc__)
    kinds = parser.add_subparsers(metavar="KIND", required=True)
    for kind in KINDS:
        module: Any = importlib.import_module(f"pipeline.evaluate.{kind}")
        module.add_to(kinds)
