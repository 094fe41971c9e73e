"""One module, understood: what rules hear of and what they may ask."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import libcst as cst

from veteran.analysis.contexts import Contexts
from veteran.analysis.dataflow.strings import Flow
from veteran.analysis.semantics.binder import lower
from veteran.analysis.semantics.def_use import Uses, names_in
from veteran.analysis.semantics.ir import Call
from veteran.analysis.syntax.gate import Glance
from veteran.analysis.syntax.source import Source
from veteran.analysis.syntax.tree import Tree
from veteran.analysis.types.inference import Types
from veteran.catalog import Catalog
from veteran.findings import Finding, failed
from veteran.once import Concluding
from veteran.registry import Rule
from veteran.timings import phase

if TYPE_CHECKING:
    from veteran.analysis.dataflow.trace import Trace

T = TypeVar("T")


class Module(Concluding):
    """One file's tree and everything that is concluded from it, on demand."""

    def __init__(self, path: str, source: Source, tree: Tree, catalog: Catalog) -> None:
        super().__init__()
        self.path = path
        self.source = source
        self.catalog = catalog
        self.tree = tree
        with phase("lowering"):
            self.lowered = lower(tree.module, catalog)
        self.types = Types(catalog, self.lowered)
        self.flow = Flow(self.lowered, self.types)
        self.uses = Uses(self.lowered)
        self.trace: Trace | None = None  # what is dropped and why, where somebody asks
        self.judged: cst.CSTNode | None = None  # what is looked at right now
        self._failures: dict[tuple[str, ...], tuple[Exception, cst.CSTNode | None]] = {}

    def trying(self, rules: Iterable[Rule], work: Callable[[], T]) -> T | None:
        """What `work()` gives; where veteran fails in it, None, and that costs these rules alone."""
        try:
            return work()
        except Exception as error:
            codes = tuple(dict.fromkeys(rule.code for rule in rules))
            self._failures.setdefault(codes, (error, self.judged))
            return None

    def failures(self) -> list[Finding]:
        """One finding for the rules that something failed in, where it did so first."""
        return [
            failed(self.path, error, codes, self.tree.span(node)) if node else failed(self.path, error, codes)
            for codes, (error, node) in self._failures.items()
        ]

    def forget(self) -> None:
        """Lets go of everything: scopes, places and bindings hold each other, and the tree."""
        for scope in self.lowered.scopes:
            for bound in (*scope.bindings.values(), *scope.attributes.values()):
                for binding in bound:
                    binding.values = binding.arranged = None
            for held in (scope.bindings, scope.uses, scope.attributes, scope.returns, scope.yielded):
                held.clear()
            scope.parent = scope.entry = None
            blocks = [scope.body]
            while blocks:
                block = blocks.pop()
                for compound in block.compounds:
                    blocks += [arm for _, arm in compound.arms]
                    compound.arms.clear()
                block.compounds.clear()
        vars(self.flow).clear()
        vars(self).clear()

    @cached_property
    def glance(self) -> Glance:
        """The bytes; who has seen them already gives what they saw."""
        return Glance(self.source.text.encode("utf-8", "replace"), self.catalog)

    @cached_property
    def async_library(self) -> str:
        """The event loop that the module is written for: `asyncio`, `trio` or `anyio`."""
        for scope in self.lowered.scopes:  # the module's first: what a helper imports says less
            bound = itertools.chain.from_iterable(scope.bindings.values())
            roots = {str(b.value).partition(".")[0] for b in bound if b.kind == "import"}
            for name in ("asyncio", "anyio", "trio"):
                if name in roots:
                    return name
        return "asyncio"

    def code(self, node: cst.CSTNode, limit: int = 60) -> str:
        """The source of a small node on one line, cut at `limit` characters."""
        text = self.tree.code(node)
        if "\n" in text and isinstance(node, (cst.Attribute, cst.Name, cst.Call)):
            text = re.sub(r"#[^\n]*|\\$", "", text, flags=re.MULTILINE)
        text = re.sub(r"\s*\n\s*(?=[.)\]])|(?<=[(\[])\s*\n\s*", "", text)
        text = " ".join(text.split())
        return text if len(text) <= limit else f"{text[: limit - 1]}…"

    @cached_property
    def contexts(self) -> Contexts:
        """Which functions run where nothing serves yet."""
        return Contexts(self.lowered, self.types)

    @cached_property
    def _awaited(self) -> dict[str, list[Call]]:
        found: dict[str, list[Call]] = {}
        for call in self.lowered.calls:
            if call.awaited:
                for name in names_in(*(arg.value for arg in call.node.args)):
                    found.setdefault(name, []).append(call)
        return found

    def awaited_names(self, names: Iterable[str]) -> Iterator[Call]:
        """The awaited calls that one of these names or attributes is handed to, at any depth."""
        for name in names:
            yield from self._awaited.get(name, ())
