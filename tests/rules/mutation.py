"""Would a test notice? Every comparison, sum, constant and condition of a rules module is changed, one at a time.

    python -m tests.rules.mutation [MODULE ...] [--share .25] [--seconds 3600] [--json]

Each mutant runs the module's tests in a process forked from one that has everything else loaded, until the first test
fails (killed) or all pass (survived). Survivors that cannot matter are listed with the reason in `mutants.txt`; any
other makes this end with code 1, as does a listed one that is killed or gone. mutmut and cosmic-ray start an
interpreter a mutant, which costs more than most of these tests take.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import importlib.abc
import importlib.machinery
import importlib.util
import json
import math
import multiprocessing
import os
import random
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import hypothesis  # noqa: F401  loaded before the fork, as is numpy
import numpy as np  # noqa: F401
import pytest

ROOT = Path(__file__).resolve().parents[2]
KNOWN = Path(__file__).with_name("mutants.txt")
REWRITTEN = "ignore:Module already imported:pytest.PytestAssertRewriteWarning"
LEAST_S = 10
"""A mutant that takes more CPU than this, and than ten times the sound module, never ends: killed."""

TESTS = {
    "calendar": ("test_calendar", "test_calendar_edges", "test_calendar_hours"),
    "hours": ("test_calendar_hours", "test_calendar", "test_calendar_edges"),
    "geometry": ("test_geometry", "test_line_crossing"),
    "loitering": ("test_loitering", "test_loitering_kinds"),
    "stay": ("test_loitering", "test_loitering_kinds", "test_after_hours"),
    "dwell": ("test_loitering", "test_loitering_kinds"),
    "visits": ("test_loitering_kinds", "test_loitering"),
    "circle": ("test_loitering_kinds",),
    "group": ("test_loitering_kinds",),
    "after_hours": ("test_after_hours",),
    "line_crossing": ("test_line_crossing",),
    "occupancy": ("test_occupancy",),
    "corridor": ("test_route",),
    "passage": ("test_route",),
    "learned": ("test_route",),
    "route": ("test_route",),
    "stature": ("test_stature",),
    "walker": ("test_stature", "test_route"),
    "types": ("test_engine", "test_loitering", "test_route"),
    "base": ("test_engine", "test_loitering", "test_after_hours"),
    "engine": ("test_engine", "test_look_ahead"),
    "link": ("test_link",),
    "scene": ("test_engine", "test_link", "test_look_ahead", "test_loitering"),
}

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
COUNTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: `name` says what and where without line numbers, so that it lasts over edits elsewhere."""

    module: str
    name: str
    line: int
    tree: ast.Module


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """What a node may be changed into."""
    new = copy.deepcopy(node)
    if isinstance(new, ast.Compare) and type(new.ops[0]) in COMPARED:
        new.ops[0] = COMPARED[type(new.ops[0])]()
        yield new
    elif isinstance(new, ast.BinOp | ast.AugAssign) and type(new.op) in COUNTED:
        new.op = COUNTED[type(new.op)]()
        yield new
    elif isinstance(new, ast.BoolOp):
        new.op = ast.Or() if isinstance(new.op, ast.And) else ast.And()
        yield new
    elif isinstance(new, ast.UnaryOp) and isinstance(new.op, ast.Not | ast.USub | ast.Invert):
        yield new.operand
    elif isinstance(new, ast.Constant) and isinstance(new.value, bool):
        yield ast.Constant(not new.value)
    elif isinstance(new, ast.Constant) and isinstance(new.value, int | float):
        yield ast.Constant(new.value + 1)


def sites(tree: ast.AST, where: str = "") -> Iterator[tuple[str, ast.AST, str, int | None]]:
    """(function, parent, field, index) of every node that runs: no annotations, decorators, messages or f-strings."""
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns", "decorator_list", "exc", "msg"):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else ((None, value),):
            if not isinstance(child, ast.AST) or isinstance(child, ast.JoinedStr):
                continue
            named = isinstance(child, ast.FunctionDef | ast.ClassDef)
            inner = f"{where}.{child.name}".lstrip(".") if named else where
            yield inner, tree, name, index
            yield from sites(child, inner)


