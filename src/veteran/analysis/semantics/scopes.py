"""Which bindings a name can mean at a place: Python's scoping rules, and which assignment got there last."""

from __future__ import annotations

import builtins
from bisect import bisect_left
from collections.abc import Iterator
from operator import attrgetter
from typing import NamedTuple

import libcst as cst

from veteran.analysis.semantics.ir import At, Binding, Block, Compound, Scope

BUILTINS = frozenset(dir(builtins))


class Found(NamedTuple):
    """What a name can mean. bindings: those that may have been the last. sure: one of them certainly was.

    where: `local` (the asking scope or one that runs in place), `outer`, `builtin`, `spelled` (bound nowhere in
    the file) or `unknown`.
    """

    where: str
    bindings: tuple[Binding, ...] = ()
    sure: bool = True


def lookup(name: str, at: At) -> Found:
    """Resolves a name at a place as Python would when that place runs."""
    scope: Scope | None = at.scope
    here = at
    in_place = True
    first = True
    while scope is not None:
        declared = scope.declared.get(name)
        if declared == "global":
            scope = _module(scope)
            in_place = False
            declared = None
        bound = scope.bindings.get(name)
        if bound and scope.kind == "class" and not first:
            # Methods do not see the names of their class, but they see its type parameters.
            bound = [binding for binding in bound if binding.kind == "type" and binding.value is None]
        if bound and declared != "nonlocal":
            if not in_place:
                return Found("outer", settled(scope, bound))
            if scope.kind == "comprehension":
                return Found("local", tuple(bound))
            # What runs in place runs in the order of the walk.
            reached, sure = reaching(bound, here.block, at.place if here is not at else here.place)
            if reached or scope.kind == "function":
                return Found("local", tuple(reached), sure)
            # Not bound yet: a module or class body reads what is further out.
        if scope.star:
            return Found("unknown")
        if scope.parent is None or scope.entry is None:
            break
        in_place = in_place and scope.inline
        first = False
        here, scope = scope.entry, scope.parent
    if name in BUILTINS:
        return Found("builtin")
    return Found("unknown" if name in _module(at.scope).names else "spelled")


def only(node: cst.Name, at: At) -> Binding | None:
    """The one binding that a name can have at a place; None where it can have others, or none."""
    found = lookup(node.value, at)
    return found.bindings[0] if len(found.bindings) == 1 and found.sure else None


def _module(scope: Scope) -> Scope:
    while scope.parent is not None:
        scope = scope.parent
    return scope


def settled(scope: Scope, bound: list[Binding]) -> tuple[Binding, ...]:
    """What code that runs later sees: the end of a module; in a function, any binding."""
    if scope.kind != "module":
        return tuple(binding for binding in bound if binding.kind not in ("del", "annotate"))
    return tuple(reaching(bound, scope.body, _END)[0])


_END = 1 << 60
_place = attrgetter("place")


def reaching(bound: list[Binding], block: Block, place: int) -> tuple[list[Binding], bool]:
    """The bindings of one name that may be the last before (block, place), and whether one certainly is.

    bound: all bindings of the name in one scope, in order. Branches join, re-assignment replaces, a branch
    that leaves does not reach what follows, and a loop's body reaches its own beginning.
    """
    if len(bound) == 1:
        only = bound[0]  # by far the most common case
        if only.kind in ("del", "annotate"):
            return [], False
        if only.block.owner is None and not only.foreign and not only.maybe:
            return ([only], True) if only.place < place else ([], False)
    return _Reach(bound).before(block, place)


def share_loop(one: At, other: At) -> bool:
    """Whether some loop runs both places, so that each may come before the other."""
    loops = set(_loops(one.block))
    return any(loop in loops for loop in _loops(other.block))


def _loops(block: Block) -> Iterator[Compound]:
    owner = block.owner
    while owner is not None:
        if owner.kind == "loop":
            yield owner
        owner = owner.block.owner


_Inside = dict[Block, list["Binding | Compound"]]


