"""The part of Protocol Buffers that a tf.train.Example needs (https://protobuf.dev/programming-guides/encoding).

Example  { Features features = 1; }
Features { map<string, Feature> feature = 1; }          a map is repeated { string key = 1; Feature value = 2; }
Feature  { BytesList = 1 | FloatList = 2 | Int64List = 3, each { repeated value = 1; } }
"""

from collections.abc import Iterator

BYTES_LIST, INT64_LIST = 1, 3
VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5

Value = int | bytes
Feature = list[bytes] | list[int]


def parse_example(message: bytes) -> dict[str, Feature]:
    """Return the bytes and integer features of an Example, by name. Raises ValueError for an invalid message."""
    features: dict[str, Feature] = {}
    for block in _inside(message, 1):
        for pair in _inside(block, 1):
            key, value = b"".join(_inside(pair, 1)), b"".join(_inside(pair, 2))
            features[key.decode()] = _feature(value)
    return features


def _feature(message: bytes) -> Feature:
    texts = [text for part in _inside(message, BYTES_LIST) for text in _inside(part, 1)]
    return texts or [number for part in _inside(message, INT64_LIST) for number in _integers(part)]


def _inside(message: bytes, wanted: int) -> list[bytes]:
    """Return the messages, strings or packed values in field `wanted`."""
    return [value for field, value in _fields(message) if field == wanted and isinstance(value, bytes)]


def _integers(message: bytes) -> Iterator[int]:
    """Yield the integers of a list, packed or one by one."""
    for field, value in _fields(message):
        if field == 1 and isinstance(value, int):
            yield value
        elif field == 1:
            assert isinstance(value, bytes), "a field is a number or bytes"
            place = 0
            while place < len(value):
                number, place = _varint(value, place)
                yield number


def _fields(message: bytes) -> Iterator[tuple[int, Value]]:
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        kind = tag & 7
        if kind == VARINT:
            value, place = _varint(message, place)
            yield tag >> 3, value
            continue
        size = {FIXED64: 8, FIXED32: 4}.get(kind)
        if kind == LENGTH:
            size, place = _varint(message, place)
        if size is None or place + size > len(message):
            raise ValueError("not a whole message")
        yield tag >> 3, message[place : place + size]
        place += size


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(message):
            raise ValueError("not a whole message")
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place += 1
        if byte < 0x80:
            return value, place
    raise ValueError("a number of more than 10 bytes")
