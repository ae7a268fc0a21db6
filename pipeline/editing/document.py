"""Changes in the text of a site file that leave everything else as it stands: comments, order, quotes, numbers."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from pipeline.errors import SiteError
from pipeline.site.document import read_document

Plain = Any
"""What JSON holds: str, int, float, bool, None, lists, objects."""

_WIDTH = 118
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class SiteDocument:
    """A site file's text, changed by key and written back. `name` is the file's path, for messages.

    Raises:
        SiteError: the text cannot be read as a site file's YAML.
    """

    def __init__(self, text: str, name: str) -> None:
        read_document(text, name)  # refuses what a site file must not have, with its line
        self._name = name
        self._yaml = _yaml()
        try:
            root = self._yaml.load(text)
        except YAMLError as error:
            raise SiteError(f"{name}: {str(error).splitlines()[0]}") from None
        self._root: CommentedMap = root if isinstance(root, CommentedMap) else CommentedMap()

    def text(self) -> str:
        out = io.StringIO()
        self._yaml.dump(self._root, out)
        return out.getvalue()

    def get(self, *keys: str) -> Plain:
        """The plain value at a path of keys, or None."""
        value: Any = self._root
        for key in keys:
            if not isinstance(value, Mapping) or key not in value:
                return None
            value = value[key]
        return _plain(value)

    def put(self, value: Plain, *keys: str) -> None:
        """Set the value at a path of keys; what is equal already is not touched, None removes.

        Raises:
            SiteError: the path leads through something that is not a mapping.
        """
        parent = self._root
        for depth, key in enumerate(keys[:-1]):
            found = parent.get(key)
            if found is None:
                if value is None:
                    return
                found = parent[key] = CommentedMap()
            if not isinstance(found, CommentedMap):
                raise SiteError(f"{self._name}: {'.'.join(keys[: depth + 1])}: a mapping is needed there")
            parent = found
        _set(parent, keys[-1], value)


def _yaml() -> YAML:
    yaml = YAML(typ="rt", pure=True)
    yaml.preserve_quotes = True
    yaml.width = _WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.allow_duplicate_keys = False
    resolver = yaml.resolver
    for rules in resolver.versioned_resolver.values():  # times stay texts, as our own reader has them
        rules[:] = [rule for rule in rules if rule[0] != _TIMESTAMP]
    return yaml


def _set(parent: CommentedMap, key: str, value: Plain) -> None:
    if value is None:
        parent.pop(key, None)
        return
    old = parent.get(key)
    if key in parent and _plain(old) == value:
        return
    if isinstance(old, CommentedMap) and isinstance(value, Mapping):
        _merge_mapping(old, value)
    elif _listed_by_id(old) and _listed_by_id(value):
        _merge_by_id(old, value)
    else:
        parent[key] = _written(value)


def _merge_mapping(old: CommentedMap, new: Mapping[str, Plain]) -> None:
    for gone in [key for key in old if key not in new]:
        del old[gone]
    for key, value in new.items():
        _set(old, key, value)


def _listed_by_id(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and bool(value) and all(
        isinstance(item, Mapping) and "id" in item for item in value
    )  # fmt: skip


def _merge_by_id(old: CommentedSeq, new: Sequence[Mapping[str, Plain]]) -> None:
    """Rules are known by their id: one that stays keeps its comments, also where others come or go."""
    known = {str(item["id"]): item for item in old}
    fresh: list[Any] = []
    for value in new:
        item = known.get(str(value["id"]))
        if isinstance(item, CommentedMap):
            _merge_mapping(item, value)
        else:
            item = _written(value)
        fresh.append(item)
    if [id(item) for item in fresh] == [id(item) for item in old]:
        return
    while len(old):
        old.pop()
    old.extend(fresh)


def _written(value: Plain) -> Any:
    """New values as people write them: short ones on one line."""
    if isinstance(value, Mapping):
        made = CommentedMap((str(key), _written(one)) for key, one in value.items())
        if _flat(value):
            made.fa.set_flow_style()
        return made
    if isinstance(value, Sequence) and not isinstance(value, str):
        listed = CommentedSeq(_written(one) for one in value)
        if not any(isinstance(one, Mapping) for one in value):
            listed.fa.set_flow_style()
        return listed
    return value


def _flat(value: Mapping[str, Plain]) -> bool:
    return not any(isinstance(one, Mapping) and one for one in value.values()) and not any(
        _listed_by_id(one) for one in value.values()
    )


def _plain(value: Any) -> Plain:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    if isinstance(value, bool) or value is None:
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value
