"""What running a function's body does: its statements and calls one by one, until one is not computing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import libcst as cst

from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.ir import Scope, decorators_of
from veteran.analysis.syntax.expressions import all_parameters, children_fields, dotted
from veteran.analysis.types.decorators import SAME, deeds, only
from veteran.analysis.types.values import Local, Ref
from veteran.families.cpu.domain import (
    BOX,
    BUILTIN_NAMES,
    ITEM,
    MANY,
    MEMORY,
    MIXED,
    NOTHING,
    PLAIN,
    UNKNOWN,
    Evidence,
    Frame,
    Interpreter,
    Kind,
    Result,
    Stop,
    Verdict,
    below,
    either,
    holding,
    is_text_call,
    items_of,
    root_of,
    targets_of,
    unknown,
    words,
)
from veteran.families.cpu.values import Values

#: Methods that containers have and what talks to the world has not.
_ITEM_METHODS = words(
    """append add extend insert items keys values setdefault sort discard remove pop popleft appendleft
    most_common"""
)
_TAKES = ("get", "pop", "popleft", "setdefault")
_VIEWS = ("items", "values", "keys", "copy", "union", "difference", "intersection", "most_common", "elements")
_SCALAR_RESULTS = frozenset(("sum", "any", "all", "len"))
_CALLING = frozenset(("map", "filter", "functools.reduce", "itertools.starmap", "itertools.takewhile",
                      "itertools.dropwhile", "itertools.filterfalse"))  # fmt: skip
_LOGS = frozenset(("debug", "info", "warning", "error", "exception", "critical", "log"))
#: Methods that give texts that are held in memory, whichever file has them.
_READS = ("readlines", "read_text", "read_bytes")
#: Decorators that leave what a call or a read runs as it is.
_STILL_RUNS = SAME | {"reads"}


class Body(Values):
    """The body of one function, in one frame."""

    def __init__(self, cpu: Interpreter, frame: Frame) -> None:
        super().__init__(cpu, frame)
        self.evidence: Evidence | None = None
        self.prints: cst.CSTNode | None = None
        self.recursive = False
        self.generator = False
        self.looped = 0  # how many loops are around us
        self.rounds_so_far: int | None = 1
        self.calls: dict[cst.Call, Kind] = {}

    # Running

    def run(self) -> Result:
        scope = self.frame.scope
        node: Any = scope.node
        if isinstance(node, cst.Lambda):
            self.visit(node.body)
            returned = [self.kind(node.body)]
        else:
            if scope.is_async:
                raise Stop(Verdict.UNKNOWN, f"`{scope.name}` is a coroutine", node.name)
            for decorator in node.decorators:
                name = self.cpu.types.refs(decorator.decorator, self.at(decorator.decorator)) or ()
                found = deeds(decorator, self.cpu.catalog)
                if not name or not found or found - _STILL_RUNS:
                    raise self.stop(decorator.decorator, "decorates it")
            self.visit(node.body)
            returned = [self.kind(value) for value, _ in scope.returns if value is not None]
        if self.recursive and self.prints is not None:
            raise self.stop(self.prints, "writes in every round", Verdict.WAITS)
        return Result(either(returned) if returned else PLAIN, self.evidence, self.prints, self.generator)

    def visit(self, node: cst.CSTNode | None) -> None:
        """Everything that runs with a node, in order."""
        if node is None:
            return
        self.cpu.step()
        handler = _HANDLERS.get(type(node))
        if handler is not None:
            handler(self, node)
            return
        for name in reversed(children_fields(type(node))):
            child = getattr(node, name)
            if isinstance(child, cst.CSTNode):
                self.visit(child)
            elif isinstance(child, (tuple, list)):
                for part in child:
                    if isinstance(part, cst.CSTNode):
                        self.visit(part)

    def note(self, node: cst.CSTNode, text: str) -> None:
        """This is work."""
        if self.evidence is None:
            self.evidence = Evidence(node, self.at(node), text)

    def _loop(self, shown: cst.CSTNode, rounds: int | None, text: str, *inside: Callable[[], None]) -> None:
        before = self.rounds_so_far
        self.rounds_so_far = None if rounds is None or before is None else before * rounds
        if self.rounds_so_far is None or self.rounds_so_far >= MANY:
            self.note(shown, text)
        self.looped += 1
        self.cpu.work.loops += 1
        try:
            for action in inside:
                action()
        finally:
            self.cpu.work.loops -= 1
        self.looped -= 1
        self.rounds_so_far = before

    def _skip(self, node: cst.CSTNode) -> None:
        """Nothing that matters runs here."""

    def _function(self, node: cst.FunctionDef) -> None:
        for parameter in all_parameters(node.params):
            self.visit(parameter.default)

    def _class(self, node: cst.ClassDef) -> None:
        raise self.stop(node.name, "is a class made here")

    def _for(self, node: cst.For) -> None:
        if node.asynchronous is not None:
            raise self.stop(node.iter, "is waited for", Verdict.WAITS)
        self.visit(node.iter)
        self.iterated(node.iter)
        for target in targets_of(node.target):
            self.target(target)
        self._loop(node.iter, self.rounds(node.iter), "this loop is the work", lambda: self.visit(node.body))
        self.visit(node.orelse)

    def _while(self, node: cst.While) -> None:
        if not self._advances(node):
            raise self.stop(node.test, "changes elsewhere: the loop waits for it", Verdict.WAITS)
        self._loop(
            node.test, None, "this loop is the work", lambda: self.visit(node.test), lambda: self.visit(node.body)
        )
        self.visit(node.orelse)

    def _advances(self, node: cst.While) -> bool:
        """Whether the loop itself brings about its end."""
        tested = list(below(node.test))
        body = list(below(node.body))
        leaves = any(isinstance(one, (cst.Break, cst.Return, cst.Raise)) for one in body)
        if not any(isinstance(one, cst.Name) and one.value not in ("True", "False") for one in tested):
            return leaves
        changed: set[str] = set()
        roots: set[str] = set()  # names that are bound anew, and all that is read of them with that
        for one in (*tested, *body):
            found: list[cst.CSTNode] = []
            if isinstance(one, cst.Assign):
                found = [part for target in one.targets for part in targets_of(target.target)]
            elif isinstance(one, (cst.AugAssign, cst.AnnAssign, cst.NamedExpr)):
                found = [one.target]
            elif isinstance(one, (cst.For, cst.CompFor, cst.Del)):
                found = list(targets_of(one.target))
            elif isinstance(one, cst.Call):
                if isinstance(one.func, cst.Attribute) and not self._is_import(one.func):
                    found = [one.func.value]
                if one not in tested and not (isinstance(one.func, cst.Name) and self._is_builtin(one.func)):
                    found += [arg.value for arg in one.args]
            if not isinstance(one, cst.Call):
                roots.update(part.value for part in found if isinstance(part, cst.Name))
            for part in found:
                part = part.value if isinstance(part, cst.Subscript) else part  # noqa: PLW2901
                while isinstance(part, cst.Subscript):
                    part = part.value  # noqa: PLW2901
                changed.add(dotted(part) or "?")
        for one in body:
            if isinstance(one, cst.Call) and isinstance(one.func, cst.Attribute):
                changed.update(self._changed_by(one.func))
        inner = {one.value for one in tested if isinstance(one, cst.Attribute)}
        names = {dotted(one) for one in tested if isinstance(one, (cst.Name, cst.Attribute)) and one not in inner}
        return not names.isdisjoint(changed) or any(name and name.partition(".")[0] in roots for name in names)

    def _changed_by(self, func: cst.Attribute) -> Iterator[str]:
        """The attributes that a method of an object of this module assigns to."""
        kind = self.kind(func.value)
        if kind.what == "object" and kind.scope is not None:
            for name, bindings in kind.scope.attributes.items():
                if any(binding.scope.function.name == func.attr.value for binding in bindings):
                    yield f"{dotted(func.value)}.{name}"

    def _is_import(self, node: cst.CSTNode) -> bool:
        root = root_of(node)
        binding = self._only(root) if isinstance(root, cst.Name) else None
        return binding is not None and binding.kind == "import"

    def _is_builtin(self, node: cst.Name) -> bool:
        return scopes.lookup(node.value, self.at(node)).where == "builtin"

    def _with(self, node: cst.With) -> None:
        for item in node.items:
            manager = item.item
            func = manager.func if isinstance(manager, cst.Call) else manager
            for ref in self.cpu.types.refs(func, self.at(func)) or ():
                if self.cpu.catalog.lets_go(ref.name):
                    raise self.stop(manager, "waits", Verdict.WAITS)
                if self.cpu.catalog.computing(ref.name) is None:
                    raise self.stop(manager, "is not known")
            if not (isinstance(manager, cst.Call) and self.cpu.types.refs(func, self.at(func))):
                raise self.stop(manager, "is not known")
            self.visit(manager)
        self.visit(node.body)

    def _yield(self, node: cst.Yield) -> None:
        self.generator = True
        self.visit(node.value)

    def _from(self, node: cst.From) -> None:
        self.visit(node.item)
        kind = self.kind(node.item)
        if kind.what in ("unknown", "object"):
            raise self.stop(node.item, "is iterated over, and not known", asks=kind.asks)

    def _await(self, node: cst.Await) -> None:
        raise self.stop(node, "waits", Verdict.WAITS)

    def _comprehension(self, node: Any) -> None:
        counted = not isinstance(node, cst.GeneratorExp) or self._consumed(node)
        evidence = self.evidence
        self._comp_for(node, node.for_in)
        if not counted:
            self.evidence = evidence

    def _comp_for(self, node: Any, loop: cst.CompFor) -> None:
        if loop.asynchronous is not None:
            raise self.stop(loop.iter, "is waited for", Verdict.WAITS)
        self.visit(loop.iter)
        self.iterated(loop.iter)

        def inside() -> None:
            for condition in loop.ifs:
                self.visit(condition.test)
            if loop.inner_for_in is not None:
                self._comp_for(node, loop.inner_for_in)
            elif isinstance(node, cst.DictComp):
                self.visit(node.key)
                self.visit(node.value)
            else:
                self.visit(node.elt)

        self._loop(loop.iter, self.rounds(loop.iter), "this loop is the work", inside)

    def _consumed(self, node: cst.CSTNode) -> bool:
        """Whether what an iterator gives is taken here."""
        for parent in self.parents(node):
            if isinstance(parent, cst.Arg):
                continue
            if isinstance(parent, (cst.For, cst.CompFor, cst.StarredElement)):
                return True
            if isinstance(parent, cst.Call):
                func = parent.func
                if isinstance(func, cst.Attribute):
                    return func.attr.value in ("join", "extend", "update", "union", "fsum", "prod")
                entry = self.cpu.catalog.computing(dotted(func) or "?")
                if entry and entry.lazy:
                    continue
                return entry is not None and entry.iterates
            return False
        return False

    def _attribute(self, node: cst.Attribute) -> None:
        self.kind(node, strict=True)
        if not isinstance(node.value, cst.Name):
            self.visit(node.value)

    def _assign(self, node: cst.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            for part in targets_of(target.target):
                self.target(part)

    def _ann_assign(self, node: cst.AnnAssign) -> None:
        self.visit(node.value)
        self.target(node.target)

    def _aug_assign(self, node: cst.AugAssign) -> None:
        self.visit(node.value)
        if isinstance(node.operator, cst.MatrixMultiplyAssign):
            raise self.stop(node.value, "is an array")
        name = node.target
        if isinstance(name, cst.Name):
            self.target(name)
        else:
            if self.cpu.work.loops and self._is_shared(node.target):
                raise self.stop(node.target, "is shared: the threads are there for it")
            self.target(node.target)
            self.operand(node.target)
        self.operand(node.value)

    def _is_shared(self, node: cst.CSTNode) -> bool:
        """Whether all threads count in the same place."""
        if isinstance(node, cst.Attribute):
            return self.kind(node.value).shared
        root = root_of(node)
        binding = self._only(root) if isinstance(root, cst.Name) else None
        if binding is None or not isinstance(node, cst.Subscript) or binding.scope.kind != "module":
            return False
        return all(
            isinstance(e.slice, cst.Index) and isinstance(e.slice.value, (cst.SimpleString, cst.Integer))
            for e in node.slice
        )

    def target(self, node: cst.CSTNode) -> None:
        """Something that is assigned to."""
        if isinstance(node, cst.Name):
            if self.cpu.work.loops and self.frame.scope.declared.get(node.value):
                raise self.stop(node, "is shared: the threads are there for it")
        elif isinstance(node, cst.Attribute):
            if self.cpu.work.loops and self._is_shared(node):
                raise self.stop(node, "is shared: the threads are there for it")
            self.visit(node.value)
            kind = self.kind(node.value)
            if kind.what != "object":
                raise self.stop(node, "is set on what is not known", asks=kind.asks)
        elif isinstance(node, cst.Subscript):
            self._subscript(node)

    def _subscript(self, node: cst.Subscript) -> None:
        self.visit(node.value)
        for element in node.slice:
            self.visit(element)
        kind = self.kind(node.value)
        if kind.what == "object" or (kind.what == "unknown" and not self.indexed(node)):
            raise self.stop(node, "is not known", asks=kind.asks)

    def _binary(self, node: cst.BinaryOperation) -> None:
        if isinstance(node.operator, cst.MatrixMultiply):
            raise self.stop(node, "multiplies arrays")
        self.operand(node.left)
        self.operand(node.right)
        self.visit(node.left)
        self.visit(node.right)

    def _unary(self, node: cst.UnaryOperation) -> None:
        if not isinstance(node.operator, cst.Not):
            self.operand(node.expression)
        self.visit(node.expression)

    def _comparison(self, node: cst.Comparison) -> None:
        self.visit(node.left)
        for comparison in node.comparisons:
            self.visit(comparison.comparator)
            if not isinstance(comparison.operator, (cst.Is, cst.IsNot)):
                self.operand(node.left)
                self.operand(comparison.comparator)

    def operand(self, node: cst.BaseExpression) -> None:
        """What an operator is applied to must be no object with operators of its own."""
        kind = self.kind(node)
        what = kind.what
        if what == "object" or (what == "unknown" and self.cpu.arrays):
            shown = "may be an array" if what == "unknown" else "has operators of its own"
            raise self.stop(node, shown, asks=kind.asks if what == "unknown" else "")

    def _starred(self, node: cst.StarredElement) -> None:
        self.visit(node.value)
        self.iterated(node.value)

    # Calls

    def _call(self, node: cst.Call) -> None:
        if isinstance(node.func, cst.Attribute):
            self.visit(node.func.value)
        elif not isinstance(node.func, cst.Name):
            self.visit(node.func)
        for arg in node.args:
            self.visit(arg.value)
            if arg.star == "*":
                self.iterated(arg.value)
        before = (self.prints, self.evidence)
        kind = self._called(node)
        self.calls[node] = kind
        self.frame.kinds[node] = kind
        if self.prints is not before[0] and self.looped and not self._leaves_with(node):
            raise self.stop(node, "writes in every round", Verdict.WAITS)

    def _leaves_with(self, node: cst.CSTNode) -> bool:
        """Whether the loops around a place end once it has run."""
        for parent in self.parents(node):
            if isinstance(parent, (cst.For, cst.While, cst.BaseComp)):
                return False
            last = parent.body[-1] if isinstance(parent, cst.IndentedBlock) else None
            small = last.body[-1] if isinstance(last, cst.SimpleStatementLine) else None
            if isinstance(small, (cst.Return, cst.Raise)) or (isinstance(small, cst.Break) and self.looped == 1):
                return True
            if isinstance(small, (cst.Break, cst.Continue)):
                return False
        return False

    def called(self, node: cst.Call) -> Kind:
        """What a call gives back; what it does is not counted."""
        if node in self.calls:
            return self.calls[node]
        evidence, prints, recursive = self.evidence, self.prints, self.recursive
        try:
            return self._called(node)
        except Stop as stop:
            return unknown(stop.asks)
        finally:
            self.evidence, self.prints, self.recursive = evidence, prints, recursive

    def _called(self, node: cst.Call) -> Kind:
        func = node.func
        at = self.at(node)
        values = self.cpu.types.of(func, at)
        value = values[0] if len(values) == 1 else None
        if value is None and isinstance(func, cst.Attribute):
            value = self.cpu.method(self.kind(func.value), func.attr.value)
        if isinstance(value, Local):
            return self._own(value.scope, node)
        asks = ""
        if isinstance(value, Ref) and not value.spelled:
            if value.name == "print" or self._logs(value.name):
                self.prints = node
                return PLAIN
            builtin_method = isinstance(func, cst.Attribute) and value.name.partition(".")[0] in BUILTIN_NAMES
            if builtin_method and isinstance(func, cst.Attribute):
                receiver = self.cpu.types.of(func.value, at)
                if any(isinstance(one, Ref) and one.name in BUILTIN_NAMES for one in receiver):
                    self._functions(node, value.name)
                    return PLAIN  # str.maketrans, dict.fromkeys
            elif entry := self.cpu.catalog.computing(value.name):
                return self._computed(node, value.name, entry)
            elif self.cpu.catalog.lets_go(value.name):
                raise self.stop(func, "waits or releases the GIL", Verdict.WAITS)
            else:
                found = self.cpu.ask(value.name)
                if found is not None and found.scope is not None:
                    return self._own(found.scope, node)
                asks = value.name
        if isinstance(func, cst.Attribute):
            return self._method(node, func, asks)
        raise self.stop(func, "is not known", asks=asks)

    def _own(self, scope: Scope, node: cst.Call) -> Kind:
        """A call of a function or class of the project."""
        return self._constructed(scope, node) if scope.kind == "class" else self._followed(scope, node)

    def _logs(self, name: str) -> bool:
        return name.startswith("logging.") and name.rpartition(".")[2] in _LOGS

    def _method(self, node: cst.Call, func: cst.Attribute, asks: str) -> Kind:
        name = func.attr.value
        if name in _LOGS and self._is_logger(func.value):
            self.prints = node
            return PLAIN
        if name == "__init__" and isinstance(func.value, cst.Call) and dotted(func.value.func) == "super":
            return PLAIN
        if self.outside and name in _READS:
            return PLAIN
        kind = self.kind(func.value)
        what = kind.what
        if what in MEMORY or (what == "item" and self._of_a_container(node, name)):
            if name not in self.cpu.pure_methods:
                raise self.stop(func, "is not known")
            self._functions(node, name)
            if name in ("join", "extend", "update", "union", "intersection", "difference", "fromkeys"):
                for arg in node.args:
                    self.iterated(arg.value)
            if name in self.cpu.heavy_methods:
                self.note(node, f"`{name}` is the work")
            return self._result(name, kind)
        if what in ("unknown", "item") and is_text_call(node):
            return PLAIN
        raise self.stop(func, "is not known", asks=asks or kind.asks)

    @staticmethod
    def _result(name: str, kind: Kind) -> Kind:
        if kind.what == "plain":
            return PLAIN
        if name in _TAKES:
            return items_of(kind) if kind.what == "box" else ITEM
        if name in _VIEWS:
            return BOX._replace(of=kind.of if name in ("copy", "values") else None) if kind.what == "box" else MIXED
        return PLAIN

    @staticmethod
    def _of_a_container(node: cst.Call, name: str) -> bool:
        if name == "get":
            default = node.args[1].value if len(node.args) == 2 else None
            return default is not None and (
                isinstance(default, (cst.Integer, cst.Float, cst.SimpleString, cst.List, cst.Tuple))
                or dotted(default) == "None"
            )
        return name in _ITEM_METHODS

    def _is_logger(self, node: cst.BaseExpression) -> bool:
        if isinstance(node, cst.Name):
            binding = self._only(node)
            value = binding.value if binding is not None and binding.kind == "assign" else None
            return (
                isinstance(value, cst.Call)
                and (self.cpu.types.refs(value.func, self.cpu.places.get(value, self.at(node))) or [Ref("")])[0].name
                == "logging.getLogger"
            )
        return False

    def _computed(self, node: cst.Call, name: str, entry: Any) -> Kind:
        """A call of something that the catalogue knows to compute."""
        if name.startswith("yaml.") and any(
            "C" in (dotted(arg.value) or "").rpartition(".")[2][:1] for arg in node.args
        ):
            raise self.stop(node, "is written in C")
        args = [arg for arg in node.args if arg.keyword is None]
        self._functions(node, name)
        functions = 1 if name in _CALLING else 0
        kinds = [self.kind(arg.value) for arg in args[functions:] if not arg.star]
        single = len(args) == 1
        if entry.iterates and (single or name not in ("min", "max")):
            for arg in args[functions:]:
                if self.kind(arg.value).what in ("unknown", "object") and not self._is_callable(arg.value):
                    self.iterated(arg.value)
        subject = (2 if name.startswith("re.sub") else 1) if name.startswith("re.") else 0
        written = self.rounds(args[subject].value) if subject < len(args) else None
        if not entry.light and not entry.lazy and node.args and (written is None or written >= MANY):
            self.note(node.func, f"`{self.cpu.module.code(node.func, 40)}` is the work")
        elif entry.iterates and not entry.lazy and any(self._pending(arg.value) for arg in args):
            self.note(node.func, f"`{self.cpu.module.code(node.func, 40)}` goes through all of it")
        if not entry.iterates or name in _SCALAR_RESULTS or not kinds:
            return MIXED if name in ("list", "dict", "set", "tuple") and not kinds else PLAIN
        if name.startswith("collections."):
            return MIXED
        held = holding(items_of(kind) for kind in kinds)
        if held.what == "box" and all(kind.what != "box" for kind in kinds):
            held = MIXED
        if name in ("min", "max", "next", "functools.reduce"):
            return items_of(held) if single or name not in ("min", "max") else either(kinds)
        return held

    def _pending(self, node: cst.BaseExpression) -> bool:
        """Whether an argument is an iterator that has its work still to do."""
        if not isinstance(node, cst.Call):
            return False
        refs = self.cpu.types.of(node.func, self.at(node))
        for value in refs:
            if isinstance(value, Ref):
                entry = self.cpu.catalog.computing(value.name)
                if entry is not None and entry.lazy and value.name != "iter":
                    return self.rounds(node) is None
            if isinstance(value, Local) and self.kind(node).what == "mixed":
                return True
        return False

    def _is_callable(self, node: cst.BaseExpression) -> bool:
        if isinstance(node, cst.Lambda):
            return True
        values = self.cpu.types.of(node, self.at(node))
        return bool(values) and all(isinstance(value, (Local, Ref)) for value in values)

    def _functions(self, node: cst.Call, name: str) -> None:
        """The functions among the arguments run with the call."""
        for index, arg in enumerate(node.args):
            key = arg.keyword.value if arg.keyword else ""
            must = (index == 0 and name in _CALLING) or key in (
                "key",
                "default_factory",
                "object_hook",
                "default",
                "cmp",
            )
            if name in ("next", "dict", "max", "min", "sum") and key == "default":
                must = False
            value = arg.value
            if isinstance(value, cst.Lambda):
                self.run_function(self.cpu.by_node[value], self._items_for(value, node), value)
                continue
            if not isinstance(value, (cst.Name, cst.Attribute)) or dotted(value) == "None":
                if must and key != "default" and dotted(value) != "None":
                    raise self.stop(value, "is called, and not known")
                continue
            found = self.cpu.types.of(value, self.at(value))
            one = found[0] if len(found) == 1 else None
            if isinstance(value, cst.Attribute) and self.kind(value.value).what in MEMORY:
                if must and value.attr.value not in self.cpu.pure_methods:
                    raise self.stop(value, "is called, and not known")
            elif isinstance(one, Local) and one.scope.kind == "function":
                names = self._items_for(one.scope.node, node)
                self.run_function(one.scope, names, value)
            elif isinstance(one, Local):
                if must:
                    raise self.stop(value, "is called, and not known")
            elif isinstance(one, Ref) and not one.spelled:
                if self.cpu.catalog.computing(one.name) or one.name.partition(".")[0] in BUILTIN_NAMES:
                    continue
                target = self.cpu.ask(one.name)
                if target is not None and target.scope is not None and target.scope.kind == "function":
                    self.run_function(target.scope, self._items_for(target.scope.node, node), value)
                elif must:
                    raise self.stop(value, "is called, and not known", asks=one.name)
            elif must:
                raise self.stop(value, "is called, and not known")

    def _items_for(self, function: Any, call: cst.Call) -> dict[str, Kind]:
        """What a function that is handed to a call receives: items of the other arguments."""
        others = [self.kind(a.value) for a in call.args if not isinstance(a.value, cst.Lambda) and a.keyword is None]
        if isinstance(call.func, cst.Attribute):
            others.append(self.kind(call.func.value))
        plain = bool(others) and any(k.what == "plain" for k in others)
        names = [p.name.value for p in all_parameters(function.params) if p.default is None]
        return dict.fromkeys(names, PLAIN if plain else UNKNOWN)

    def _followed(self, function: Scope, node: cst.Call) -> Kind:
        """A call of a function of this module."""
        func = node.func
        bound = None
        direct = isinstance(func, cst.Name)
        if isinstance(func, cst.Name):
            binding = self._only(func)
            direct = binding is not None and binding.kind in ("def", "import")
        elif isinstance(func, cst.Attribute):
            receiver = self.kind(func.value)
            owner = function.parent if function.parent and function.parent.kind == "class" else None
            direct = any(isinstance(value, Ref) for value in self.cpu.types.of(func.value, self.at(func.value)))
            if owner is not None:
                bound = self.cpu.itself(func, self.at(func.value), function, receiver)
                self.check_overridden(owner, function.name, node)
                if receiver.scope is not None and not self._is_nearest(owner, function.name, receiver.scope):
                    raise self.stop(node, "may be overridden")
                direct = True
        if not direct or any(arg.star for arg in node.args):
            return self.run_function(function, {}, node, once=True)
        positional = [self.kind(arg.value) for arg in node.args if arg.keyword is None]
        keywords = {arg.keyword.value: self.kind(arg.value) for arg in node.args if arg.keyword is not None}
        parameters = self.cpu.parameters(function, positional, keywords, bound)
        return self.run_function(function, parameters, node, once=True)

    def check_overridden(self, owner: Scope, name: str, node: cst.CSTNode) -> None:
        """A method that a class of this module replaces, or that is assigned to, may be another."""
        others = self.cpu.others
        entry = others.entry if others is not None else None
        if self.cpu.may_be_replaced(owner, name) or (entry and entry.may_be_replaced(owner, name)):
            raise self.stop(node, "may be overridden")

    def _is_nearest(self, owner: Scope, name: str, actual: Scope) -> bool:
        """Whether an object of a class has the method of this one."""
        if self.cpu.of(actual) is self.cpu.of(owner):
            return True  # told by the classes that derive from it
        for scope in self.cpu.line(actual):
            if scope is None or scope is owner:
                return scope is owner
            if name in scope.bindings or name in scope.attributes:
                return False
        return False

    def run_function(
        self, function: Scope, parameters: dict[str, Kind], node: cst.CSTNode, *, once: bool = False
    ) -> Kind:
        """What a function gives back. once: it runs once for the node."""
        if function in self.cpu.work.active:
            if self.outside:
                return NOTHING
            self.recursive = True
            self.note(node, f"`{function.name}` calls itself")
            return NOTHING
        outer: Frame | None = self.frame
        while outer is not None and outer.scope is not (function.parent and function.parent.function):
            outer = outer.outer
        given = {name: kind._replace(most=kind.most) for name, kind in parameters.items()}
        home = self.cpu.of(function)
        if self.outside:
            return home.gives(function, given, outer)
        result = home.run(function, given, outer)
        if result.prints is not None and once:
            self.prints = node
        elif result.prints is not None:
            text = f"`{home.module.code(result.prints, 40)}` writes"
            raise Stop(Verdict.WAITS, text, result.prints if home is self.cpu else node)
        if result.generator:
            return MIXED
        if result.evidence is not None and self.evidence is None:
            self.evidence = result.evidence
        return result.kind

    def _constructed(self, owner: Scope, node: cst.Call) -> Kind:
        """An object of a class of this module is made."""
        if not only(decorators_of(owner), SAME | {"fields"}, self.cpu.catalog):
            raise self.stop(node.func, "is decorated")
        for scope in self.cpu.line(owner):
            if scope is None:
                raise self.stop(node.func, "derives from what is not known")
            if any(Ref("threading.Thread") == base for base in self.cpu.bases(scope)) or "__new__" in scope.bindings:
                raise self.stop(node.func, "is not known")
            for name in ("__init__", "__post_init__"):
                bound = scope.bindings.get(name)
                if bound and bound[-1].kind == "def":
                    positional = [self.kind(arg.value) for arg in node.args if arg.keyword is None]
                    given = {a.keyword.value: self.kind(a.value) for a in node.args if a.keyword is not None}
                    self.run_function(
                        bound[-1].value,
                        self.cpu.parameters(bound[-1].value, positional, given, Kind("object", owner)),
                        node,
                        once=True,
                    )
                    return Kind("object", owner)
        return Kind("object", owner)


_HANDLERS: dict[type, Callable[[Body, Any], None]] = {
    cst.FunctionDef: Body._function,
    cst.ClassDef: Body._class,
    cst.Lambda: Body._skip,
    cst.Import: Body._skip,
    cst.ImportFrom: Body._skip,
    cst.Global: Body._skip,
    cst.Nonlocal: Body._skip,
    cst.Name: Body._skip,
    cst.SimpleString: Body._skip,
    cst.Integer: Body._skip,
    cst.For: Body._for,
    cst.While: Body._while,
    cst.With: Body._with,
    cst.Yield: Body._yield,
    cst.From: Body._from,
    cst.Await: Body._await,
    cst.ListComp: Body._comprehension,
    cst.SetComp: Body._comprehension,
    cst.DictComp: Body._comprehension,
    cst.GeneratorExp: Body._comprehension,
    cst.Attribute: Body._attribute,
    cst.Assign: Body._assign,
    cst.AnnAssign: Body._ann_assign,
    cst.AugAssign: Body._aug_assign,
    cst.Subscript: Body._subscript,
    cst.BinaryOperation: Body._binary,
    cst.UnaryOperation: Body._unary,
    cst.Comparison: Body._comparison,
    cst.StarredElement: Body._starred,
    cst.Call: Body._call,
}