def mutants(module: str) -> Iterator[Mutant]:
    """All of a module's, in the order of its text."""
    text = (ROOT / "rules" / f"{module}.py").read_text(encoding="utf-8")
    tree = ast.parse(text)
    seen: dict[str, int] = {}
    for where, parent, name, index in sites(tree):
        slot = getattr(parent, name)
        node = slot if index is None else slot[index]
        for new in changes(node):
            _put(parent, name, index, ast.copy_location(new, node))
            said = f"{where}: {ast.unparse(node).splitlines()[0]} -> {ast.unparse(new).splitlines()[0]}"
            seen[said] = seen.get(said, 0) + 1
            count = f" ({seen[said]})" if seen[said] > 1 else ""
            mutated = ast.fix_missing_locations(copy.deepcopy(tree))
            _put(parent, name, index, node)
            yield Mutant(module, said + count, getattr(node, "lineno", 0), mutated)


def _put(parent: ast.AST, name: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(parent, name, node)
    else:
        getattr(parent, name)[index] = node


class Loader(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module of `rules` as a mutant."""

    def __init__(self, mutant: Mutant) -> None:
        self._name, self._tree = f"rules.{mutant.module}", mutant.tree

    def find_spec(self, name: str, path: object = None, target: object = None) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_loader(name, self) if name == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._tree, f"{self._name} (mutant)", "exec"), module.__dict__)


def _test(module: str, mutant: Mutant | None, limit_s: int) -> None:
    """In the forked process: all tests of a module within so much CPU; its exit code is pytest's.

    Without the plugins that are installed beside pytest: loading them takes eight times as long as most modules' tests.
    """
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s))
    with (
        Path(os.devnull).open("w") as nothing,
        contextlib.redirect_stdout(nothing),
        contextlib.redirect_stderr(nothing),
    ):
        os.chdir(ROOT)
        if mutant is not None:
            sys.meta_path.insert(0, Loader(mutant))
        paths = [str(ROOT / "tests" / "rules" / f"{name}.py") for name in TESTS[module]]
        code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-W", REWRITTEN, "-m", "not slow", *paths])
    os._exit(int(code))


def survives(module: str, mutant: Mutant | None, *, limit_s: int) -> bool:
    """Do all tests pass within so many seconds of CPU?"""
    process = multiprocessing.get_context("fork").Process(target=_test, args=(module, mutant, limit_s))
    process.start()
    process.join()
    return process.exitcode == 0


def _spent_s() -> float:
    """CPU of all forked processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def known() -> dict[tuple[str, str], str]:
    """(module, name) -> why it cannot matter. A line is `module | name | reason`."""
    lines = KNOWN.read_text(encoding="utf-8").splitlines() if KNOWN.exists() else []
    rows = [line.partition(" | ") for line in lines if " | " in line and line[0] != "#"]
    named = [(module.strip(), *rest.rpartition(" | ")[::2]) for module, _, rest in rows]
    return {(module, name.strip()): reason.strip() for module, name, reason in named}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"of {', '.join(TESTS)}; all by default")
    parser.add_argument("--share", type=float, default=1.0, help="run only this share of the mutants, drawn at random")
    parser.add_argument("--seconds", type=float, default=1e9, help="stop after so long, and say what was left")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    began, expected = time.monotonic(), known()
    counts: dict[str, dict[str, int]] = {}
    fresh: list[str] = []
    for module in args.modules or TESTS:
        chance = random.Random(module)
        every = [one for one in mutants(module) if chance.random() < args.share]
        chance.shuffle(every)
        count = counts[module] = {"killed": 0, "explained": 0, "survived": 0, "not run": 0}
        before_s = _spent_s()
        if not survives(module, None, limit_s=3600):
            parser.error(f"{module}: its tests do not pass as it is")
        limit_s = max(LEAST_S, math.ceil(10.0 * (_spent_s() - before_s)))
        for one in every:
            if time.monotonic() - began > args.seconds:
                count["not run"] += 1
                continue
            alive = survives(module, one, limit_s=limit_s)
            listed = (module, one.name) in expected
            kind = "killed" if not alive else "explained" if listed else "survived"
            count[kind] += 1
            if alive != listed:
                fresh.append(f"{module}:{one.line} | {one.name} | " + ("survived" if alive else "listed, but killed"))
                print(fresh[-1], file=sys.stderr, flush=True)
    if args.json:
        print(json.dumps({"modules": counts, "unexplained": fresh}))
    else:
        for module, count in counts.items():
            print(f"{module:14}" + ", ".join(f"{name} {number}" for name, number in count.items()))
    return 1 if fresh else 0


if __name__ == "__main__":
    sys.exit(main())
