"""Frozen dataclasses that are made by the million: `quick` makes making them some six times as fast.

A frozen dataclass sets each of its fields through `object.__setattr__`, which costs more than the whole rest: 2.2 µs for the twelve
fields of an `Attr`, against 0.4 µs here. The object is made as one of a twin class with the same slots, which may be changed, and
becomes frozen with its last field; from then on it is the same as any other frozen dataclass.
"""

from __future__ import annotations

import dataclasses
from typing import TypeVar

Value = TypeVar("Value")


def quick(frozen: type[Value]) -> type[Value]:
    """The same frozen dataclass (with slots, and without bases, `__post_init__` or default factories), with a quick `__init__`.

    Raises TypeError for any other class.
    """
    if not dataclasses.is_dataclass(frozen):
        raise _refusal(frozen)
    fields = dataclasses.fields(frozen)
    factories = [field for field in fields if field.default_factory is not dataclasses.MISSING]
    if factories or not _is_plain(frozen):
        raise _refusal(frozen)
    names = [field.name for field in fields]
    made = type(frozen.__name__, (), {"__slots__": tuple(names)})
    defaults = {f"_{field.name}": field.default for field in fields if field.default is not dataclasses.MISSING}
    parameters = [f"{name}=_{name}" if f"_{name}" in defaults else name for name in names]
    lines = [
        f"def __init__(self, {', '.join(parameters)}):",
        " _become(self, '__class__', _made)",
        *(f" self.{name} = {name}" for name in names),
        " self.__class__ = _frozen",
    ]
    namespace: dict[str, object] = {**defaults, "_become": object.__setattr__, "_made": made, "_frozen": frozen}
    exec("\n".join(lines), namespace)  # noqa: S102  as dataclasses does; of field names only
    initialise = namespace["__init__"]
    initialise.__annotations__ = frozen.__init__.__annotations__
    initialise.__qualname__ = f"{frozen.__qualname__}.__init__"  # type: ignore[attr-defined]
    frozen.__init__ = initialise  # type: ignore[assignment]
    return frozen


def _is_plain(value: type[object]) -> bool:
    parameters = getattr(value, "__dataclass_params__", None)
    return (
        parameters is not None
        and parameters.frozen
        and value.__bases__ == (object,)
        and "__slots__" in vars(value)
        and not hasattr(value, "__post_init__")
    )


def _refusal(value: type[object]) -> TypeError:
    return TypeError(f"not a plain frozen dataclass with slots: {value.__qualname__}")
