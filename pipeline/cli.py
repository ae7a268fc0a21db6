"""`nightjar ...`: finds the command's module in `pipeline/commands/` and runs it.

Exit codes: 0 done, 1 the answer is no (a check failed), 2 bad input, 130 interrupted.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from importlib.metadata import version
from types import ModuleType

from pipeline.errors import BadInput, NightjarError

COMMANDS = (
    "demo", "init", "run", "check", "analyze", "track", "replay", "why", "routes", "score", "models", "samples",
    "bench", "report", "evidence", "erase", "account", "audit", "backup", "restore",
)  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; errors go to stderr in a sentence, never as a traceback."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = build_parser(only=arguments[0] if arguments and arguments[0] in COMMANDS else None)
    args = parser.parse_args(arguments)
    try:
        return int(args.run(args))
    except BadInput as error:
        print(f"nightjar: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except NightjarError as error:
        print(f"nightjar: {error}", file=sys.stderr)  # noqa: T201
        return 1
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        return 130


def build_parser(*, only: str | None = None) -> argparse.ArgumentParser:
    """The whole parser, or just one command's, so that `nightjar track` does not import the API."""
    parser = argparse.ArgumentParser(prog="nightjar", description="An extra pair of eyes on behaviour.")
    parser.add_argument("--version", action="version", version=f"nightjar {version('nightjar')}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in (only,) if only else COMMANDS:
        _module(name).add_to(subparsers)
    return parser


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"pipeline.commands.{name}")
