"""What the values in a function's body are: builtin ones, containers of them, objects of the project's classes.

Told by literals, calls, annotations, arguments and, of parameters and loop variables, by how they are used.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.ir import At, Binding, Scope, decorators_of, first_parameter, method_kind
from veteran.analysis.syntax.expressions import dotted
from veteran.analysis.syntax.nodes import MAX_QUOTED, Unconverted, expression, operands, string_value
from veteran.analysis.syntax.python import COUNTS_OR_HANDS_ON
from veteran.analysis.types.decorators import deeds
from veteran.analysis.types.values import Local, Ref
from veteran.families.cpu.domain import (
    BOX,
    CONTAINERS,
    MEMORY,
    MIXED,
    NOTHING,
    NUMBERS,
    NUMERIC,
    PLAIN,
    SCALARS,
    UNKNOWN,
    Frame,
    Interpreter,
    Kind,
    Stop,
    Verdict,
    display,
    either,
    holding,
    integer,
    is_number,
    is_text_call,
    items_of,
    shared_by_all,
    targets_of,
    unknown,
    words,
)

#: Annotations that say nothing of what the value does.
_VAGUE = words(
    """Any object Iterable Iterator Generator Reversible Sized Hashable Number Real SupportsInt SupportsFloat
    SupportsIndex Callable"""
)
#: What is gone through may be a file or a query, but what it gives is said.
_SERIES = words("Iterable Iterator Generator Reversible")

_READ = frozenset(("reads",))


class Values:
    """The values of one function's body, in one frame."""

    def __init__(self, cpu: Interpreter, frame: Frame) -> None:
        self.cpu = cpu
        self.frame = frame
        self.outside = False  # it is no thread that runs this: what values are counts, not what is done for them

    def stop(self, node: cst.CSTNode, reason: str, verdict: Verdict = Verdict.UNKNOWN, *, asks: str = "") -> Stop:
        text = self.cpu.module.code(node, 40)
        return Stop(verdict, f"`{text}` {reason}", node, asks)

    def at(self, node: cst.CSTNode) -> At:
        """Where an expression stands."""
        while node not in self.cpu.places:
            if isinstance(node, (cst.Attribute, cst.Subscript, cst.Await)):
                node = node.expression if isinstance(node, cst.Await) else node.value
            elif isinstance(node, cst.Call):
                node = node.func
            else:
                assert self.frame.scope.entry is not None or self.frame.scope.kind == "module"
                scope = self.frame.scope
                return At(scope, scope.body, 1 << 60, scope.entry.statement if scope.entry else 0)
        return self.cpu.places[node]

    def called(self, node: cst.Call) -> Kind:
        """What a call gives back."""
        raise NotImplementedError

    def run_function(self, function: Scope, parameters: dict[str, Kind], node: cst.CSTNode) -> Kind:
        """What a function of this module gives back."""
        raise NotImplementedError

    # Iterating over and indexing what is not known

    def parents(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        return self.cpu.module.uses.ancestors(node, self.at(node))

    def iterated(self, node: cst.BaseExpression) -> None:
        """What is iterated over must be no file, cursor or queue."""
        kind = self.kind(node)
        what = kind.what
        if not self.outside and (what == "object" or (what == "unknown" and not self._is_series(node))):
            raise self.stop(node, "is iterated over, and may be anything", asks=kind.asks)

    def _is_series(self, node: cst.BaseExpression) -> bool:
        """Whether what is done with something, or with what it gives, shows that it is held in memory."""
        if self.cpu.arrays:
            return False
        if isinstance(node, cst.Name) and any(self._like_a_series(node, use) for use in self._uses(node.value)):
            return True
        for parent in self.parents(node):
            if isinstance(parent, (cst.For, cst.CompFor)):
                names = [part.value for part in targets_of(parent.target) if isinstance(part, cst.Name)]
                return any(self._numeric(use) for name in names for use in self._uses(name))
            if isinstance(parent, cst.Call):
                func = dotted(parent.func) or "?"
                if func in ("sum", "sorted", "min", "max") or func.startswith(("math.", "statistics.")):
                    return True
                if func not in ("zip", "enumerate", "reversed", "list", "tuple", "iter"):
                    return False
            elif not isinstance(parent, cst.Arg):
                return False
        return False

    def _like_a_series(self, node: cst.Name, use: cst.Name) -> bool:
        parents = self.parents(use)
        parent = next(parents, None)
        if isinstance(parent, cst.Subscript):
            return parent.value is use and self._index_shows(parent)
        if isinstance(parent, cst.Arg):
            call = next(parents, None)
            return isinstance(call, cst.Call) and isinstance(call.func, cst.Name) and call.func.value == "len"
        return False

    def indexed(self, node: cst.Subscript) -> bool:
        """Whether an index into something unknown is one into a sequence of numbers or rows."""
        if self.cpu.arrays:
            return False
        if isinstance(node.value, cst.Subscript) or self._index_shows(node):
            return True
        if isinstance(node.value, cst.Name):
            return any(self._like_a_series(node.value, use) for use in self._uses(node.value.value))
        return False

    def _index_shows(self, node: cst.Subscript) -> bool:
        if any(not isinstance(e.slice, cst.Index) or isinstance(e.slice.value, cst.SimpleString) for e in node.slice):
            return all(isinstance(e.slice, cst.Slice) for e in node.slice)
        parent = next(self.parents(node), None)
        if isinstance(parent, cst.ComparisonTarget):
            return True
        return isinstance(parent, (cst.BinaryOperation, cst.Comparison, cst.Subscript, cst.AugAssign)) or (
            isinstance(parent, cst.Element) and isinstance(self._statement(node), cst.Assign)
        )

    def _statement(self, node: cst.CSTNode) -> cst.CSTNode | None:
        return next((p for p in self.parents(node) if isinstance(p, (cst.Assign, cst.Expr, cst.Return))), None)

    def _uses(self, name: str) -> Iterator[cst.Name]:
        for scope in self.cpu.parts.get(self.frame.scope, ()):
            yield from (use.node for use in scope.uses.get(name, ()))

    def _numeric(self, use: cst.Name) -> bool:
        """Whether a name is used as only a number is."""
        parents = self.parents(use)
        parent = next(parents, None)
        if isinstance(parent, cst.BinaryOperation):
            other = parent.right if parent.left is use else parent.left
            if isinstance(other, (cst.SimpleString, cst.FormattedString, cst.ConcatenatedString, cst.List)):
                return False
            return isinstance(parent.operator, NUMERIC) or is_number(other)
        if isinstance(parent, cst.UnaryOperation):
            return isinstance(parent.operator, (cst.Minus, cst.BitInvert))
        if isinstance(parent, cst.ComparisonTarget):
            parent = next(parents, None)
        if isinstance(parent, cst.Comparison):
            return any(is_number(part) for part in (parent.left, *(c.comparator for c in parent.comparisons)))
        if isinstance(parent, cst.AugAssign):
            if isinstance(parent.operator, NUMERIC):
                return True
            return isinstance(parent.target, cst.Name) and any(
                isinstance(binding.value, NUMBERS)
                for binding in self.frame.scope.bindings.get(parent.target.value, ())
                if binding.kind == "assign"
            )
        if isinstance(parent, cst.Arg):
            call = next(parents, None)
            func = dotted(call.func) if isinstance(call, cst.Call) else None
            return func in ("range", "abs", "divmod", "pow", "round", "chr", "ord", "bin", "hex") or (
                func or ""
            ).startswith("math.")
        return False

    def _textual(self, use: cst.Name) -> bool:
        """Whether a method of a name is called that only texts have."""
        parents = self.parents(use)
        func = next(parents, None)
        call = next(parents, None)
        return isinstance(func, cst.Attribute) and isinstance(call, cst.Call) and is_text_call(call)

    def shown(self, name: str, kind: Kind) -> Kind:
        """What the uses of a parameter or loop variable add to what is known of it."""
        if kind.what not in ("unknown", "item"):
            return kind
        if self.frame.scope.kind == "module":
            return kind
        uses = list(self._uses(name))
        if any(map(self._textual, uses)):
            return PLAIN
        if any(self._ranged(use) for use in uses):
            return PLAIN
        return PLAIN if not self.cpu.arrays and any(map(self._numeric, uses)) else kind

    def _ranged(self, use: cst.Name) -> bool:
        parents = self.parents(use)
        call = next(parents, None) and next(parents, None)
        return isinstance(call, cst.Call) and isinstance(call.func, cst.Name) and call.func.value == "range"

    # How often

    def rounds(self, node: cst.BaseExpression, depth: int = 0) -> int | None:
        """How many items an iterable has at most, where that is written out."""
        values = display(node)
        if values is not None:
            return len(values)
        if depth > 5:
            return None
        if isinstance(node, cst.Dict):
            return len(node.elements)
        if isinstance(node, cst.BaseComp):
            loop = node.for_in
            return self.rounds(loop.iter, depth + 1) if loop.inner_for_in is None else None
        if isinstance(node, cst.SimpleString):
            return len(string_value(node))
        if isinstance(node, cst.Name):
            binding = self._only(node)
            if binding is None or binding.kind != "assign" or binding.path or not binding.value:
                return None
            if isinstance(binding.value, cst.BaseExpression) and not self._grows(node.value):
                return self.rounds(binding.value, depth + 1)
            return None
        if not isinstance(node, cst.Call):
            return None
        if isinstance(node.func, cst.Attribute) and node.func.attr.value in ("items", "keys", "values"):
            return self.rounds(node.func.value, depth + 1)
        if not isinstance(node.func, cst.Name) or not node.args:
            return None
        name = node.func.value
        if name == "range":
            numbers = [self.most(arg.value) for arg in node.args]
            if any(number is None for number in numbers):
                return None
            return len(range(*(number for number in numbers if number is not None))) if numbers[-1] != 0 else 0
        if name in COUNTS_OR_HANDS_ON:
            return self.rounds(node.args[0].value, depth + 1)
        if name == "zip":
            known = [n for arg in node.args if (n := self.rounds(arg.value, depth + 1)) is not None]
            return min(known, default=None)
        return None

    def most(self, node: cst.BaseExpression) -> int | None:
        """The number an expression is at most."""
        number = integer(node)
        if number is not None or not isinstance(node, cst.Name):
            return number
        binding = self._only(node)
        if binding is None or binding.path:
            return None
        if binding.kind == "parameter":
            return self.frame.parameters.get(node.value, UNKNOWN).most if binding.scope is self.frame.scope else None
        return integer(binding.value) if binding.kind == "assign" and binding.value else None

    def _only(self, node: cst.Name) -> Binding | None:
        found = scopes.lookup(node.value, self.at(node))
        return found.bindings[0] if len(found.bindings) == 1 else None

    def _grows(self, name: str) -> bool:
        calls = self.cpu.lowered.index.methods_of.get(name, ())
        return any(getattr(call.node.func, "attr").value in ("append", "extend", "insert", "add") for call in calls)  # noqa: B009

    # What values are

    def kind(self, node: cst.BaseExpression, *, strict: bool = False) -> Kind:
        """What is known of a value. strict: `Stop` where reading it may do anything."""
        if not strict and node in self.frame.kinds:
            return self.frame.kinds[node]
        try:
            self.cpu.step()
            found = self._kind(node, strict)
        except Stop as stop:
            if strict:
                raise
            found = unknown(stop.asks)
        if not self.frame.active:
            self.frame.kinds[node] = found
        return found

    def _kind(self, node: cst.BaseExpression, strict: bool) -> Kind:
        if isinstance(node, cst.Name):
            return PLAIN if node.value in ("None", "True", "False") else self._name(node)
        if isinstance(node, (cst.SimpleString, cst.ConcatenatedString, cst.FormattedString, cst.Comparison)):
            return PLAIN
        if isinstance(node, (cst.Integer, cst.Float, cst.Imaginary)):
            return Kind("plain", None, integer(node))
        if isinstance(node, (cst.List, cst.Tuple, cst.Set)):
            if not node.elements:
                return MIXED
            return holding(
                items_of(self.kind(element.value))
                if isinstance(element, cst.StarredElement)
                else self.kind(element.value)
                for element in node.elements
            )
        if isinstance(node, cst.Dict):
            return holding(self.kind(element.value) for element in node.elements) if node.elements else MIXED
        if isinstance(node, (cst.ListComp, cst.SetComp, cst.GeneratorExp)):
            return holding((self.kind(node.elt),))
        if isinstance(node, cst.DictComp):
            return holding((self.kind(node.key), self.kind(node.value)))
        if isinstance(node, cst.BinaryOperation):
            return self._operation(node)
        if isinstance(node, cst.UnaryOperation):
            return PLAIN if isinstance(node.operator, cst.Not) else self.kind(node.expression)
        if isinstance(node, (cst.BooleanOperation, cst.IfExp)):
            parts = (node.left, node.right) if isinstance(node, cst.BooleanOperation) else (node.body, node.orelse)
            return either(self.kind(part) for part in parts)
        if isinstance(node, cst.NamedExpr):
            return self.kind(node.value)
        if isinstance(node, cst.Subscript):
            value = self.kind(node.value)
            if not any(isinstance(element.slice, cst.Slice) for element in node.slice) or value.what == "object":
                return items_of(value)
            held = value.what == "unknown" and self.outside and self.cpu.slices_hold(value)
            return BOX if held else value
        if isinstance(node, cst.Attribute):
            return self._member(node, strict)
        if isinstance(node, cst.Call):
            return self.called(node)
        return UNKNOWN

    def _operation(self, node: cst.BinaryOperation) -> Kind:
        left, right = self.kind(node.left), self.kind(node.right)
        if isinstance(node.operator, cst.Modulo) and isinstance(node.left, (cst.SimpleString, cst.ConcatenatedString)):
            return PLAIN
        found = either((left, right))
        if found.what in ("plain", "object"):
            return PLAIN if found.what == "plain" else Kind("object")
        if not self.cpu.arrays and isinstance(node.operator, NUMERIC) and found.what in ("unknown", "item"):
            return PLAIN
        return found

    def _name(self, node: cst.Name) -> Kind:
        found = scopes.lookup(node.value, self.at(node))
        if not found.bindings:
            return UNKNOWN
        kind = either(self.bound(binding) for binding in found.bindings)
        outside = any(binding.scope.function is not self.frame.scope for binding in found.bindings)
        return shared_by_all(kind) if outside and kind.what in ("object", "box") else kind

    def bound(self, binding: Binding) -> Kind:
        """What is known of what a binding binds."""
        frame: Frame | None = self.frame
        owner = binding.scope.function
        while frame is not None and frame.scope is not owner:
            frame = frame.outer
        frame = frame or self.cpu.frame(owner)
        if binding in frame.bindings:
            return frame.bindings[binding]
        if binding in frame.active:
            return NOTHING
        frame.active.add(binding)
        try:
            body = self if frame is self.frame else type(self)(self.cpu, frame)
            body.outside = self.outside or frame is self.cpu.frames.get(owner)
            found = body._bound(binding)
        finally:
            frame.active.discard(binding)
        if not frame.active:
            frame.bindings[binding] = found
        return found

    def _bound(self, binding: Binding) -> Kind:
        kind = binding.kind
        if kind == "parameter":
            return self._parameter(binding)
        if binding.annotation is not None and kind != "for":
            declared = self.annotated(binding.annotation, binding)
            if declared.what != "unknown" or binding.value is None:
                return declared
        if kind in ("assign", "walrus", "for"):
            if not isinstance(binding.value, cst.BaseExpression):
                return UNKNOWN
            value = self.kind(binding.value)
            if value == MIXED and kind == "assign":
                value = self.cpu.filled_with(binding)
            if kind == "for":
                return self.shown(binding.name, self._looped(binding, value))
            return value if binding.path == () else self._unpacked(binding, value)
        if kind == "augment":
            before = scopes.lookup(binding.name, binding)
            joined = either((self.kind(binding.value.value), *(self.bound(b) for b in before.bindings)))
            numeric = isinstance(binding.value.operator, NUMERIC) and not self.cpu.arrays
            return PLAIN if numeric and joined.what in ("item", "unknown") else joined._replace(most=None)
        if kind == "import":
            return self._elsewhere(str(binding.value))
        return PLAIN if kind == "except" else UNKNOWN

    def _elsewhere(self, name: str) -> Kind:
        """What is known of a value that another module binds."""
        found = self.cpu.ask(name)
        if found is None or found.binding is None:
            return unknown(name)
        kind = found.cpu.bound(found.binding)
        return kind._replace(shared=True) if kind.what == "object" else kind

    def _looped(self, binding: Binding, value: Kind) -> Kind:
        """What a loop binds, by what it goes through."""
        kind, node, path = items_of(value), binding.value, binding.path
        if path is None:
            return UNKNOWN if kind.of is not None else kind
        if isinstance(node, cst.Call) and path:
            args = node.args if not any(arg.star or arg.keyword for arg in node.args) else ()
            name = node.func.value if isinstance(node.func, cst.Name) and args else ""
            if name == "enumerate" and path[0] == 0:
                return PLAIN
            index = {"enumerate": 0, "zip": path[0]}.get(name, len(args))
            if index < len(args):
                kind, path = items_of(self.kind(args[index].value)), path[1:]
            elif any(isinstance(one, Ref) for one in self.cpu.types.of(node.func, self.at(node))) or value == MIXED:
                path = ()  # all that it gives counts as one
        for _ in path:
            kind = items_of(kind)
        return kind

    def _unpacked(self, binding: Binding, value: Kind) -> Kind:
        node = binding.value
        for index in binding.path or ():
            parts = display(node)
            if parts is None or index >= len(parts):
                return self.shown(binding.name, items_of(value))
            node = parts[index]
        return self.kind(node) if binding.path else self.shown(binding.name, items_of(value))

    def _parameter(self, binding: Binding) -> Kind:
        function = binding.scope
        parameter = cst.ensure_type(binding.value, cst.Param)
        if parameter.star:
            return BOX
        given = self.frame.parameters.get(binding.name) if function is self.frame.scope else None
        fallback = unknown(given.asks) if given is not None and given.what == "unknown" else UNKNOWN
        vague = given is not None and given.what in ("item", "box")
        vague = vague and given is not None and (given.of is None or given.of.what == "unknown")
        if given is not None and given.what != "unknown" and not vague:
            return given
        if binding.annotation is not None and function.entry is not None:
            declared = self.annotated(binding.annotation, function.entry)
            if declared.what != "unknown" and not (vague and declared == BOX):
                shared = declared.what == "object" and given is not None and given.shared
                return declared._replace(shared=shared)
            if declared.of is not None:
                fallback = declared
        bound = given is None and method_kind(function) in ("object", "class")
        if bound and first_parameter(function) == binding.name:
            return Kind("object", function.parent)
        shown = self.shown(binding.name, fallback)
        return given if vague and given is not None and shown.what == "unknown" else shown

    def annotated(self, node: cst.BaseExpression, at: At) -> Kind:
        """What an annotation says."""
        if isinstance(node, cst.SimpleString):
            text = string_value(node)
            if not isinstance(text, str) or len(text) > MAX_QUOTED:
                return UNKNOWN
            try:
                return self.annotated(expression(text), at)
            except Unconverted:
                return UNKNOWN
        if isinstance(node, cst.BinaryOperation):
            return either(self.annotated(part, at) for part in operands(node))
        if isinstance(node, cst.Subscript):
            name = (dotted(node.value) or "").rpartition(".")[2]
            inner = [element.slice.value for element in node.slice if isinstance(element.slice, cst.Index)]
            if name in ("Optional", "Union", "Final", "Annotated", "ClassVar"):
                inner = inner[:1] if name == "Annotated" else inner
                return either(self.annotated(part, at) for part in inner)
            items = [self.annotated(part, at) for part in inner if not isinstance(part, cst.Ellipsis)]
            if name in CONTAINERS and items:
                if all(item.what == "plain" for item in items):
                    return PLAIN
                if all(item.what in MEMORY and item.of is None for item in items):
                    return MIXED
                if len(items) == 1 and items[0].what != "unknown":
                    return BOX._replace(of=items[0])
                objects = any(item.what == "object" or item.of is not None for item in items)
                return BOX._replace(of=UNKNOWN) if objects else BOX
            if name in _SERIES and items:
                return UNKNOWN._replace(of=items[0])
            return PLAIN if name == "Literal" else self.annotated(node.value, at)
        if isinstance(node, cst.Name) and node.value == "None":
            return NOTHING
        if isinstance(node, cst.Name):
            found = scopes.lookup(node.value, at).bindings
            value = found[0].value if len(found) == 1 and found[0].kind in ("assign", "type") else None
            if isinstance(value, (cst.Subscript, cst.BinaryOperation)):  # the type's other name
                alias = found[0]
                return self.cpu.following.follow(alias, lambda: self.annotated(alias.value, alias), UNKNOWN)
        values = self.cpu.types.of(node, at)
        value = values[0] if len(values) == 1 else None
        if isinstance(value, Local) and value.scope.kind == "class":
            return Kind("object", value.scope)
        if isinstance(value, Ref) and not value.spelled:
            name = value.name.rpartition(".")[2]
            if name in SCALARS:
                return PLAIN
            if name in CONTAINERS:
                return BOX
            if value.name in self.cpu.owners:
                return PLAIN
            if name in _VAGUE:
                return UNKNOWN
            known = self.cpu.ask(value.name)
            if known is not None and known.scope is not None and known.scope.kind == "class":
                return Kind("object", known.scope)
            return Kind("object", asks=value.name)
        return self._named_later(node) if isinstance(node, cst.Name) and value is None else UNKNOWN

    def _named_later(self, node: cst.Name) -> Kind:
        """What an annotation says by the name of a class of the module that is made below it."""
        module = self.cpu.lowered.module
        found = scopes.lookup(node.value, At(module, module.body, 1 << 60, 0)).bindings
        return Kind("object", found[0].value) if len(found) == 1 and found[0].kind == "class" else UNKNOWN

    # Attributes

    def _member(self, node: cst.Attribute, strict: bool) -> Kind:
        values = self.cpu.types.of(node.value, self.at(node))
        value = values[0] if len(values) == 1 else None
        if isinstance(value, Ref) and not value.spelled:
            name = f"{value.name}.{node.attr.value}"
            return PLAIN if self.cpu.catalog.computing(name) else self._elsewhere(name)
        if isinstance(value, Local) and value.scope.kind == "class":
            return self._class_member(value.scope, node, strict)
        kind = self.kind(node.value)
        if kind.what == "plain":
            return PLAIN
        if kind.what == "object" and kind.scope is not None:
            return self._class_member(kind.scope, node, strict)
        raise self.stop(node, "is an attribute of what is not known", asks=kind.asks)

    def _class_member(self, owner: Scope, node: cst.Attribute, strict: bool) -> Kind:
        name = node.attr.value
        for scope in self.cpu.line(owner):
            if scope is None:
                break
            home = self.cpu.of(scope)
            values = self if home is self.cpu else type(self)(home, home.frame(scope.function))
            values.outside = self.outside or values is not self
            if name in scope.attributes:
                kinds = [values.bound(binding) for binding in scope.attributes[name]]
                kinds += [values.bound(b) for b in scope.bindings.get(name, ()) if b.kind != "annotate"]
                return either(kinds)
            bound = scope.bindings.get(name)
            if bound and bound[-1].kind == "def":
                function: Scope = bound[-1].value
                decorators = decorators_of(function)
                if not decorators or any(deeds(one, self.cpu.catalog) != _READ for one in decorators):
                    return UNKNOWN
                return self.run_function(function, {first_parameter(function) or "": Kind("object", owner)}, node)
            if bound:
                return either(values.bound(binding) for binding in bound)
        if name in ("name", "daemon", "ident", "native_id"):  # of threads
            return PLAIN
        raise self.stop(node, "is not known")
