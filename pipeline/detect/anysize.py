"""Weights whose file fixes the input's size, made to take any: only what the file declares is rewritten.

A network of convolutions does not care how large its input is, but exporters write the size at hand into the file, and
a square for a wide picture is padding for two fifths. ONNX is a Protocol Buffers message (onnx.proto3 names the fields;
protobuf.dev/programming-guides/encoding the wire format); the package onnx would do the same for 70 MB more.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.errors import ModelError

GRAPH = 7
"""Field of ModelProto. Those of GraphProto:"""
INITIALIZER, INPUT, OUTPUT, VALUE_INFO = 5, 11, 12, 13
NAME, TYPE = 1, 2
"""Fields of ValueInfoProto; an initializer has its name in field 8."""
TENSOR_NAME = 8
BYTES = 2
"""The wire type of whatever has a length."""

Field = tuple[int, bytes, bytes]
"""Number, the whole field as it stands, and what it holds (empty where it has no length)."""


def any_size(model: bytes) -> bytes:
    """The same model with height and width of its one picture (1, 3, H, W) left open.

    Shapes of what comes in between and out, which follow from it, are no longer declared. Whether the graph bears
    another size shows when it is run.

    Raises:
        ModelError: the bytes are no ONNX model with one picture as its input.
    """
    try:
        return b"".join(_put(GRAPH, _open(held)) if number == GRAPH else raw for number, raw, held in _fields(model))
    except (IndexError, StopIteration) as error:
        raise ModelError("not a model whose input's size can be left open") from error


def _open(graph: bytes) -> bytes:
    fields = list(_fields(graph))
    constants = {_held(held, TENSOR_NAME) for number, _, held in fields if number == INITIALIZER}
    pictures = [held for number, _, held in fields if number == INPUT and _held(held, NAME) not in constants]
    if len(pictures) != 1:
        raise ModelError(f"the model takes {len(pictures)} inputs, not one picture")
    return b"".join(_opened(field, constants) for field in fields if field[0] != VALUE_INFO)


def _opened(field: Field, constants: set[bytes]) -> bytes:
    number, raw, held = field
    if number == OUTPUT:
        return _put(OUTPUT, _described(held, b""))
    if number == INPUT and _held(held, NAME) not in constants:
        shape = b"".join(_put(1, side) for side in (_whole(1), _whole(3), _named(b"height"), _named(b"width")))
        return _put(INPUT, _described(held, _put(2, shape)))
    return raw


def _described(value: bytes, shape: bytes) -> bytes:
    """A ValueInfoProto with another shape: its name, and of its tensor type the element type alone."""
    tensor = _held(_held(value, TYPE), 1)
    element = next(raw for number, raw, _ in _fields(tensor) if number == 1)
    return _put(NAME, _held(value, NAME)) + _put(TYPE, _put(1, element + shape))


def _held(message: bytes, number: int) -> bytes:
    return next(held for each, _, held in _fields(message) if each == number)


def _fields(message: bytes) -> Iterator[Field]:
    at = 0
    while at < len(message):
        start = at
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        held = b""
        if wire == 0:
            _, at = _varint(message, at)
        elif wire == BYTES:
            length, at = _varint(message, at)
            held, at = message[at : at + length], at + length
        else:
            at += {1: 8, 5: 4}.get(wire, len(message) + 1)
        if at > len(message):
            raise IndexError("a field goes past its message")
        yield number, message[start:at], held


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value, at, shift = value | (byte & 127) << shift, at + 1, shift + 7
        if byte < 128:
            return value, at


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes((*out, value))


def _put(number: int, held: bytes) -> bytes:
    return _number(number << 3 | BYTES) + _number(len(held)) + held


def _whole(side: int) -> bytes:
    """A dimension of that many."""
    return _number(1 << 3) + _number(side)


def _named(name: bytes) -> bytes:
    """A dimension that is left open."""
    return _put(2, name)
