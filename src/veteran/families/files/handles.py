"""Which expressions are open files: those whose names were opened, never pipes, sockets or memory."""

from __future__ import annotations

from typing import NamedTuple

import libcst as cst

from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.ir import At, Binding, Scope, first_parameter
from veteran.analysis.syntax.nodes import string_value
from veteran.analysis.types.calls import argument
from veteran.analysis.types.decorators import SAME, only
from veteran.analysis.types.inference import Types
from veteran.analysis.types.values import Instance, Local, Values

_PATH_KEYWORDS = ("file", "filename", "fd", "uri", "name")
PATH_READS = frozenset(("read_text", "read_bytes"))
_PATH_FORMS = frozenset(
    ("absolute", "expanduser", "joinpath", "resolve", "with_name", "with_stem", "with_suffix", "relative_to")
)
_MAX_FOLLOWED = 3


class Handle(NamedTuple):
    """A file, or for `opener` None and a path, what `read_text` reads.

    node: what to iterate over; None where it has no name yet. opened: the place that shows it is a file.
    """

    node: cst.BaseExpression | None
    opened: cst.CSTNode
    at: At
    call: cst.Call | None
    path: cst.BaseExpression | None
    binary: bool
    proven: bool
    binding: Binding | None = None


class Handles:
    """Knows the files of one module."""

    def __init__(self, types: Types) -> None:
        self.types = types
        self.openers = types.catalog.openers
        self.file_types = types.catalog.sorted["file"]["type"]

    def of(self, node: cst.CSTNode, at: At, depth: int = 0) -> Handle | None:
        """The file that an expression certainly is."""
        if depth > _MAX_FOLLOWED * 2:
            return None
        if isinstance(node, cst.Name):
            return self._named(node, at, depth)
        if isinstance(node, cst.Attribute):
            return self._kept(node, at, depth)
        if isinstance(node, cst.Call):
            return self._opened(node, at, depth)
        if isinstance(node, cst.IfExp):
            body, orelse = self.of(node.body, at, depth + 1), self.of(node.orelse, at, depth + 1)
            return body if orelse is not None else None
        return None

    def _named(self, node: cst.Name, at: At, depth: int) -> Handle | None:
        found = scopes.lookup(node.value, at)
        if found.where not in ("local", "outer"):
            return None
        first: Handle | None = None
        for binding in found.bindings:
            inner = binding.scope.function is not at.scope.function
            if inner and (binding.scope.function.kind != "function" or len(found.bindings) > 1):
                return None
            if isinstance(binding.value, cst.Name) and binding.value.value == "None" and binding.kind == "assign":
                continue
            handle: Handle | None = None
            if binding.kind == "parameter":
                if self._is_annotated(binding):
                    handle = Handle(node, node, binding, None, None, _is_binary_type(binding), proven=False)
            elif binding.kind in ("assign", "with", "walrus") and not binding.path and binding.path is not None:
                handle = self.of(binding.value, binding, depth + 1)
            if handle is None:
                return None
            if first is None:
                opened = handle.opened if isinstance(handle.opened, cst.Call) else binding.target or node
                proven = handle.proven and not inner
                first = handle._replace(node=node, opened=opened, at=binding, binding=binding, proven=proven)
        return first

    def _is_annotated(self, binding: Binding) -> bool:
        kinds = self.types.binding(binding)
        return bool(kinds) and all(isinstance(kind, Instance) and kind.type in self.file_types for kind in kinds)

    def _kept(self, node: cst.Attribute, at: At, depth: int) -> Handle | None:
        """`self.x`, where every method sets it to a file or to None."""
        owner = _class_of(node, at)
        if owner is None:
            return None
        first: Handle | None = None
        declared = [binding for binding in owner.bindings.get(node.attr.value, ()) if binding.kind == "annotate"]
        if declared and not owner.attributes.get(node.attr.value):
            if len(declared) == 1 and self._is_annotated(declared[0]):
                return Handle(node, node, at, None, None, _is_binary_type(declared[0]), proven=False)
            return None
        for binding in owner.attributes.get(node.attr.value, ()):
            if isinstance(binding.value, cst.Name) and binding.value.value == "None":
                continue
            if binding.kind not in ("assign", "with") or binding.path or not isinstance(binding.value, cst.Call):
                return None
            handle = self._opened(binding.value, binding, depth + 1)
            if handle is None:
                return None
            first = first or handle._replace(node=node, at=binding, proven=False)
        return first

    def _opened(self, node: cst.Call, at: At, depth: int) -> Handle | None:
        func = node.func
        if isinstance(func, cst.Attribute) and func.attr.value == "enter_context" and len(node.args) == 1:
            return self.of(node.args[0].value, at, depth + 1)
        name = self.called(node, at)
        if name in self.types.catalog.sorted["same"]["entered"] and len(node.args) == 1:
            return self.of(node.args[0].value, at, depth + 1)
        opener = self.openers.get(name)
        if opener is not None and opener.wraps:
            inner = self.of(node.args[0].value, at, depth + 1) if node.args and not node.args[0].star else None
            return inner._replace(node=None, opened=node, call=node, binary=opener.binary) if inner else None
        path: cst.BaseExpression | None
        if isinstance(func, cst.Attribute) and func.attr.value == "open" and self._is_path(func.value, at):
            opener, path, mode = None, func.value, argument(node, 0, ("mode",))
        elif opener is not None:
            path, mode = argument(node, 0, _PATH_KEYWORDS), argument(node, opener.mode, ("mode",))
            if path is None or argument(node, opener.stream, ("fileobj",)) is not None:
                return None
            if name == "os.fdopen" and not (isinstance(path, cst.Call) and self.called(path, at) == "os.open"):
                return None
            if isinstance(path, cst.Integer) or self._is_other(path, at):
                return None
        else:
            return self._result(node, at, depth)
        if any(arg.star for arg in node.args):
            return None
        text = "r"
        if mode is not None:
            if not isinstance(mode, cst.SimpleString):
                return None
            text = str(string_value(mode))
        if set(text) & set("wax+"):
            return None
        binary = "b" in text or (opener is not None and opener.binary and "t" not in text)
        return Handle(None, node, at, node, path, binary, proven=not _is_starred_open(func, at))

    def _result(self, node: cst.Call, at: At, depth: int) -> Handle | None:
        """What a function of this module returns: by its annotation, or a file that it opens."""
        callee = self.types.of(node.func, at)
        if len(callee) != 1 or not isinstance(callee[0], Local) or depth > _MAX_FOLLOWED:
            return None
        function = callee[0].scope
        if not isinstance(function.node, cst.FunctionDef) or function.is_async:
            return None
        if not only(function.node.decorators, SAME, self.types.catalog):
            return None
        kinds = self.types.of(node, at)
        if kinds and all(isinstance(kind, Instance) and kind.type in self.file_types for kind in kinds):
            return Handle(None, node, at, node, node, binary=False, proven=False)
        given = [(value, where) for value, where in function.returns if value is not None]
        handles = [self.of(value, where, depth + 1) for value, where in given]
        if not handles or handles[0] is None or not all(handles):
            return None
        return Handle(None, node, at, node, node, handles[0].binary, proven=False)

    def called(self, node: cst.Call, at: At) -> str:
        """The qualified name of what is called; empty where it is not certain."""
        refs = self.types.refs(node.func, at)
        if not refs and _is_starred_open(node.func, at):
            return "open"
        if not refs or len({ref.name for ref in refs}) != 1:
            return ""
        return refs[0].name.removeprefix("builtins.")

    def _is_other(self, path: cst.BaseExpression, at: At) -> bool:
        """Whether what is opened is known to be no name of a file: a stream or text in memory."""
        kinds = self.types.of(path, at)
        known = [kind for kind in kinds if isinstance(kind, Instance)]
        return any(kind.type not in ("str", "bytes") and not self._derives_from_path(kind.type) for kind in known) and (
            not any(kind.type.rpartition(".")[2] in ("PathLike", "AnyStr", "StrPath", "Union") for kind in known)
        )

    def _is_path(self, node: cst.CSTNode, at: At, depth: int = 0) -> bool:
        """Whether an expression is certainly a `pathlib.Path`; `self.x` is what every method sets it to."""
        if depth > _MAX_FOLLOWED:
            return False
        if self._are_paths(self.types.of(node, at)):
            return True
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Divide):
            return self._is_path(node.left, at, depth + 1)
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value in _PATH_FORMS:
            return self._is_path(node.func.value, at, depth + 1)
        if not isinstance(node, cst.Attribute):
            return False
        if node.attr.value == "parent":
            return self._is_path(node.value, at, depth + 1)
        owner = _class_of(node, at)
        if owner is None:
            return False
        bindings = [*owner.attributes.get(node.attr.value, ()), *owner.bindings.get(node.attr.value, ())]
        return bool(bindings) and all(self._binds_path(binding, depth) for binding in bindings)

    def _binds_path(self, binding: Binding, depth: int) -> bool:
        if binding.annotation is not None and self._are_paths(self.types.annotation(binding.annotation, binding)):
            return True
        if binding.kind != "assign" or binding.path != () or not isinstance(binding.value, cst.BaseExpression):
            return False
        return self._is_path(binding.value, binding, depth + 1)

    def _are_paths(self, kinds: Values) -> bool:
        return bool(kinds) and all(isinstance(kind, Instance) and self._derives_from_path(kind.type) for kind in kinds)

    def _derives_from_path(self, kind: str) -> bool:
        while kind and kind != "pathlib.Path":
            kind = self.types.catalog.bases.get(kind, "")
        return bool(kind)

    def read(self, call: cst.Call, at: At) -> Handle | None:
        """The file that `.read()` or `.read_text()` reads."""
        func = cst.ensure_type(call.func, cst.Attribute)
        if func.attr.value == "read":
            return self.of(func.value, at)
        if not self._is_path(func.value, at):
            return None
        return Handle(None, call, at, call, func.value, func.attr.value == "read_bytes", proven=False)


def _is_starred_open(node: cst.BaseExpression, at: At) -> bool:
    """Whether `open` is that of the builtins, or what a star import has put in its place: hardly anything else."""
    if not isinstance(node, cst.Name) or node.value != "open":
        return False
    scope = at.scope
    while scope.parent is not None:
        scope = scope.parent
    return scopes.lookup("open", at).where == "unknown" and "open" not in scope.names


def _class_of(node: cst.Attribute, at: At) -> Scope | None:
    """The class of which an attribute of `self` is one."""
    function = at.scope.function
    owner = function.parent
    if owner is None or owner.kind != "class" or not isinstance(node.value, cst.Name):
        return None
    return owner if node.value.value == first_parameter(function) else None


def _is_binary_type(binding: Binding) -> bool:
    return "Binary" in repr(binding.values) or "Buffered" in repr(binding.values)
