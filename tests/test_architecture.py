"""The shape of the tree: what may import what, what the top level holds, who may ask for the time."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted([*ROOT.glob("rules/**/*.py"), *ROOT.glob("pipeline/**/*.py")])


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def test_import_contracts_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", [p for p in SOURCES if p.is_relative_to(ROOT / "rules")], ids=str)
def test_rules_import_only_the_standard_library_and_numpy(path: Path) -> None:
    allowed = set(sys.stdlib_module_names) | {"numpy", "rules"}
    assert {name.split(".")[0] for name in imports(path)} <= allowed


@pytest.mark.parametrize("path", [p for p in SOURCES if p.is_relative_to(ROOT / "rules")], ids=str)
def test_rules_do_no_io_and_ask_no_clock(path: Path) -> None:
    forbidden = {"time", "os", "pathlib", "logging", "random", "socket", "subprocess", "threading", "sqlite3"}
    assert not {name.split(".")[0] for name in imports(path)} & forbidden
    calls = {
        n.func.id
        for n in ast.walk(ast.parse(path.read_text()))
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
    }
    assert not calls & {"open", "print", "input"}


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_the_core_never_imports_ultralytics_at_module_level(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    top |= {node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)}
    assert not any(name.split(".")[0] in {"ultralytics", "torch"} for name in top)


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name != "clock.py"], ids=str)
def test_only_the_clock_asks_for_wall_time(path: Path) -> None:
    calls = [ast.unparse(n.func) for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
    assert not {"time.time", "datetime.now", "datetime.datetime.now", "datetime.utcnow", "date.today"} & set(calls)


def test_only_bootstrap_joins_the_stages() -> None:
    joiners = {"bootstrap.py"}
    stages = ("pipeline.video", "pipeline.detect", "pipeline.track", "pipeline.alerts")
    for path in SOURCES:
        folder = path.relative_to(ROOT).parts[:-1]
        if path.name in joiners or "commands" in folder or "engine" in folder or "evaluate" in folder:
            continue
        met = {stage for stage in stages if any(name.startswith(stage) for name in imports(path))}
        assert len(met) <= 1, f"{path.relative_to(ROOT)} joins {sorted(met)}"


def test_the_top_level_is_the_one_agreed() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    top = {name.split("/")[0] for name in tracked if name}
    allowed = {
        "pyproject.toml", "pipeline", "models", "rules", "sample_videos", "tests", "benchmarks", "README.md",
        "Makefile", "LICENSE", "CHANGELOG.md", ".ci", ".gitignore", ".gitattributes", "constraints.txt",
    }  # fmt: skip
    assert top <= allowed, sorted(top - allowed)


def test_weights_and_footage_of_others_are_not_committed() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    assert not [name for name in tracked if name.endswith((".onnx", ".pt", ".engine", ".gif"))]


def test_packages_of_the_wheel_are_named_once() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert config["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["pipeline", "rules"]
