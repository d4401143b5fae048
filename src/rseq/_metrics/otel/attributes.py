"""Attributes as labels, which are texts, and back.

A text stands for itself, and everything else is its JSON: `"GET"` is GET, 200 is 200, and the text "200", which would
be taken for the number, is "200" with its quotes. Bytes and mappings, which JSON has not, are objects with one key.
What OpenTelemetry's protocol cannot carry is made a text here: one such value would keep all metrics from being sent.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from opentelemetry.attributes import BoundedAttributes

_LEAST_INT, _MOST_INT = -(1 << 63), (1 << 63) - 1
_BYTES, _MAPPING = "bytes", "mapping"


def cleaned(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy, as the SDK has attributes: what is none is left out or made a text, and a warning logged."""
    return dict(BoundedAttributes(attributes=attributes))


def labels_of(attributes: Mapping[str, Any]) -> dict[str, str]:
    """The labels that stand for attributes. Two sets of attributes have the same labels only if they are the same."""
    return {_sendable(name): _text(value) for name, value in attributes.items()}


def attributes_of(labels: Mapping[str, str]) -> dict[str, Any]:
    """The attributes that labels stand for."""
    return {name: _value(text) for name, text in labels.items()}


def _text(value: Any) -> str:
    if isinstance(value, str):
        text = _sendable(value)
        return json.dumps(text) if _is_json(text) else text
    return json.dumps(_plain(value))


def _value(text: str) -> Any:
    return _restored(json.loads(text)) if _is_json(text) else text


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _plain(value: Any) -> Any:
    if isinstance(value, int) and not _LEAST_INT <= value <= _MOST_INT:
        return f"{value:#x}"
    if isinstance(value, str):
        return _sendable(value)
    if isinstance(value, bytes):
        return {_BYTES: b64encode(value).decode()}
    if isinstance(value, Mapping):
        return {_MAPPING: {_sendable(str(key)): _plain(one) for key, one in sorted(value.items())}}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value


def _restored(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_restored, value))
    if isinstance(value, dict):
        ((kind, inner),) = value.items()
        return b64decode(inner) if kind == _BYTES else {key: _restored(one) for key, one in inner.items()}
    return value


def _sendable(text: str) -> str:
    """A text without what UTF-8 has not."""
    return text.encode(errors="replace").decode()
