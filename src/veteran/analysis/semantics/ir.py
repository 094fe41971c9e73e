"""What lowering makes of a file: scopes, blocks, bindings and calls, each with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, TypeVar

import libcst as cst

from veteran.analysis.syntax.expressions import decorator_name, last_name
from veteran.analysis.syntax.python import BINDING_DECORATORS, IMPLICIT_METHODS

K = TypeVar("K")


class Block:
    """Statements that run one after another. `leaves`: how its end is never reached, "" if it is.

    owner: the compound statement it is an arm of; None for the body of a scope.
    compounds: the compound statements in it, in order. left: the place behind which nothing runs, 0 if there is none.
    """

    __slots__ = ("compounds", "leaves", "left", "owner")

    def __init__(self, owner: Compound | None) -> None:
        self.owner = owner
        self.compounds: list[Compound] = []
        self.leaves = ""
        self.left = 0


class Compound:
    """An `if`, loop, `try`, `with` or `match`, and its arms in order; an `assert` has none.

    kind: `if`, `loop`, `try`, `with`, `match` or `assert`. complete: whether one of the arms always runs.
    arms: (role, block); roles are body, else, handler, finally, case. place: where its head has run.
    """

    __slots__ = ("arms", "block", "complete", "kind", "node", "place", "scope")

    def __init__(self, kind: str, node: cst.CSTNode, scope: Scope, block: Block, place: int) -> None:
        self.kind = kind
        self.node = node
        self.scope = scope
        self.block = block
        self.place = place
        self.arms: list[tuple[str, Block]] = []
        self.complete = kind == "with"


class At:
    """Where something stands: its scope, its block there, its place in the order of the walk."""

    __slots__ = ("block", "place", "scope", "statement")

    def __init__(self, scope: Scope, block: Block, place: int, statement: int) -> None:
        self.scope = scope
        self.block = block
        self.place = place
        self.statement = statement  # index in the body of the module


class Use(At):
    """One place where a name is read."""

    __slots__ = ("node",)

    def __init__(self, scope: Scope, block: Block, place: int, statement: int, node: cst.Name) -> None:
        super().__init__(scope, block, place, statement)
        self.node = node


class Binding(At):
    """One binding of a name.

    kind: import, assign, augment, annotate, for, with, except, walrus, match, parameter, def, class, del,
    type, unknown. value: the expression the name is bound from, the dotted name of an import, the `Param`, or the
    definition. path: the way through an unpacked value, None where it is not known. target: the node of the name.
    """

    __slots__ = ("annotation", "arranged", "foreign", "kind", "maybe", "name", "path", "target", "value", "values")

    def __init__(self, at: At, name: str, kind: str, value: Any, target: cst.CSTNode | None) -> None:
        super().__init__(at.scope, at.block, at.place, at.statement)
        self.name = name
        self.kind = kind
        self.value = value
        self.target = target
        self.path: tuple[int, ...] | None = ()
        self.annotation: cst.BaseExpression | None = None
        self.foreign = False  # bound by another scope through `global` or `nonlocal`
        self.maybe = False  # the code around it may skip it: it does not replace what was bound before
        self.values: Any = None  # what the types module concluded
        self.arranged: Any = None  # on a name's first binding: all of them by block, see scopes


class Call(At):
    """One call. awaited: it stands directly under `await`, `async with` or `async for`. entered: under `with`.

    lazy: in a generator that may never run here. consumed: what it gives is iterated over in place.
    optional: it is an operand that may not be evaluated.
    """

    __slots__ = ("awaited", "consumed", "entered", "lazy", "node", "optional")

    def __init__(
        self,
        at: At,
        node: cst.Call,
        *,
        awaited: bool,
        lazy: bool,
        consumed: bool,
        entered: bool = False,
        optional: bool = False,
    ) -> None:
        super().__init__(at.scope, at.block, at.place, at.statement)
        self.node = node
        self.awaited = awaited
        self.lazy = lazy
        self.consumed = consumed
        self.entered = entered
        self.optional = optional


class Read(At):
    """One place where an attribute is read. optional: it is an operand that may not be evaluated."""

    __slots__ = ("node", "optional")

    def __init__(
        self, scope: Scope, block: Block, place: int, statement: int, node: cst.Attribute, optional: bool
    ) -> None:
        super().__init__(scope, block, place, statement)
        self.node = node
        self.optional = optional


class Held(At):
    """One place where an object is used that was made before: `with it:`, `for x in it:`. entered: under `with`."""

    __slots__ = ("entered", "node")
    optional = False

    def __init__(self, at: At, node: cst.BaseExpression, entered: bool) -> None:
        super().__init__(at.scope, at.block, at.place, at.statement)
        self.node = node
        self.entered = entered


class Scope:
    """A module, class, function, lambda or comprehension.

    entry: where it stands in the enclosing scope. bindings: by name, in the order of the walk.
    uses: the places where a name is read. attributes: assignments to `self.x` of the methods of a class.
    names: of a module, every name bound in any of its scopes. yielded: the values of `yield`.
    """

    __slots__ = (
        "attributes", "bindings", "body", "declared", "entry", "kind", "lazy", "name", "names", "node",
        "parent", "returns", "star", "uses", "yielded",
    )  # fmt: skip

    def __init__(self, kind: str, node: cst.CSTNode, name: str, entry: At | None) -> None:
        self.kind = kind
        self.node = node
        self.name = name
        self.entry = entry
        self.parent = entry.scope if entry else None
        self.body = Block(None)
        self.bindings: dict[str, list[Binding]] = {}
        self.uses: dict[str, list[Use]] = {}
        self.declared: dict[str, str] = {}  # name -> "global" or "nonlocal"
        self.attributes: dict[str, list[Binding]] = {}
        self.returns: list[tuple[cst.BaseExpression | None, At]] = []
        self.lazy = False
        self.names: set[str] = set()
        self.star = False
        self.yielded: list[tuple[cst.BaseExpression | None, At]] = []

    @property
    def yields(self) -> bool:
        """Whether it is a generator's body."""
        return bool(self.yielded)

    @property
    def is_async(self) -> bool:
        """Whether it is the body of an `async def`."""
        return isinstance(self.node, cst.FunctionDef) and self.node.asynchronous is not None

    @property
    def inline(self) -> bool:
        """Whether it runs where it stands."""
        return self.kind in ("class", "comprehension")

    @property
    def function(self) -> Scope:
        """The function, lambda or module whose frame runs this scope's code."""
        scope = self
        while scope.inline and scope.parent:
            scope = scope.parent
        return scope

    @property
    def qualname(self) -> str:
        """The dotted name within the module; empty for the module."""
        parts: list[str] = []
        scope: Scope | None = self
        while scope and scope.parent:
            if scope.kind != "comprehension":
                parts.append(scope.name)
            scope = scope.parent
        return ".".join(reversed(parts))


