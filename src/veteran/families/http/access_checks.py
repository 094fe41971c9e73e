"""Which accesses of decoded values are checked: by tests, validators, patterns and handlers on the way to them.

An access is checked where what it needs was seen to: a key that was asked for, a value that a validator got, an
exception that is caught. Of the others the first of each decoded value is told of, the rest are its steps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import libcst as cst

from veteran.analysis.dataflow.access_paths import (
    ANY,
    ITEM,
    MAX_ROUNDS,
    Access,
    Denoted,
    Root,
    group,
    places_of,
    same_root,
)
from veteran.analysis.dataflow.trace import LINE, Because
from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.conditions import alternatives, breaks, conditions, parts, within
from veteran.analysis.semantics.ir import At, Block, Call, Compound, Scope
from veteran.analysis.semantics.places import encloses, spelling
from veteran.analysis.syntax.expressions import dotted
from veteran.analysis.syntax.nodes import children, operands
from veteran.analysis.types.calls import taker
from veteran.analysis.types.values import Local
from veteran.families.http.calls import SILENT, checks_argument
from veteran.families.http.decodings import not_told
from veteran.families.http.exception_handlers import Handlers
from veteran.families.http.keys import WRITTEN, OwnKeys, is_index, key_text, may_hold, without_keys
from veteran.families.http.validators import Boundaries
from veteran.findings import Confidence

if TYPE_CHECKING:
    from veteran.analysis.module import Module

#: Behind more tests than this nobody knows whether one of them is a guard.
MAX_CONDITIONS = 200
_END = 1 << 60
#: Tests that hold for type checkers only.
_NEVER = ("TYPE_CHECKING", "typing.TYPE_CHECKING")


class Unchecked(NamedTuple):
    """A decoded value of which an access was never checked. accesses: the bare ones in order, the worst first.

    missed: what the code does look at instead, for the message; empty if nothing.
    """

    module: Module
    root: Root
    first: Access
    later: list[Access]
    confidence: Confidence
    missed: str


class AccessChecks:
    """Judges the accesses of one module.

    known: what expressions denote. roots: the decodings, by response. mixed: whether a value was in a collection that
    holds other things, too.
    """

    def __init__(
        self,
        module: Module,
        known: Mapping[cst.CSTNode, Denoted],
        roots: Mapping[object, Root],
        mixed: Callable[[Denoted], bool],
    ) -> None:
        self.module = module
        self.types = module.types
        self.known = known
        self.roots = roots
        self.mixed = mixed
        self._own_keys = OwnKeys(self._find)
        self._handlers = Handlers(module, self._callers, self._for)
        self._why: tuple[str, cst.CSTNode | None] = ("", None)  # what was found last to check an access, and where
        self._texts: dict[int, str] = {}

    def forget(self) -> None:
        """Follows what has become known since."""
        for name in ("_validations", "given_to"):
            self.__dict__.pop(name, None)

    def judge(self, root: Root) -> Iterator[Unchecked]:
        """What is bare of one response: the first access, and one for each other decoding that it does not precede."""
        ordered = sorted(root.accesses, key=lambda access: places_of(access)[-1].place)
        looks: dict[Access, str] = {}
        seen: set[object] = set()  # what was accessed before, where its absence is caught
        for access in ordered:
            what = (access.container, access.key, access.at.scope.function)
            again = what in seen and self._for("accessed before, where its absence was seen to")
            looks[access] = "yes" if again else self.checked(access)
            if looks[access] == "yes":
                seen.add(what)
                self._seen_to(access)
        bare = [access for access in ordered if looks[access] != "yes"]
        if self.module.trace:
            for access in bare:
                text = f"`{self.module.code(access.node)}` is not checked: one access of each decoded value is reported"
                not_told(self.module, access.node, access.at, text)
        rated: dict[cst.CSTNode, list[tuple[Access, Confidence]]] = {}
        for access in bare:
            before = [looks[step] for step in access.denoted.trail]
            low = access.denoted.soft or looks[access] == "type" or (before and before[0] != "no")
            confidence = access.confidence = Confidence.LOW if low else min(root.sure, self._limit(access))
            rated.setdefault(access.denoted.decode, []).append((access, confidence))
        reported: dict[Access, Confidence] = {}
        for accesses in rated.values():
            best = max(confidence for _, confidence in accesses)
            first = next(access for access, confidence in accesses if confidence is best)
            if not any(_covers(other, first) for other in reported):
                reported[first] = best
        later = [access for access in bare if access not in reported]
        for first, best in reported.items():
            yield Unchecked(self.module, root, first, later, best, self._missed(first))
            later = []

    def _for(self, reason: str, node: cst.CSTNode | None = None) -> bool:
        """Keeps what checks an access; always true."""
        self._why = reason, node
        return True

    def _seen_to(self, access: Access) -> None:
        """Notes what checks an access, where somebody asks."""
        if not self.module.trace:
            return
        reason, node = self._why
        text = f"`{self.module.code(access.node)}` is {reason}"
        if node is None:
            not_told(self.module, access.node, access.at, text)
        else:
            text = text.replace("{}", self.module.code(node, 50))
            not_told(self.module, access.node, access.at, f"{text} at line {LINE}", Because(node, "this sees to it"))

    @staticmethod
    def _limit(access: Access) -> Confidence:
        """The highest confidence that an access of this kind can have."""
        if access.denoted.through is not None or access.kind == "keywords":
            return Confidence.MEDIUM
        return Confidence.HIGH

    def checked(self, access: Access) -> str:
        """Whether something looked at what is accessed: `yes`, `type` (only what the container is) or `no`."""
        if self._own_keys.is_own(access):
            self._for("asked for by one of its own keys")
            return "yes"
        if self._is_stored(access):
            self._for("put there before by the program itself")
            return "yes"
        if self._handlers.caught(access)[0]:
            return "yes"
        if self.mixed(access.denoted):
            self._for("of a collection that holds other things, too")
            return "yes"
        return self.looked_at_before(access)

    def looked_at_before(self, access: Access) -> str:
        """What the tests say that a value passed on its way to a place; see `_checked`."""
        said = {self._looked_at(access)}
        for node, at in access.denoted.kept:
            said.add(self._looked_at(self._moved(access, access.denoted, node, at)))
        denoted = access.denoted
        for _ in range(MAX_ROUNDS + 1):
            root = denoted.root
            if root.source is None or "yes" in said:
                break
            # What the function that decoded it knew where it gave it away.
            denoted = denoted._replace(root=root.source, path=(*root.base, *denoted.path), through=None, kept=())
            if any(a.container == denoted.path and a.key == access.key for a in root.source.accesses):
                self._for("accessed in the function that decoded it")
                return "yes"
            known = []
            for places in root.elsewhere:
                words = {self._looked_at(self._moved(access, denoted, node, at)) for node, at in places}
                for name in self._named_by(*root.decodes[0], access, places[0][1].scope.function):
                    asked = Access(*places[0], denoted, name, access.kind, access.error)
                    words.add(self._looked_at(asked, name))
                known.append(next(word for word in ("yes", "type", "no") if word in words))
            said.add(known[0] if len(set(known)) == 1 else "no")
        return next(word for word in ("yes", "type", "no") if word in said)

    def _named_by(self, call: cst.CSTNode, at: At, access: Access, function: Scope) -> Iterator[str]:
        """The parameters of a function that a call gives the accessed key: `get(url, required="a")["a"]`."""
        if not isinstance(call, cst.Call):
            return
        for arg in call.args:
            if isinstance(arg.value, cst.SimpleString) and key_text(self.module, arg.value, access.at) == access.key:
                name = taker(self.types, call, arg, at, function)
                if name is not None:
                    yield name

    @staticmethod
    def _moved(access: Access, denoted: Denoted, node: cst.CSTNode, at: At) -> Access:
        """An access as it would be at another place that the value passed."""
        return Access(node, at, denoted, access.key, access.kind, access.error)

    def _looked_at(self, access: Access, given: str = "") -> str:
        """What tests, validators and patterns on the way to a place say of what is accessed.

        given: the parameter that holds the key.
        """
        if self._is_validated(access) or self._is_matched(access) or self._is_looped_over(access):
            return "yes"
        best = "no"
        split: list[tuple[cst.BooleanOperation, bool]] = []
        decided: list[tuple[cst.BaseExpression, bool]] = []
        if access.denoted.root.cut:
            self._for("part of a value that is used too often to follow")
            return "yes"
        for count, (condition, holds) in enumerate(self._conditions(access)):
            if count >= MAX_CONDITIONS:
                self._for("behind more tests than are looked at")
                return "yes"
            if isinstance(condition, cst.BooleanOperation):
                split.append((condition, holds))
                continue
            decided.append((condition, holds))
            said = self._says(condition, holds, access)
            if said == "yes":
                self._for("guarded by `{}`", condition)
                return "yes"
            best = said if said != "no" else best
        for condition, holds in self._resolved(split, decided, given) if split else ():
            said = self._says(condition, holds, access)
            if said == "yes":
                self._for("guarded by `{}`", condition)
                return "yes"
            best = said if said != "no" else best
        return best

    def _is_looped_over(self, access: Access) -> bool:
        """Whether a loop before left where one of its keys was missing: `for key in KEYS: if key not in data: ...`."""
        scope, block, place = access.at.scope, access.at.block, access.at.place
        around: Compound | None = None
        while True:
            for compound in block.compounds:
                if compound.place >= place:
                    break
                if not isinstance(compound.node, cst.For) or compound is around:
                    continue
                for test, holds in _passed_by_all(compound):
                    named = self._names_key(test, holds, compound.node.target, compound.node.iter, access)
                    if named or (access.container[-1:] == (ITEM,) and self._says(test, holds, access) == "yes"):
                        return self._for("checked by the loop over `{}`", compound.node.iter)
            around = block.owner
            if around is not None:
                block, place = around.block, around.place
            elif scope.inline and (entry := scope.entry) is not None:
                scope, block, place = entry.scope, entry.block, entry.place
            else:
                return False

    def _names_key(
        self, test: cst.CSTNode, holds: bool, target: cst.CSTNode, over: cst.BaseExpression, access: Access
    ) -> bool:
        """Whether a test for each of some keys, of which all held, says that the accessed one is there."""
        if not isinstance(test, cst.Comparison) or len(test.comparisons) != 1 or not isinstance(target, cst.Name):
            return False
        operator = test.comparisons[0].operator
        if not isinstance(operator, (cst.In, cst.NotIn)) or isinstance(operator, cst.In) is not holds:
            return False
        if not isinstance(test.left, cst.Name) or test.left.value != target.value:
            return False
        found = self._find(without_keys(test.comparisons[0].comparator))
        if found is None or not same_root(found, access) or found.path != access.container:
            return False
        return may_hold(over, access)

    def _conditions(self, access: Access) -> Iterator[tuple[cst.BaseExpression, bool]]:
        """The simple tests that were decided before an access, in its expression and around it."""
        at: At | None = access.at
        for test, outcome in within(access.node, self.module.uses.ancestors(access.node, access.at)):
            yield from alternatives(test, outcome)
        while at is not None:
            for condition in conditions(at):
                yield from alternatives(condition.test, condition.outcome)
            function = at.scope.function
            at = function.entry if function.parent is not None and function.parent.kind != "class" else None
        if access.denoted.through is not None:
            for condition in conditions(access.denoted.through[1]):
                yield from alternatives(condition.test, condition.outcome)
        yield from self._left_behind(access)

    def _left_behind(self, access: Access) -> Iterator[tuple[cst.BaseExpression, bool]]:
        """The tests that a value passed in the branch or loop where it was decoded, and which ended before."""
        around: set[Block] = set()
        block: Block | None = access.at.block
        while block is not None:
            around.add(block)
            block = block.owner.block if block.owner is not None else None
        decode = next((at for node, at in access.denoted.root.decodes if node is access.denoted.decode), None)
        if decode is None or decode.scope is not access.at.scope:
            return
        block = decode.block
        while block not in around:
            owner = block.owner
            if owner is None:
                return
            broken = _broken(owner) if owner.kind == "loop" else None
            if broken is not None:
                if isinstance(broken[0], cst.BaseExpression):
                    yield from alternatives(broken[0], broken[1])
                else:
                    for condition in conditions(At(decode.scope, owner.arms[0][1], _END, decode.statement)):
                        yield from alternatives(condition.test, condition.outcome)
            elif owner.kind != "loop" and not block.leaves:
                for condition in conditions(At(decode.scope, block, _END, decode.statement)):
                    yield from alternatives(condition.test, condition.outcome)
            block = owner.block

    def _resolved(
        self,
        split: list[tuple[cst.BooleanOperation, bool]],
        decided: list[tuple[cst.BaseExpression, bool]],
        given: str,
    ) -> Iterator[tuple[cst.BaseExpression, bool]]:
        """What is left of `a or b` that holds where `a` is known not to. given: a parameter that is not empty."""
        known = {(self._text(test), holds) for test, holds in decided}
        known |= {(given, True), (f"{given} is not None", True), (f"{given} is None", False), (f"not {given}", False)}
        for test, holds in split:
            left = [operand for operand in operands(test) if (self._text(operand), not holds) not in known]
            if len(left) == 1:
                yield from parts(left[0], holds)

    def _text(self, node: cst.CSTNode) -> str:
        """The code of a test, written out once."""
        if id(node) not in self._texts:  # nodes hash slowly
            self._texts[id(node)] = self._code(node)
        return self._texts[id(node)]

    def _find(self, node: cst.CSTNode) -> Denoted | None:
        """What a tested expression denotes."""
        while isinstance(node, cst.Await):
            node = node.expression
        return self.known.get(node)

    def _says(self, test: cst.BaseExpression, holds: bool, access: Access) -> str:
        """What one decided test tells of an access."""
        if isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
            return self._compared(test.left, test.comparisons[0], holds, access)
        found = self._find(test)
        if found is not None:
            return self._told(found, access, holds, deeper=True)
        if holds and dotted(test) in _NEVER:
            return "yes"
        if isinstance(test, cst.Name):
            return self._named(test, holds, access)
        if isinstance(test, (cst.BinaryOperation, cst.ListComp, cst.SetComp)):  # keys that are missing, or there
            return "yes" if self._mentions(test, access) else "no"
        if not isinstance(test, cst.Call):
            return "no"
        name = (dotted(test.func) or "").rpartition(".")[2]
        if name == "isinstance" and test.args:
            found = self._find(test.args[0].value)
            if found is None or not holds:
                return "no"
            if same_root(found, access) and found.path == access.container:
                return "yes" if is_index(access.key) or access.key == ITEM else "type"
            return self._told(found, access, True, deeper=True)
        if name in SILENT or not self._mentions(test, access):
            return "no"
        if name not in ("any", "all"):
            return "yes"
        if name == "any" and holds and _tests_several(test):
            return "no"
        over = test.args[0].value if test.args else None
        if not isinstance(over, (cst.GeneratorExp, cst.ListComp)):
            return "yes" if holds else "no"
        tested, keys = over.elt, over.for_in
        if holds is (name == "all") and isinstance(tested, (cst.Comparison, cst.UnaryOperation)):
            # All were there, or none was missing.
            for part, true in parts(tested, holds):
                if self._names_key(part, true, keys.target, keys.iter, access):
                    return "yes"
            return "no" if isinstance(tested, cst.Comparison) and isinstance(keys.iter, WRITTEN) else "yes"
        return "yes" if holds else "no"

    def _named(self, test: cst.Name, holds: bool, access: Access) -> str:
        """What a test that was given a name tells: `missing = [key for key in KEYS if key not in data]`."""
        found = scopes.lookup(test.value, access.at)
        binding = found.bindings[0] if len(found.bindings) == 1 else None
        if binding is None or binding.kind not in ("assign", "walrus") or binding.path:
            return "no"
        value = binding.value
        if isinstance(value, (cst.ListComp, cst.SetComp, cst.GeneratorExp, cst.BinaryOperation)):
            return "yes" if self._mentions(value, access) else "no"
        if not isinstance(value, (cst.Comparison, cst.BooleanOperation, cst.UnaryOperation, cst.Call)):
            return "no"
        said = [self._says(part, true, access) for part, true in parts(value, holds)]
        return next((word for word in ("yes", "type") if word in said), "no")

    def _told(self, found: Denoted, access: Access, holds: bool, *, deeper: bool) -> str:
        """What the truth of an expression says: it is there, and it is not empty."""
        if not same_root(found, access) or not holds:
            return "no"
        whole = (*access.container, access.key)
        if found.path[: len(whole)] == whole and (deeper or found.path == whole):
            return "yes"
        if found.path == access.container and (is_index(access.key) or access.kind == "unpacking"):
            return "yes"
        return "no"

    def _compared(self, left: cst.BaseExpression, target: cst.ComparisonTarget, holds: bool, access: Access) -> str:
        operator, right = target.operator, target.comparator
        if isinstance(operator, (cst.In, cst.NotIn)):
            if holds is not isinstance(operator, cst.In):
                return "no"
            found = self._find(without_keys(right))
            if found is not None and same_root(found, access):
                if found.path == access.container and key_text(self.module, left, access.at) == access.key:
                    return "yes"
                # Nothing is in the `{}` of `data.get("a", {})`.
                return self._told(found, access, True, deeper=True) if found.soft else "no"
            found = self._find(left)
            return self._told(found, access, True, deeper=True) if found is not None and found.soft else "no"
        if isinstance(operator, (cst.Is, cst.IsNot)) and dotted(right) == "None":
            found = self._find(left)
            there = holds is isinstance(operator, cst.IsNot)
            return self._told(found, access, there, deeper=True) if found is not None else "no"
        for side in (left, right):
            found = self._find(side)
            if found is not None and found.soft:
                equal = isinstance(operator, cst.Equal) is holds
                return self._told(found, access, equal, deeper=True)
            if isinstance(side, cst.Call) and dotted(side.func) in ("len", "type") and side.args:
                found = self._find(side.args[0].value)
                if found is not None:
                    typed = dotted(side.func) == "type"
                    said = self._told(found, access, True, deeper=True)
                    return "type" if typed and said == "no" and found.path == access.container else said
            if isinstance(side, (cst.Set, cst.Call, cst.BinaryOperation)) and self._mentions(side, access):
                return "yes"
        return "no"

    def _mentions(self, node: cst.CSTNode, access: Access) -> bool:
        """Whether an expression reads what contains the accessed value, or a part of it, as a whole."""
        pending: list[cst.CSTNode] = [node]
        while pending:
            item = pending.pop()
            found = self.known.get(item)
            if found is not None and same_root(found, access) and access.container[: len(found.path)] == found.path:
                return True
            if not isinstance(item, (cst.Subscript, cst.Attribute)) or found is None:
                pending += children(item)
        return False

    def _is_stored(self, access: Access) -> bool:
        """Whether the program itself put the key there before."""
        whole = (*access.container, access.key)
        anything = (*access.container, ANY)
        return any(
            (path in (whole, anything)) and at.place < access.at.place for path, at in access.denoted.root.stored
        )

    def _is_validated(self, access: Access) -> bool:
        """Whether a call that checks its argument got the value, or a part around the accessed one, before."""
        for call, found in self._validations.get(group(access.denoted.root), ()):
            if access.container[: len(found.path)] != found.path:
                continue
            if access.denoted.through is not None and call.node is access.denoted.through[0]:
                continue
            if any(call.scope.function is at.scope.function and call.place < at.place for at in places_of(access)):
                return self._for("validated by `{}`", call.node)
        name = access.denoted.root.receiver
        if name is None:
            return False
        for call, arg in self.given_to.get(name, ()):
            before = call.scope.function is access.at.scope.function and call.place < access.at.place
            if before and self._is_boundary(call, arg, response=True):
                return self._for("validated by `{}`", call.node)
        return False

    @cached_property
    def given_to(self) -> dict[str, list[tuple[Call, cst.Arg]]]:
        """The calls of functions of this module that are given a response, by its spelling."""
        names = {root.receiver for root in self.roots.values() if root.receiver is not None}
        found: dict[str, list[tuple[Call, cst.Arg]]] = {}
        for call in self.module.lowered.calls:
            for arg in call.node.args:
                name = spelling(arg.value)
                if name in names:
                    found.setdefault(name, []).append((call, arg))
        return found

    def _is_boundary(self, call: Call, arg: cst.Arg, *, response: bool = False) -> bool:
        """Whether a function of this module raises for what it does not like of an argument."""
        values = self.types.of(call.node.func, call)
        if len(values) != 1 or not isinstance(values[0], Local):
            return False
        function = values[0].scope
        wanted = taker(self.types, call.node, arg, call, function) if function is not call.scope.function else None
        return wanted is not None and self.boundaries.raises(function, wanted, response=response)

    @cached_property
    def boundaries(self) -> Boundaries:
        """The functions of this module that see to decoded values for others."""
        return Boundaries(self.module, lambda call: checks_argument(self.module, call.node, call))

    def _callers(self, function: Scope) -> list[Call]:
        """All calls of a private function, where they are known."""
        return self.boundaries.callers(function)

    @cached_property
    def _validations(self) -> dict[Root, list[tuple[Call, Denoted]]]:
        """The calls that check a denoted value, by its root."""
        result: dict[Root, list[tuple[Call, Denoted]]] = {}
        for call in self.module.lowered.calls:
            for arg in call.node.args:
                found = self.known.get(arg.value)
                if found is not None and (
                    checks_argument(self.module, call.node, call) or self._is_boundary(call, arg)
                ):
                    result.setdefault(group(found.root), []).append((call, found))
        return result

    def _is_matched(self, access: Access) -> bool:
        """Whether a `match` on the value leads here."""
        block: Block | None = access.at.block
        while block is not None and block.owner is not None:
            owner = block.owner
            if isinstance(owner.node, cst.Match):
                found = self._find(owner.node.subject)
                if found is not None and same_root(found, access):
                    return self._for("matched by the `match` on `{}`", owner.node.subject)
            block = owner.block
        return False

    def _missed(self, access: Access) -> str:
        """What the code looks at instead of the accessed key."""
        caught = self._handlers.caught(access)[1]
        if caught:
            return f"`except {caught}` does not catch it"
        for decode, at in access.denoted.root.decodes:
            owner, tried = at.block.owner, at.block
            handled = owner is not None and isinstance(owner.node, (cst.Try, cst.TryStar)) and owner.node.handlers
            if owner is not None and handled and owner.arms[0][1] is tried:
                block: Block | None = access.at.block
                while block is not None and block is not tried:
                    block = block.owner.block if block.owner is not None else None
                if block is None and decode is not access.node:
                    return "the `try` covers only the decoding"
        for test, _ in self._conditions(access):
            if isinstance(test, cst.Comparison) and isinstance(test.comparisons[0].operator, (cst.In, cst.NotIn)):
                found = self._find(test.comparisons[0].comparator)
                if found is not None and same_root(found, access):
                    return f"`{self.module.code(test, 40)}` checks another key"
        name = access.denoted.root.receiver
        if name is not None:
            if (name, access.denoted.root.decodes[0][1].scope.function) in self._raised_for:
                return "`raise_for_status()` says nothing of the body"
            for test, _ in self._conditions(access):
                if re.search(
                    rf"\b{re.escape(name)}\.(?:ok|status|status_code|is_success|is_error)\b", self._code(test)
                ):
                    return "the status says nothing of the body"
        return ""

    @cached_property
    def _raised_for(self) -> set[tuple[str | None, Scope]]:
        """The responses on which `raise_for_status` is called, by their spelling and function."""
        return {
            (spelling(call.node.func.value), call.scope.function)
            for call in self.module.lowered.index.named.get("raise_for_status", ())
            if isinstance(call.node.func, cst.Attribute)
        }

    def _code(self, node: cst.CSTNode) -> str:
        return self.module.code(node, 200)


def _broken(loop: Compound) -> tuple[cst.CSTNode, bool] | None:
    """The one test by which an endless loop is left; the `break` itself where it ends the body of the loop."""
    if not isinstance(loop.node, cst.While) or dotted(loop.node.test) != "True" or not loop.arms:
        return None
    leaving = list(breaks(loop.node.body))
    if len(leaving) != 1:
        return None
    last = loop.node.body.body[-1] if loop.node.body.body else None
    if isinstance(last, cst.SimpleStatementLine) and leaving[0] in last.body:
        return leaving[0], True
    for inner in loop.arms[0][1].compounds:
        if isinstance(inner.node, cst.If):
            if leaving[0] in breaks(inner.node.body):
                return inner.node.test, True
            if isinstance(inner.node.orelse, cst.Else) and leaving[0] in breaks(inner.node.orelse.body):
                return inner.node.test, False
    return None


def _passed_by_all(loop: Compound) -> Iterator[tuple[cst.BaseExpression, bool]]:
    """The tests that every item of a loop passed, where the loop came to its end."""
    for inner in loop.arms[0][1].compounds:
        if isinstance(inner.node, cst.Assert):
            yield from parts(inner.node.test, True)
        elif isinstance(inner.node, cst.If) and inner.arms[0][1].leaves == "return":
            yield from parts(inner.node.test, False)


def _tests_several(test: cst.Call) -> bool:
    """Whether `any(key in data for key in ("a", "b"))` is about more than one written key."""
    over = test.args[0].value if test.args else None
    if not isinstance(over, (cst.GeneratorExp, cst.ListComp)) or not isinstance(over.elt, cst.Comparison):
        return False
    keys = over.for_in.iter
    return isinstance(keys, (cst.Tuple, cst.List, cst.Set)) and len(keys.elements) > 1


def _covers(one: Access, other: Access) -> bool:
    """Whether a finding at one access makes a second one at the other needless."""
    if one.at.scope is other.at.scope and encloses(one.at, other.at):
        return True
    same = one.container == other.container and one.key == other.key
    return same and one.at.scope.function is other.at.scope.function
