"""The calls of a module that the catalogue lists: which they are, and which an argument makes harmless."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from veteran.analysis.call_events import CallEvent
from veteran.analysis.reports import ReportStep
from veteran.analysis.semantics.ir import At, Binding, Call
from veteran.analysis.syntax.nodes import operands
from veteran.analysis.types.calls import argument, written_out
from veteran.analysis.types.values import Instance, Local, Ref
from veteran.catalog import ListedCall, Unless

if TYPE_CHECKING:
    from veteran.analysis.module import Module


@dataclass(frozen=True, eq=False)
class CatalogCall(CallEvent):
    """A call of something that the catalogue lists in `table`. name: its qualified name. origin: of the receiver."""

    module: Module
    call: Call
    entry: ListedCall
    name: str
    origin: At | None
    table: str

    def origin_step(self, what: str) -> ReportStep | None:
        """A step at the name that the receiver is bound to, "`name` is {what}"; None where no name is."""
        bound = self.origin
        if not isinstance(bound, Binding) or bound.target is None:
            return None
        return ReportStep(bound.target, bound, f"`{self.module.code(bound.target, 40)}` is {what}")


def catalog_call(module: Module, table: str, call: Call) -> CatalogCall | None:
    """A call of what the catalogue lists in a table; None for any other, and where an argument makes it harmless."""
    refs = module.types.refs(call.node.func, call)
    if refs and len(refs) > 1:  # a placeholder: `path: Path = ""`
        refs = [ref for ref in refs if not _is_no_method(ref.name)] or refs
    entries = [module.catalog.lookup(module.catalog.calls[table], ref.name) for ref in refs or ()]
    if not refs or not all(entries):
        if module.trace:
            module.trace.note(table, call.node, call, _called(module, call, refs, table))
        return None
    entry: ListedCall = entries[0]
    if any(_holds(module, unless, call) for unless in entry.unless):
        if module.trace:
            text = f"`{entry.name}` is listed, but an argument makes it harmless, or may do so"
            module.trace.note(table, call.node, call, text)
        return None
    origin = None
    if isinstance(call.node.func, cst.Attribute):
        values = module.types.of(call.node.func.value, call)
        if isinstance(values[0], Instance):
            origin = values[0].origin
    return CatalogCall(module, call, entry, entry.name, origin, table)


def note_unlisted(module: Module, call: Call, tables: Iterable[str]) -> None:
    """Notes a call that by its name alone is none of those listed, where somebody asks."""
    if module.trace:
        for table in tables:
            module.trace.note(
                table, call.node, call, _called(module, call, module.types.refs(call.node.func, call), table)
            )


def _called(module: Module, call: Call, refs: list[Ref] | None, table: str) -> str:
    """What a call is of that the catalogue does not list, in words."""
    func = call.node.func
    shown = module.code(func, 40)
    if refs and all(module.catalog.lookup(module.catalog.calls[table], ref.name) for ref in refs):
        return f"`{shown}` is `{refs[0].name}`, but an attribute counts only under the names of listed calls"
    if refs:
        names = " or ".join(f"`{ref.name}`" for ref in refs)
        return f"`{shown}` is {names}, which the catalogue does not list as {table}"
    values = module.types.of(func, call)
    local = [value.scope for value in values if isinstance(value, Local)]
    if local and len(local) == len(values):
        what = f"`{local[0].qualname}` of this module"
        return f"`{shown}` is {what}, which the catalogue does not list as {table}"
    if isinstance(func, cst.Attribute):
        receivers = module.types.of(func.value, call)
        kinds = [value.type for value in receivers if isinstance(value, Instance)]
        if kinds and len(kinds) == len(receivers):
            of = " or ".join(f"`{kind.strip('<>')}`" for kind in kinds)
            return f"`{shown}` is a method of {of}, which the catalogue does not list as {table}"
        return f"unknown receiver: what `{module.code(func.value, 40)}` is cannot be told"
    return f"unknown callee: what `{shown}` is cannot be told"


def blocking_call(module: Module, call: Call) -> CatalogCall | None:
    """A call that the catalogue calls blocking; None for any other."""
    func = call.node.func
    if isinstance(func, cst.Attribute) and func.attr.value not in module.catalog.tails:
        return None
    return catalog_call(module, "blocking", call)


def _holds(module: Module, unless: Unless, call: Call) -> bool:
    """Whether a call passes the argument that makes it harmless, or may pass it."""
    if any(arg.star for arg in written_out(call.node.args)):
        return True
    keywords = (unless.keyword,) if unless.keyword else ()
    value = argument(call, unless.position, keywords)
    if value is None:
        return unless.absent
    flags = isinstance(value, cst.BinaryOperation) and isinstance(value.operator, cst.BitOr)
    parts = operands(value) if flags else (value,)  # type: ignore[arg-type]
    return any(_is_one_of(module, part, unless, call) for part in parts)


def _is_one_of(module: Module, value: cst.BaseExpression, unless: Unless, call: Call) -> bool:
    """Whether a value is one of those that make a call harmless; an unknown flag may be one."""
    known = module.types.of(value, call)
    for found in known:
        if isinstance(found, Ref) and found.name in unless.equals:
            return True
        if isinstance(found, Instance) and found.type in unless.equals:
            return True
    texts = ["".join(map(str, p)) for p in module.flow.pieces(value, call) if all(isinstance(x, str) for x in p)]
    if texts:
        quoted = isinstance(value, cst.SimpleString)
        return any((repr(text) if quoted else _number(text)) in unless.equals for text in texts)
    flags = any(wanted in ("True", "False") or "." in wanted for wanted in unless.equals)
    return flags and any(found is None or (isinstance(found, Instance) and found.type == "bool") for found in known)


def made_non_blocking(module: Module, receiver: Binding) -> bool:
    """Whether a socket sends datagrams, or `setblocking(False)` or `settimeout(0)` is called on it."""
    wanted = {"setblocking": Unless(0, "flag", ("False", "0")), "settimeout": Unless(0, "value", ("0",))}
    if isinstance(receiver.value, cst.Call) and "SOCK_DGRAM" in module.code(receiver.value, 200):
        return True
    return any(
        func.attr.value in wanted and _holds(module, wanted[func.attr.value], call)
        for call in module.lowered.index.methods_of.get(receiver.name, ())
        if isinstance(func := call.node.func, cst.Attribute) and call.scope.function is receiver.scope.function
    )


def _is_no_method(name: str) -> bool:
    """Whether a name is that of a built-in class with a method that it does not have."""
    kind, _, method = name.partition(".")
    return kind in _PLAIN_CLASSES and bool(method) and not hasattr(_PLAIN_CLASSES[kind], method)


_PLAIN_CLASSES = {kind.__name__: kind for kind in (bool, bytes, dict, float, int, list, set, str, tuple)}


def _number(text: str) -> str:
    """A zero in any spelling as `0`; any other text as it is."""
    try:
        return "0" if float(text) == 0 else text
    except ValueError:
        return text