class CallIndex:
    """The calls of a module by what is asked of them, each in the order of the walk."""

    def __init__(self, calls: list[Call]) -> None:
        self._calls = calls

    def _by(self, key: Callable[[Call], K | None]) -> dict[K, list[Call]]:
        found: dict[K, list[Call]] = {}
        for call in self._calls:
            if (known := key(call)) is not None:
                found.setdefault(known, []).append(call)
        return found

    @cached_property
    def named(self) -> dict[str, list[Call]]:
        """By the name, or the last one of an attribute chain, that is called."""
        return self._by(lambda call: last_name(call.node.func) or None)

    @cached_property
    def within(self) -> dict[Scope, list[Call]]:
        """By the function that makes them."""
        return self._by(lambda call: call.scope.function)

    @cached_property
    def methods_of(self) -> dict[str, list[Call]]:
        """The calls `name.method(…)`, by `name`."""
        return self._by(lambda call: _called_on(call.node.func))

    @cached_property
    def called(self) -> dict[cst.CSTNode, Call]:
        """By the expression that is called."""
        return {call.node.func: call for call in self._calls}


def _called_on(func: cst.CSTNode) -> str | None:
    return func.value.value if isinstance(func, cst.Attribute) and isinstance(func.value, cst.Name) else None


class Lowered:
    """One module in the small form. scopes: in the order of the walk, the module's first.

    private: each access of an attribute `_name`, by name. assigned: the dotted names that are assigned to.
    stored: what is put under a key or index, where, and the target. reads: the arguments of a `Read` for each
    attribute that is read or called. held: what a `with` enters, or a `for` goes through by its name, without
    calling it. choices: the `and`, `or` and `if` expressions. matches: the `match` statements.
    """

    __slots__ = (
        "_index", "_opened", "assigned", "calls", "choices", "held", "matches", "module", "private", "reads", "scopes",
        "stored", "tree",
    )  # fmt: skip

    def __init__(self, tree: cst.Module, module: Scope) -> None:
        self.tree = tree
        self.module = module
        self.scopes = [module]
        self.calls: list[Call] = []
        self.private: dict[str, list[cst.Attribute]] = {}
        self.reads: list[tuple[Scope, Block, int, int, cst.Attribute, bool]] = []
        self.held: list[Held] = []
        self.choices: list[cst.BooleanOperation | cst.IfExp] = []
        self.matches: list[cst.Match] = []
        self.assigned: set[str] = set()
        self.stored: list[tuple[cst.BaseExpression, At, cst.CSTNode]] = []
        self._opened: dict[cst.CSTNode, Scope] | None = None
        self._index: CallIndex | None = None

    def scope_of(self, node: cst.CSTNode) -> Scope | None:
        """The scope that a function, class, lambda or comprehension opens."""
        if self._opened is None:
            self._opened = {scope.node: scope for scope in self.scopes}
        return self._opened.get(node)

    @property
    def index(self) -> CallIndex:
        """The calls, by what is asked of them."""
        if self._index is None:
            self._index = CallIndex(self.calls)
        return self._index


