"""Faults of a site file in words: file, line, key, value and what is allowed."""

from __future__ import annotations

import json
import types
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pipeline.secrets import HIDDEN, redact
from pipeline.site.document import Node, key_text
from pipeline.site.fields import nearest

Path = tuple[str | int, ...]
_MISSING = object()
_NEVER_SHOWN = frozenset({"password", "secret", "bearer", "url", "fail_url"})
"""Keys whose value may be a credential that somebody wrote down although it should stand elsewhere."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault. `value` is shown as it stands in the file, shortened and without credentials."""

    line: int
    key: str
    value: str
    allowed: str

    def text(self, name: str) -> str:
        return f"{name}:{self.line}: {self.key}: {self.value}: {self.allowed}"


def fault_at(root: Node, path: Path, allowed: str) -> Fault:
    """A fault at a place of the document; a place that is not there is told as missing, on its parent's line."""
    node, found = root, 0
    for part in path:
        child = node.get(part)
        if child is None:
            break
        node, found = child, found + 1
    value = node.value if found == len(path) else _MISSING
    hidden = value is not _MISSING and bool(path) and path[-1] in _NEVER_SHOWN
    return Fault(node.line, key_text(path) or "(document)", HIDDEN if hidden else _shown(value), allowed)


def model_faults(root: Node, model: type[BaseModel], error: ValidationError) -> list[Fault]:
    """What pydantic found, put into the words and onto the lines of the document."""
    return [_fault(root, model, detail) for detail in error.errors(include_url=False)]


def choice(allowed: Iterable[str], *, what: str, got: str) -> str:
    """`unknown zone; there are bay, door, did you mean bay?`."""
    names = list(allowed)
    listed = f"there are {', '.join(names)}{nearest(got, names)}" if names else "there are none"
    return f"unknown {what}; {listed}"


def _fault(root: Node, model: type[BaseModel], detail: ErrorDetails) -> Fault:
    path = _real_path(root, detail["loc"])
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        names = _keys_at(model, detail["loc"][:-1])
        allowed = f"unknown key; allowed are {', '.join(names)}{nearest(str(path[-1]), names)}"
    elif kind == "missing":
        allowed = "this key is needed"
    elif kind == "union_tag_invalid":
        path, allowed = (*path, "kind"), f"one of {str(context['expected_tags']).replace(chr(39), '')}"
    elif kind == "union_tag_not_found":
        path, allowed = (*path, "kind"), f"this key is needed: one of {', '.join(_tags(model, detail['loc']))}"
    elif kind == "value_error":
        allowed = f"allowed: {context['error']}"
    else:
        allowed = "allowed: " + _plain(kind, context, detail["msg"])
    return fault_at(root, path, allowed)


_PLAIN = {
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of {ge} or more",
    "less_than": "a number below {lt}",
    "less_than_equal": "a number of {le} or less",
    "literal_error": "{expected}",
    "float_type": "a number",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "a text",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
    "tuple_type": "a list",
    "finite_number": "a finite number",
    "too_short": "at least {min_length} of them",
    "string_too_short": "a text that is not empty",
    "string_too_long": "a text of at most {max_length} letters",
}


def _plain(kind: str, context: dict[str, Any], message: str) -> str:
    if kind == "too_long":  # a tuple of fixed length, such as a point
        return f"a list of {context['max_length']}"
    template = _PLAIN.get(kind)
    if template is None:
        return message.replace("Input should be ", "").replace("Field required", "a value")
    words = {key: f"{value:g}" if isinstance(value, float) else str(value) for key, value in context.items()}
    return template.format(**words).replace("'", "")


def _real_path(root: Node, loc: Sequence[str | int]) -> Path:
    """pydantic's location without what only pydantic knows: union tags and its marker for keys."""
    path: list[str | int] = []
    node: Node | None = root
    for part in loc:
        if node is not None and not node.children and not isinstance(node.value, dict | tuple):
            break  # one text where a list of texts is allowed too
        if part == "[key]" or (node is not None and node.is_kind(part)):
            continue
        path.append(part)
        node = None if node is None else node.get(part)
    return tuple(path)


def _keys_at(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """The keys that the model at a location knows, in the order in which it lists them."""
    found = _type_at(model, loc)
    if not (isinstance(found, type) and issubclass(found, BaseModel)):
        return []
    return [field.alias or name for name, field in found.model_fields.items()]


def _type_at(model: type[BaseModel], loc: Sequence[str | int]) -> Any:
    here: Any = model
    for part in loc:
        here = _bare(here)
        if get_origin(here) in (Union, types.UnionType):
            here = next((one for one in get_args(here) if _tag(one) == part), None)
        elif get_origin(here) is dict:
            here = get_args(here)[1]
        elif get_origin(here) is tuple:
            here = get_args(here)[0]
        elif isinstance(here, type) and issubclass(here, BaseModel):
            field = here.model_fields.get(str(part))
            here = None if field is None else field.annotation
        else:
            return None
    return _bare(here)


def _bare(annotation: Any) -> Any:
    """Without Annotated and without `| None`."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        some = [one for one in get_args(annotation) if one is not type(None)]
        return _bare(some[0]) if len(some) == 1 else annotation
    return annotation


def _tags(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    union = _type_at(model, loc)
    return [tag for tag in (_tag(one) for one in get_args(union)) if tag]


def _tag(model: Any) -> str | None:
    field = model.model_fields.get("kind") if isinstance(model, type) and issubclass(model, BaseModel) else None
    return str(get_args(field.annotation)[0]) if field and get_origin(field.annotation) is Literal else None


def _reads_as_another(text: str) -> bool:
    """Whether a text would be a number or a truth value without its quotes, which are what is wrong with it."""
    try:
        return isinstance(json.loads(text.strip().lower()), int | float | bool)
    except ValueError:
        return False


def _shown(value: Any) -> str:
    if value is _MISSING:
        return "(missing)"
    plain = isinstance(value, str) and not _reads_as_another(value)
    text = redact(value) if plain else json.dumps(value, default=str, ensure_ascii=False)
    text = redact(text).replace("\n", " ")
    return text if len(text) <= 80 else text[:77] + "..."