def _arranged(bound: list[Binding]) -> _Inside:
    """For each block, the bindings and the compounds that hold one, in order. Made once per name."""
    first = bound[0]
    if first.arranged is None:
        inside: _Inside = {}
        for binding in bound:
            if binding.foreign or binding.kind == "annotate":
                continue
            item: Binding | Compound = binding
            block = binding.block
            while True:
                items = inside.setdefault(block, [])
                if items and items[-1] is item:
                    break
                items.append(item)
                if block.owner is None:
                    break
                item, block = block.owner, block.owner.block
        for items in inside.values():
            items.sort(key=_place)
        first.arranged = inside
    return first.arranged  # type: ignore[no-any-return]


def _in_order(bindings: list[Binding]) -> list[Binding]:
    """Each of them once, by its place. Those of one statement share theirs: a set would mix them anew in each run."""
    return sorted(dict.fromkeys(bindings), key=_place)


class _Reach:
    """One question about the bindings of a name."""

    def __init__(self, bound: list[Binding]) -> None:
        self.found: list[Binding] = []
        self.foreign = [binding for binding in bound if binding.foreign]
        self.inside = _arranged(bound)

    def before(self, block: Block, place: int) -> tuple[list[Binding], bool]:
        """See `reaching`. Where the nesting is too deep to follow, every binding may be the last."""
        try:
            return self._before(block, place)
        except RecursionError:
            every = [item for items in self.inside.values() for item in items if isinstance(item, Binding)]
            return [binding for binding in _in_order(every) if binding.kind != "del"], False

    def _before(self, block: Block, place: int) -> tuple[list[Binding], bool]:
        sure = False
        while True:
            if self._backwards(block, place):
                sure = True
                break
            owner = block.owner
            if owner is None:
                break
            if owner.kind == "loop":
                self._add_arms(owner)
            elif owner.kind == "try" and self._before_arm(owner, block):
                sure = True
                break
            block, place = owner.block, owner.place
        unique = _in_order([*self.found, *self.foreign])
        kept = [binding for binding in unique if binding.kind != "del"]
        return kept, sure and len(kept) == len(unique)

    def _backwards(self, block: Block, place: int = _END) -> bool:
        """Adds what reaches (block, place) from within the block; True where nothing earlier can."""
        items = self.inside.get(block, ())
        for index in range(bisect_left(items, place, key=_place) - 1, -1, -1):
            item = items[index]
            if isinstance(item, Binding):
                self.found.append(item)
                if not item.maybe:
                    return True
            elif self._through(item):
                return True
        return False

    def _through(self, compound: Compound) -> bool:
        """Adds what reaches the end of a compound from within; True where every way through it binds."""
        if compound.kind == "loop" or (compound.kind == "with" and not compound.complete):
            self._add_arms(compound)
            return False
        if compound.kind == "try":
            return self._through_try(compound)
        binds = [self._backwards(block) for _, block in compound.arms if not block.leaves]
        return compound.complete and all(binds)

    def _through_try(self, compound: Compound) -> bool:
        arms: dict[str, list[Block]] = {}
        for role, block in compound.arms:
            arms.setdefault(role, []).append(block)
        if any(self._backwards(block) for block in arms.get("finally", ())):
            return True
        body = arms["body"][0]
        ways = []
        orelse = arms.get("else")
        if not body.leaves and not (orelse and orelse[0].leaves):
            ways.append(bool(orelse and self._backwards(orelse[0])) or self._backwards(body))
        for handler in arms.get("handler", ()):
            if not handler.leaves:
                bound = self._backwards(handler)
                if not bound:
                    self._add(body)
                ways.append(bound)
        return all(ways)

    def _before_arm(self, compound: Compound, arm: Block) -> bool:
        """Adds what the arms before this one of a `try` bind; True where one certainly did."""
        for role, block in compound.arms:
            if block is arm:
                role_of_arm = role
                break
        if role_of_arm == "else":
            return self._backwards(compound.arms[0][1])
        for _, block in compound.arms:
            if (role_of_arm == "finally" and block is not arm) or (
                role_of_arm == "handler" and block is compound.arms[0][1]
            ):
                self._add(block)
        return False

    def _add_arms(self, compound: Compound) -> None:
        for _, block in compound.arms:
            self._add(block)

    def _add(self, block: Block) -> None:
        """Adds every binding in a block, at any depth."""
        for item in self.inside.get(block, ()):
            if isinstance(item, Binding):
                self.found.append(item)
            else:
                self._add_arms(item)