#: Scopes without statements of their own.
_WITHOUT_STATEMENTS = ("comprehension", "lambda")


def arms_around(at: At) -> Iterator[tuple[Compound, Block]]:
    """The compound statements that a place is in, innermost first, and which of their arms it is in.

    Out of comprehensions and lambdas it goes on where they stand.
    """
    scope, block = at.scope, at.block
    while True:
        while block.owner is not None:
            yield block.owner, block
            block = block.owner.block
        entry = scope.entry
        if scope.kind not in _WITHOUT_STATEMENTS or entry is None:
            return
        scope, block = entry.scope, entry.block


def with_statements(scope: Scope) -> Scope:
    """The scope around comprehensions and lambdas; itself if it is none of them."""
    while scope.kind in _WITHOUT_STATEMENTS and scope.entry is not None:
        scope = scope.entry.scope
    return scope


def decorators_of(scope: Scope) -> Sequence[cst.Decorator]:
    """The decorators of a function or class."""
    return getattr(scope.node, "decorators", ())


def first_parameter(scope: Scope) -> str | None:
    """The name of a method's first parameter; None where it has none."""
    if not isinstance(scope.node, cst.FunctionDef):
        return None
    parameters = scope.node.params
    for group in (parameters.posonly_params, parameters.params):
        if group:
            return group[0].name.value
    return None


def method_kind(scope: Scope) -> str:
    """What a function takes first by itself: as a method `object`, `class`, or nothing if `static`; else empty."""
    if scope.parent is None or scope.parent.kind != "class" or not isinstance(scope.node, cst.FunctionDef):
        return ""
    names = map(decorator_name, scope.node.decorators)
    kinds = [BINDING_DECORATORS[name] for name in names if name in BINDING_DECORATORS]
    return kinds[0] if kinds else IMPLICIT_METHODS.get(scope.name, "object")
