"""What a function means by the names that come from outside: what the compiler makes of it depends on nothing else.

Parsing looks at the function's text, bytecode, defaults and annotations, and at what its names mean, and those of the
inline functions that it calls: numbers, types, records, sequences, operations. An `Outside` finds all of them without
parsing, so that a process can tell that an earlier one has compiled the same function. Which names there are is seen in
the text: all words in it, even in comments; a few too many do no harm. Whoever parses it compares (`Said.is_whole`).

What it has seen stays as it was: when the function is parsed later, names mean what they meant at this moment.
"""

from __future__ import annotations

import builtins
import sys

from rseq._cache import digest
from rseq._language.annotations import evaluated_annotations
from rseq._language.compiled import Compiled
from rseq._language.inline import Inline
from rseq._language.kept import text_around
from rseq._language.types import Array, Buffer, Maybe, Pointer, Prepared, RecordType, Scalar, is_form, resolve
from rseq._marks import operation_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator, Mapping
    from types import CodeType, FunctionType
    from typing import Any

_modules: Mapping[str, Any] = sys.modules
_Module: Any = type(sys)
_Function: Any = type(lambda: None)

_WORDS = {number: " " for number in range(128) if not (chr(number).isalnum() or chr(number) in "_.")}

_ABSENT: Any = object()


class _UnknownError(Exception):
    """Something that this module cannot tell from other things of its kind."""


class Said:
    """What a function itself says, when it is decorated."""

    __slots__ = ("annotations", "chains", "function", "strict", "text")

    def __init__(self, function: FunctionType, text: str) -> None:
        self.function, self.text = function, text
        code = function.__code__
        self.annotations = evaluated_annotations(function)
        self.chains = tuple(sorted(set(_chains(text))))
        self.strict = {*code.co_names, *code.co_freevars}

    def is_whole(self, text: str, tree: ast.AST) -> bool:
        """Whether all names have been found, in the text that the function is parsed from, and in nothing else."""
        import ast

        seen = {chain[:length] for chain in self.chains for length in range(1, len(chain) + 1)}
        return self.text.startswith(text) and all(chain in seen for chain in map(_chain_of, ast.walk(tree)) if chain)

    @property
    def key(self) -> str | None:
        """The key of what depends on nothing from outside but the types of parameters: the signature."""
        return Outside(self, "signature", names=False).key

    @classmethod
    def of(cls, function: Any) -> Said | None:
        """Of a function; None where something keeps it from being known."""
        if type(function) is not _Function or hasattr(function, "__wrapped__"):
            return None
        try:
            text = text_around(function)
            return None if text is None else cls(function, text)
        except Exception:  # noqa: BLE001 - what is wrong with it is told by those who parse it
            return None


def _chains(text: str) -> Iterator[tuple[str, ...]]:
    """The names in a text, with the attributes that follow: `limits.MOST` is ("limits", "MOST")."""
    for word in text.translate(_WORDS).split():
        first, *rest = word.split(".")
        if first.isidentifier():
            for length, name in enumerate(rest):
                if not name.isidentifier():
                    rest = rest[:length]
                    break
            yield first, *rest


