"""What tests on the way to a place leave of a value's possible types: `isinstance`, and the classes in a `match`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cached_property

import libcst as cst

from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.conditions import chosen, conditions, parts
from veteran.analysis.semantics.ir import At, Binding
from veteran.analysis.syntax.expressions import dotted, running
from veteran.analysis.syntax.nodes import operands
from veteran.analysis.types.values import UNKNOWN, Inference, Instance, Local, Ref, Value, Values

#: Of tests in one expression, and of what stands behind such tests in a module.
_MAX_PARTS = 20
_MAX_GUARDED = 20_000
BUILTIN_TYPES = frozenset(
    ["int", "float", "bool", "str", "bytes", "list", "tuple", "dict", "set", "frozenset", "complex", "bytearray"]
)


class Narrowing:
    """Narrows the types of one module."""

    def __init__(self, types: Inference) -> None:
        self.types = types

    @cached_property
    def told_apart(self) -> frozenset[str]:
        """The last names of what `isinstance` or the classes of a `match` ask about anywhere in the module."""
        asked: list[cst.CSTNode] = [c.node.args[0].value for c in self.types.lowered.calls if _asks(c.node)]
        asked += [node.subject for node in self.types.lowered.matches]
        return frozenset((dotted(node) or "").rpartition(".")[2] for node in asked) - {""}

    def narrowed(self, node: cst.CSTNode, name: str, values: Values, at: At) -> Values:
        """What is left of the possible values of a name or attribute by `isinstance` tests on the way."""
        root = name.partition(".")[0]
        here = scopes.lookup(root, at).bindings
        for asked, outcome, where in self._tests(node, name, at):
            rebound = where is not at and scopes.lookup(root, where).bindings != here
            if rebound and not _in_its_loop(root, where, at, here):
                return values
            kinds = self._classes_of(asked, where)
            if outcome and None not in kinds:
                known = tuple(value for value in values if value in kinds)
                others = [k for k in kinds if not isinstance(k, Instance) or k.type not in BUILTIN_TYPES]
                return known or (kinds if len(others) <= 1 else UNKNOWN)
            if not outcome:
                excluded = {kind.type for kind in kinds if isinstance(kind, Instance)}
                values = tuple(v for v in values if not isinstance(v, Instance) or v.type not in excluded)
        return values

    def _classes_of(self, node: cst.CSTNode, at: At) -> Values:
        """Objects of the classes that `isinstance` is given."""
        if isinstance(node, cst.Tuple):
            return self.types.merged(self._classes_of(element.value, at) for element in node.elements)
        if isinstance(node, cst.BinaryOperation):
            return self.types.merged(self._classes_of(part, at) for part in operands(node))
        found: list[Value] = []
        for value in self.types.of(node, at):
            if isinstance(value, Ref):
                found.append(Instance(value.name.removeprefix("builtins.")))
            elif isinstance(value, Local) and value.scope.kind == "class":
                found.append(Instance(f"<{value.scope.qualname}>"))
            else:
                return UNKNOWN
        return tuple(found)

    def _tests(self, node: cst.CSTNode, name: str, at: At) -> Iterator[tuple[cst.CSTNode, bool, At]]:
        """What `isinstance` or a `match` asked of a name on the way to a place: the classes, and how it came out."""
        for test, outcome in self._guarded.get(id(node), ()):
            yield test.args[1].value, outcome, at
        for condition in conditions(at):
            for part, outcome in parts(condition.test, condition.outcome):
                if isinstance(part, cst.Call) and _asks(part) and dotted(part.args[0].value) == name:
                    yield part.args[1].value, outcome, condition.at
        here: At | None = at
        while here is not None:
            block = here.block
            while (owner := block.owner) is not None:
                if type(owner.node) is cst.Match and dotted(owner.node.subject) == name:
                    kind = _class_of_case(owner.node, [arm for _, arm in owner.arms].index(block))
                    if kind is not None:
                        yield kind, True, At(owner.scope, owner.block, owner.place, at.statement)
                block = owner.block
            here = here.scope.entry if here.scope.inline else None

    @cached_property
    def _guarded(self) -> dict[int, list[tuple[cst.Call, bool]]]:
        """The `isinstance` tests that came out before a name is read in the same expression, by the name's id."""
        found: dict[int, list[tuple[cst.Call, bool]]] = {}
        steps = 0
        for node in self.types.lowered.choices if self.told_apart else ():
            for test, part, outcome in chosen(node):
                tests = [
                    (one, holds)
                    for one, holds in itertools.islice(parts(test, outcome), _MAX_PARTS)
                    if isinstance(one, cst.Call) and _asks(one) and dotted(one.args[0].value) is not None
                ]
                pending: list[cst.CSTNode] = [part] if tests else []
                while pending and steps < _MAX_GUARDED:
                    steps += 1
                    inner = pending.pop()
                    if isinstance(inner, (cst.Name, cst.Attribute)):
                        name = dotted(inner)
                        told = [(one, holds) for one, holds in tests if dotted(one.args[0].value) == name]
                        if told:
                            found.setdefault(id(inner), []).extend(told)
                    if not isinstance(inner, cst.Lambda) and not _binds(inner, tests):
                        pending += running(inner)
        return found


def _asks(node: cst.Call) -> bool:
    """Whether a call is `isinstance(value, kinds)`."""
    return type(node.func) is cst.Name and node.func.value == "isinstance" and len(node.args) == 2


def _binds(node: cst.CSTNode, tests: list[tuple[cst.Call, bool]]) -> bool:
    """Whether a comprehension binds a name of its own that one of these tests asks about outside of it."""
    if not isinstance(node, (cst.ListComp, cst.SetComp, cst.GeneratorExp, cst.DictComp)):
        return False
    roots = {(dotted(test.args[0].value) or "").partition(".")[0] for test, _ in tests}
    loop: cst.CompFor | None = node.for_in
    while loop is not None:
        pending: list[cst.CSTNode] = [loop.target]
        while pending:
            target = pending.pop()
            if isinstance(target, cst.Name) and target.value in roots:
                return True
            pending += running(target)
        loop = loop.inner_for_in
    return False


def _class_of_case(node: cst.Match, index: int) -> cst.BaseExpression | None:
    """The class that a value is of in one of the cases of a `match`; None where it says none."""
    pattern: cst.MatchPattern | None = node.cases[index].pattern
    if isinstance(pattern, cst.MatchAs):
        pattern = pattern.pattern
    return pattern.cls if isinstance(pattern, cst.MatchClass) else None


def _in_its_loop(root: str, where: At, at: At, here: tuple[Binding, ...]) -> bool:
    """Whether a test is that of a `while` around a place, and nothing binds the name in between."""
    block = at.block
    while (owner := block.owner) is not None:
        if owner.place == where.place and type(owner.node) is cst.While:
            between = any(owner.place < binding.place < at.place for binding in at.scope.bindings.get(root, ()))
            start = At(at.scope, block, owner.place, at.statement)
            return not between and scopes.lookup(root, start).bindings == here
        block = owner.block
    return False
