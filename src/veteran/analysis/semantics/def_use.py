"""What becomes of a value: where a name that is bound to it is read, and what each place does with it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from operator import attrgetter

import libcst as cst

from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.ir import At, Binding, Lowered, Use
from veteran.analysis.syntax.expressions import dotted, running


class Uses:
    """Uses of bindings and the parents of nodes, within one module, on demand."""

    def __init__(self, lowered: Lowered) -> None:
        self.lowered = lowered
        self._parents: dict[cst.CSTNode, dict[cst.CSTNode, cst.CSTNode]] = {}
        self._readers: dict[str, dict[Binding, list[Use]]] = {}

    def parent(self, node: cst.CSTNode, at: At) -> cst.CSTNode | None:
        """The node around a node that stands at a place; None at the top of the function or statement."""
        root = self._root(at)
        if root not in self._parents:
            self._parents[root] = dict(_pairs(root))
        return self._parents[root].get(node)

    def ancestors(self, node: cst.CSTNode, at: At) -> Iterator[cst.CSTNode]:
        """The nodes around a node, from the inside, up to the function or statement at the top."""
        found = self.parent(node, at)
        while found is not None:
            yield found
            found = self.parent(found, at)

    def _root(self, at: At) -> cst.CSTNode:
        return self.lowered.tree.body[at.statement]

    def of(self, binding: Binding) -> list[Use]:
        """The places that may read what this binding binds, nested functions included, in order."""
        if binding.name not in self._readers:
            self._readers[binding.name] = self._resolved(binding.name)
        return self._readers[binding.name].get(binding, [])

    def _resolved(self, name: str) -> dict[Binding, list[Use]]:
        """For each binding of a name, the places that may read it. Each place is looked up once."""
        found: dict[Binding, list[Use]] = {}
        for use in sorted(self._places.get(name, ()), key=attrgetter("place")):
            for binding in scopes.lookup(name, use).bindings:
                found.setdefault(binding, []).append(use)
        return found

    def named(self, name: str) -> list[Use]:
        """Every place where a name is read, whatever it means there."""
        return self._places.get(name, [])

    @cached_property
    def _places(self) -> dict[str, list[Use]]:
        """Every place where a name is read, by the name."""
        found: dict[str, list[Use]] = {}
        for scope in self.lowered.scopes:
            for name, uses in scope.uses.items():
                found.setdefault(name, []).extend(uses)
        return found


def _pairs(root: cst.CSTNode) -> Iterator[tuple[cst.CSTNode, cst.CSTNode]]:
    """(node, its parent) for everything below a node, layout aside."""
    pending = [root]
    while pending:
        node = pending.pop()
        for part in running(node):
            pending.append(part)
            yield part, node


def names_in(*nodes: cst.CSTNode) -> set[str]:
    """The names and chains of attributes in expressions, whole chains and their heads alike."""
    found: set[str] = set()
    pending = list(nodes)
    while pending:
        node = pending.pop()
        kind = type(node)
        if (kind is cst.Name or kind is cst.Attribute) and (name := dotted(node)):
            found.add(name)
        if kind is cst.Lambda:
            continue
        pending += running(node)
    return found
