"""What Python itself says of names, whatever is installed."""

from __future__ import annotations


def is_class_private(name: str) -> bool:
    """Whether Python spells the name anew for each class, so that no class inherits it."""
    return name.startswith("__") and not name.endswith("__")


#: Builtins that make a collection of the items of another,
REMADE = frozenset(("list", "tuple", "sorted", "set", "frozenset"))
#: those whose items are the ones of their first argument, made anew or gone through,
HANDS_ON = REMADE | {"reversed", "iter"}
#: those of them that keep every item, equal ones too: what cannot be hashed goes through them only,
KEEPS_EVERY = HANDS_ON - {"set", "frozenset"}
#: and those that hand on nothing else than that, with or without a number before it.
COUNTS_OR_HANDS_ON = HANDS_ON | {"enumerate"}


#: Methods that Python itself takes for static or class methods, and the decorators that make one.
IMPLICIT_METHODS = {"__new__": "static", "__init_subclass__": "class", "__class_getitem__": "class"}
BINDING_DECORATORS = {
    "staticmethod": "static", "abstractstaticmethod": "static", "classmethod": "class", "abstractclassmethod": "class",
}  # fmt: skip
#: What the standard library's decorators do, as the catalogue's table `decorator` says it of others. `binds`: static
#: and class methods. `keeps`: it memoises, and certainly gives what the function gave; others may be a project's own.
DECORATORS: dict[str, frozenset[str]] = {
    **dict.fromkeys(BINDING_DECORATORS, frozenset(("binds",))),
    **dict.fromkeys(
        (
            *("abstractmethod", "override", "final", "overload", "deprecated", "no_type_check", "wraps"),
            *("runtime_checkable", "total_ordering", "unique"),
        ),
        frozenset(("nothing",)),
    ),
    **dict.fromkeys(("cache", "lru_cache"), frozenset(("memoises", "keeps"))),
    **dict.fromkeys(("contextmanager", "asynccontextmanager"), frozenset(("manages",))),
    "property": frozenset(("reads",)),
    "cached_property": frozenset(("reads", "memoises")),
    "dataclass": frozenset(("fields",)),
}