class Outside:
    """What a function's names mean at this moment. `key` is None where that cannot be known."""

    def __init__(self, said: Said, kind: str, *, names: bool = True) -> None:
        self.said = said
        self.records: list[RecordType] = []
        """All records that are named, each once."""
        self._names: dict[object, dict[str, object]] = {}
        self._attributes: dict[tuple[int, str], tuple[object, object]] = {}
        self._inline: list[Inline[..., Any]] = []
        self.key: str | None
        try:
            self.key = digest(kind, self._signature(said), self._meanings(said) if names else ())
        except (_UnknownError, RecursionError):
            self.key = None

    # ---- for those who parse it later

    def names(self, function: object) -> Mapping[str, object]:
        """What the names meant in the function, or in an inline function that it calls."""
        return self._names.get(function, {})

    def attribute(self, owner: object, name: str) -> object:
        """What an attribute was. Raises: AttributeError."""
        _, value = self._attributes.get((id(owner), name), (None, _ABSENT))
        return getattr(owner, name) if value is _ABSENT else value

    # ---- what the key is made of

    def _signature(self, said: Said) -> tuple[object, ...]:
        """The function itself."""
        function = said.function
        defaults = [self._value(value) for value in function.__defaults__ or ()]
        annotations = [(name, self._value(value)) for name, value in said.annotations.items()]
        return function.__name__, function.__doc__, said.text, _bytecode(function.__code__), defaults, annotations

    def _meanings(self, said: Said) -> list[object]:
        """What its names mean now."""
        self._names[said.function] = {}
        return [(chain, self._meaning(said, chain)) for chain in said.chains]

    def _meaning(self, said: Said, chain: tuple[str, ...]) -> object:
        name, *rest = chain
        found = _looked_up(said.function, name)
        if found is _ABSENT:
            return None
        self._names[said.function][name] = found
        if len(rest) == 1 and _is_public(found, *rest):
            return "rseq", rest[0]
        for attribute in rest:
            if not _is_owner(found):
                break
            owner, found = found, getattr(found, attribute, _ABSENT)
            if found is _ABSENT:
                return None
            self._attributes[id(owner), attribute] = owner, found
        try:
            return self._value(found)
        except _UnknownError:
            if said.strict.issuperset(chain):
                raise
            return "?"  # a word in a comment; or what the language has no use for

    def _value(self, value: Any) -> object:
        """What tells a value from others that the compiler would see as others. Raises: _UnknownError."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, (int, float)):
            return int(value) if isinstance(value, int) else float(value)
        if isinstance(value, str):
            return "text", str.__str__(value)
        if isinstance(value, RecordType):
            return "record", self._record(value)
        if isinstance(value, (Scalar, Pointer, Array, Prepared, Maybe, Buffer)):
            return self._type(value)
        if isinstance(value, Inline):
            return "inline", self._inlined(value)
        if isinstance(value, Compiled):
            if value.kept is None:
                raise _UnknownError
            return value.kind, value.kept.key, [self._record(record) for record in value.records]
        return self._other(value)

    def _other(self, value: Any) -> object:
        operation = operation_of(value)
        if operation is not None:
            return "operation", operation
        if is_form(value):
            return "form", repr(value)
        if getattr(value, "__args__", ()) and (meaning := resolve(value)) is not None:  # tuple[i64, f64], bool | None
            return "type", repr(meaning)
        if isinstance(value, _Module):
            return "module", value.__name__
        if isinstance(value, type):
            return "class", value.__module__, value.__qualname__
        if getattr(builtins, getattr(value, "__name__", ""), _ABSENT) is value:
            return "builtin", value.__name__
        if hasattr(type(value), "__index__"):
            return "index", type(value).__index__(value)
        raise _UnknownError

    def _inlined(self, value: Inline[..., Any]) -> object:
        if value in self._inline:
            return self._inline.index(value)
        if value.said is None:
            raise _UnknownError
        self._inline.append(value)
        return self._signature(value.said), self._meanings(value.said)

    def _record(self, record: RecordType) -> object:
        """Which record it is: the layout where it comes for the first time, then a number."""
        for number, known in enumerate(self.records):
            if known is record:
                return number
        self.records.append(record)
        fields = [(name, self._type(field.type), field.prepared) for name, field in record.fields.items()]
        return record.__name__, record.__module__, fields

    def _type(self, type: Any) -> object:
        if isinstance(type, Pointer):
            target = type.target
            return repr(type), self._record(target) if isinstance(target, RecordType) else repr(target)
        if isinstance(type, Array):
            return "array", self._type(type.element), type.shape
        if isinstance(type, (Prepared, Maybe)):
            return repr(type), self._type(type.type)
        return "type", repr(type)


def _looked_up(function: FunctionType, name: str) -> object:
    """What a name from outside means in a function."""
    code = function.__code__
    if name in code.co_freevars:
        assert function.__closure__ is not None
        try:
            return function.__closure__[code.co_freevars.index(name)].cell_contents
        except ValueError:
            pass  # not assigned yet
    return function.__globals__.get(name, getattr(builtins, name, _ABSENT))


def _is_public(owner: Any, name: str) -> bool:
    """Whether it is a name of this package, which need not be imported to be known."""
    package = _modules.get("rseq")
    if package is None or owner is not package or name not in package._HOMES:
        return False
    module, there = package._HOMES[name]
    held = vars(owner).get(name, _ABSENT)
    return held is _ABSENT or held is getattr(_modules.get(f"rseq.{module}"), there, None)


def _is_owner(value: object) -> bool:
    """Whether the compiler looks at its attributes: a module, a class, an enum's member."""
    enum = _modules.get("enum")
    return isinstance(value, (_Module, type)) or (enum is not None and isinstance(value, enum.Enum))


def _bytecode(code: CodeType) -> tuple[object, ...]:
    inner = [_bytecode(one) if isinstance(one, type(code)) else _constant(one) for one in code.co_consts]
    names = code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars
    counts = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags
    return code.co_name, code.co_code, inner, names, counts


def _constant(value: object) -> object:
    return sorted(map(repr, value)) if isinstance(value, frozenset) else repr(value)


def _chain_of(node: ast.AST) -> tuple[str, ...]:
    """The names that an expression is made of, if it is a name with attributes."""
    rest: list[str] = []
    found: Any = node
    while hasattr(found, "attr"):
        rest.append(found.attr)
        found = found.value
    return (found.id, *reversed(rest)) if hasattr(found, "id") else ()
