"""YAML text -> plain values that remember their lines: the strict part of YAML 1.2 that a site file needs.

Refused: aliases and anchors (and with them every alias bomb), tags, duplicate keys, several documents, nesting past
`MAX_DEPTH`, more than `MAX_BYTES`. Scalars follow the core schema (yaml.org/spec/1.2.2, 10.3.2): `NO` and `22:00` and
dates stay texts. Keys are always texts, as they are written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from pipeline.errors import SiteError

MAX_BYTES = 1 << 20
MAX_DEPTH = 24

_NULL = {"", "~", "null", "Null", "NULL"}
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_NO_NUMBER = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands. `line` counts from 1; for a value of a mapping it is the line of its key."""

    value: Any
    line: int
    children: dict[str | int, Node] = field(default_factory=dict)

    def get(self, key: str | int) -> Node | None:
        return self.children.get(key)

    def is_kind(self, kind: str | int) -> bool:
        """Whether this is a mapping whose `kind` says so: the tag of a union."""
        named = self.children.get("kind")
        return named is not None and named.value == kind and kind not in self.children


def read_document(text: str, name: str) -> Node:
    """The one document in `text`; mappings become dict, sequences tuple, scalars str, int, float, bool or None.

    Raises:
        SiteError: not YAML, or something in it that a site file must not have; names the line.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise SiteError(f"{name}:1: (document): too large: at most {MAX_BYTES} bytes are allowed")
    try:
        return _Reader(text, name).document()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise SiteError(f"{name}:{line}: (document): {error.problem or 'not YAML'}: YAML 1.2 is allowed") from None
    except YAMLError as error:
        cause = str(error).splitlines()[0]
        raise SiteError(f"{name}:1: (document): {cause}: YAML 1.2 in UTF-8 is allowed") from None


class _Reader:
    """Builds nodes from parser events in one pass, so that a bomb is refused at its first anchor."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self.events: Iterator[Event] = YAML(typ="safe", pure=True).parse(text)

    def document(self) -> Node:
        root: Node | None = None
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                if root is not None:
                    raise self.refused(event, "(document)", "a second document", "one document")
                root = self.node(next(self.events), ())
        if root is None or root.value is None:
            raise SiteError(f"{self.name}:1: (document): empty: a mapping with site and cameras is needed")
        if not isinstance(root.value, dict):
            raise SiteError(f"{self.name}:{root.line}: (document): not a mapping: a mapping with site and cameras")
        return root

    def node(self, event: Event, path: tuple[str | int, ...], line: int | None = None) -> Node:
        where = key_text(path) or "(document)"
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            raise self.refused(event, where, "an alias or anchor", "plain values, written out")
        tag = getattr(event, "tag", None)
        if tag:
            raise self.refused(event, where, f"tag {tag}", "plain values without tags")
        if len(path) > MAX_DEPTH:
            raise self.refused(event, where, "nested too deeply", f"at most {MAX_DEPTH} levels")
        line = _line(event) if line is None else line
        if isinstance(event, MappingStartEvent):
            return self.mapping(path, line)
        if isinstance(event, SequenceStartEvent):
            return self.sequence(path, line)
        return Node(_scalar(event), line)

    def mapping(self, path: tuple[str | int, ...], line: int) -> Node:
        children: dict[str | int, Node] = {}
        for event in self.events:
            if isinstance(event, MappingEndEvent):
                break
            if not isinstance(event, ScalarEvent) or event.anchor or event.tag:
                where = key_text(path) or "(document)"
                raise self.refused(event, where, "a key that is no plain text", "texts as keys")
            key = str(event.value)
            if key in children:
                twice = f"duplicate key (first on line {children[key].line})"
                raise self.refused(event, key_text((*path, key)), twice, "each key once")
            children[key] = self.node(next(self.events), (*path, key), _line(event))
        return Node({key: child.value for key, child in children.items()}, line, children)

    def sequence(self, path: tuple[str | int, ...], line: int) -> Node:
        children: dict[str | int, Node] = {}
        for event in self.events:
            if isinstance(event, SequenceEndEvent):
                break
            children[len(children)] = self.node(event, (*path, len(children)))
        return Node(tuple(child.value for child in children.values()), line, children)

    def refused(self, event: Event, where: str, what: str, allowed: str) -> SiteError:
        return SiteError(f"{self.name}:{_line(event)}: {where}: {what}: {allowed} allowed")


def key_text(path: tuple[str | int, ...]) -> str:
    """('cameras', 'dock', 'rules', 0) -> `cameras.dock.rules[0]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _line(event: Event) -> int:
    return int(event.start_mark.line) + 1 if event.start_mark else 1


def _scalar(event: Event) -> str | int | float | bool | None:
    assert isinstance(event, ScalarEvent)
    text = str(event.value)
    if event.style is not None:  # quoted or block: always a text
        return text
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else _decimal(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _NO_NUMBER.fullmatch(text):
        return float(text.replace(".", ""))
    return text


def _decimal(text: str) -> int | float:
    return int(text) if len(text) <= 18 else float(text)
