"""ONNX models written by hand, as the package ``onnx`` is not needed otherwise."""

from __future__ import annotations

from collections.abc import Sequence

Shape = Sequence[int | str]
FLOAT, UINT8 = 1, 2


def onnx_file(shape: Shape, kind: int = FLOAT, places: tuple[int, int] = (2, 3)) -> bytes:
    """A model whose outputs are ``means`` (over the axes ``places``, kept) and ``same`` (its input as float)."""
    cast = _bytes(5, _bytes(1, "to") + _number(3, FLOAT) + _number(20, 2))
    nodes = [_node("Cast", "image", "same", cast), _node("ReduceMean", "same", "means", _axes(*places))]
    kept: Shape = [1 if axis in places else side for axis, side in enumerate(shape)]
    return _model(nodes, ("image", kind, shape), [("means", FLOAT, kept), ("same", FLOAT, shape)])


def grey_file(height: int, width: int) -> bytes:
    """A model without weights: the grey picture as one vector of ``height * width`` values."""
    nodes = [_node("ReduceMean", "image", "grey", _axes(1)), _node("Flatten", "grey", "values")]
    return _model(nodes, ("image", FLOAT, ["n", 3, height, width]), [("values", FLOAT, ["n", height * width])])


def _model(nodes: Sequence[bytes], given: tuple[str, int, Shape], results: Sequence[tuple[str, int, Shape]]) -> bytes:
    graph = (
        b"".join(_bytes(1, node) for node in nodes)
        + _bytes(2, "tiny")
        + _bytes(11, _value(*given))
        + b"".join(_bytes(12, _value(*result)) for result in results)
    )
    return _number(1, 8) + _bytes(7, graph) + _bytes(8, _number(2, 13))


def _axes(*axes: int) -> bytes:
    return _bytes(5, _bytes(1, "axes") + b"".join(_number(8, axis) for axis in axes) + _number(20, 7))


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes | str) -> bytes:
    body = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(body)) + body


def _value(name: str, kind: int, shape: Shape) -> bytes:
    sides = b"".join(_bytes(1, _bytes(2, side) if isinstance(side, str) else _number(1, side)) for side in shape)
    return _bytes(1, name) + _bytes(2, _bytes(1, _number(1, kind) + _bytes(2, sides)))


def _node(op: str, source: str, target: str, attributes: bytes = b"") -> bytes:
    return _bytes(1, source) + _bytes(2, target) + _bytes(3, target) + _bytes(4, op) + attributes
