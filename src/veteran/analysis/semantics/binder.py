"""The one walk over the tree: scopes, bindings, blocks and calls, each with its node and place.

Everything after this reads the lowered form. The walk keeps its own stack, visits what runs in the order
in which it runs, and skips whitespace, punctuation and annotations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import libcst as cst

from veteran.analysis.semantics.ir import At, Binding, Block, Call, Compound, Held, Lowered, Scope, Use, first_parameter
from veteran.analysis.semantics.star_exports import STARS
from veteran.analysis.syntax.expressions import NO_NODES, PASS_ON, all_parameters, children_fields, consumes, dotted
from veteran.catalog import Catalog

_LEAVES = (
    cst.Integer, cst.Float, cst.Imaginary, cst.SimpleString, cst.Ellipsis, cst.Pass,
    cst.FormattedStringText, cst.TemplatedStringText, cst.Annotation,
)  # fmt: skip


def lower(tree: cst.Module, catalog: Catalog) -> Lowered:
    """Walks the tree once. catalog: says which calls nothing comes after, and what ends the block of a `with`."""
    walk = _Walk(tree, catalog)
    try:
        return walk.run()
    finally:
        walk.handlers.clear()  # they hold the walk, and with it the tree


class _Walk:
    """The walk's state: where it is, and what is still to be visited (last first)."""

    def __init__(self, tree: cst.Module, catalog: Catalog) -> None:
        self.ends = catalog.ends
        self.swallowing = catalog.swallowing
        self.scope = Scope("module", tree, "", None)
        self.block = self.scope.body
        self.place = 0
        self.statement = -1
        self.lowered = Lowered(tree, self.scope)
        self.stack: list[Any] = []
        self.awaited: set[int] = set()  # ids: libcst's nodes hash slowly
        self.consumed: set[int] = set()
        self.entered: set[int] = set()
        self.optional = 0  # operands around us that may not be evaluated
        self.outer: list[tuple[Scope, Binding]] = []  # for `nonlocal`, decided when all is seen
        self.handlers: dict[type, Callable[[Any], None]] = {
            getattr(cst, name[1:]): getattr(self, name) for name in dir(self) if name[0] == "_" and name[1:2].isupper()
        }
        self.handlers[tuple] = self._act
        for leaf in _LEAVES:
            self.handlers[leaf] = _nothing

    def run(self) -> Lowered:
        stack = self.stack
        for index, statement in reversed(list(enumerate(self.lowered.tree.body))):
            stack.append(statement)
            stack.append((self._begin_statement, index))
        handlers = self.handlers
        while stack:
            node = stack.pop()
            handler = handlers.get(type(node))
            if handler is not None:
                handler(node)
                continue
            for name in children_fields(type(node)):
                child = getattr(node, name)
                if child.__class__ in _SEQUENCES:
                    stack.extend(reversed(child))
                elif child.__class__ not in NO_NODES:
                    stack.append(child)
        for scope, binding in self.outer:
            _owner(scope, binding.name).bindings.setdefault(binding.name, []).append(binding)
        return self.lowered

    # Bookkeeping

    def _act(self, action: tuple[Any, ...]) -> None:
        action[0](*action[1:])

    def _begin_statement(self, index: int) -> None:
        self.statement = index

    def at(self) -> At:
        self.place += 1
        return At(self.scope, self.block, self.place, self.statement)

    def push(self, *items: Any) -> None:
        """Visits these next, in this order; None is nothing."""
        self.stack.extend(item for item in reversed(items) if item is not None)

    def push_all(self, items: Sequence[Any]) -> None:
        self.stack.extend(reversed(items))

    def _restore(self, scope: Scope, block: Block) -> None:
        self.scope = scope
        self.block = block

    def _enter(self, scope: Scope) -> None:
        self.lowered.scopes.append(scope)
        self.scope = scope
        self.block = scope.body

    def _enter_arm(self, compound: Compound, role: str) -> None:
        block = Block(compound)
        compound.arms.append((role, block))
        self.block = block

    def _end_compound(self, compound: Compound) -> None:
        self.block = compound.block
        if compound.complete and compound.arms:
            ends = [block.leaves for _, block in compound.arms]
            if compound.kind == "try":
                ends = _try_ends(compound)
            if all(ends) and not self.block.leaves:
                self.block.leaves = min(ends, key=len)  # "loop" is the weaker one
                # Whatever is entered by `with` may swallow what leaves its body.
                if compound.kind != "with" and all(block.left for _, block in compound.arms if block.leaves):
                    self.block.left = self.place

    def compound(self, kind: str, node: cst.CSTNode) -> Compound:
        return Compound(kind, node, self.scope, self.block, 0)

    def _open(self, compound: Compound) -> None:
        """The head has run: the arms begin here."""
        self.place += 2  # between the two stands what the head binds on the way
        compound.place = self.place
        compound.block.compounds.append(compound)

    def arm(self, compound: Compound, role: str, body: cst.CSTNode) -> tuple[Any, ...]:
        """The items that visit `body` as an arm."""
        return ((self._enter_arm, compound, role), body)

    def bind(
        self,
        name: str,
        kind: str,
        value: Any,
        target: cst.CSTNode | None,
        path: tuple[int, ...] | None = (),
        annotation: cst.BaseExpression | None = None,
        at: At | None = None,
    ) -> Binding:
        binding = Binding(at or self.at(), name, kind, value, target)
        binding.path = path
        binding.annotation = annotation
        scope = self.scope
        if kind == "walrus":
            binding.maybe = self.optional > 0
            while scope.kind == "comprehension" and scope.entry:
                binding.maybe = True
                binding.block = scope.entry.block
                scope = scope.entry.scope
        self.lowered.module.names.add(name)
        declared = scope.declared.get(name)
        if declared:
            binding.foreign = True
            if declared == "nonlocal":
                self.outer.append((scope, binding))
                return binding
            scope = self.lowered.module
        scope.bindings.setdefault(name, []).append(binding)
        return binding

    def bind_target(
        self,
        target: cst.CSTNode,
        kind: str,
        value: Any,
        path: tuple[int, ...] | None = (),
        annotation: cst.BaseExpression | None = None,
    ) -> None:
        """Binds every name of an assignment's target at once; anything else in it is visited."""
        at = self.at()
        pending: list[tuple[cst.CSTNode, tuple[int, ...] | None]] = [(target, path)]
        while pending:
            node, way = pending.pop()
            if isinstance(node, cst.Name):
                self.bind(node.value, kind, value, node, way, annotation, at)
            elif isinstance(node, (cst.Tuple, cst.List)):
                known = way is not None
                for index, element in enumerate(node.elements):
                    if isinstance(element, cst.StarredElement):
                        known = False
                        pending.append((element.value, None))
                    else:
                        pending.append((element.value, (*(way or ()), index) if known else None))
            elif isinstance(node, cst.Attribute):
                self._bind_attribute(node, kind, value, way, annotation)
                self.push(node.value)
            else:
                if way == () and isinstance(value, cst.BaseExpression):
                    self.lowered.stored.append((value, at, node))
                self.push(node)

    def _bind_attribute(
        self,
        node: cst.Attribute,
        kind: str,
        value: Any,
        path: tuple[int, ...] | None,
        annotation: cst.BaseExpression | None,
    ) -> None:
        """Notes what is assigned to, and `self.x = …` on the class whose method this is."""
        name = dotted(node)
        if name is not None:
            self.lowered.assigned.add(name)
        function = self.scope.function
        if not isinstance(node.value, cst.Name) or function.kind != "function":
            return
        owner = function.parent
        if owner is None or owner.kind != "class" or first_parameter(function) != node.value.value:
            return
        binding = Binding(self.at(), node.attr.value, kind, value, node)
        binding.path = path
        binding.annotation = annotation
        owner.attributes.setdefault(binding.name, []).append(binding)

    # Expressions

    def _Name(self, node: cst.Name) -> None:
        uses = self.scope.uses
        self.place += 1
        use = Use(self.scope, self.block, self.place, self.statement, node)
        if node.value in uses:
            uses[node.value].append(use)
        else:
            uses[node.value] = [use]

    def _Attribute(self, node: cst.Attribute) -> None:
        name = node.attr.value
        if name[0] == "_":
            self.lowered.private.setdefault(name, []).append(node)
        self.place += 1
        self.lowered.reads.append((self.scope, self.block, self.place, self.statement, node, self.optional > 0))
        self.stack.append(node.value)

    def _Call(self, node: cst.Call) -> None:
        call = Call(
            self.at(),
            node,
            awaited=id(node) in self.awaited,
            lazy=self.scope.lazy,
            consumed=id(node) in self.consumed,
            entered=id(node) in self.entered,
            optional=self.optional > 0,
        )
        self.lowered.calls.append(call)
        stack = self.stack
        args = node.args
        if args and consumes(node.func):
            self.consumed.add(id(args[0].value))
        elif args and id(node) in self.consumed and dotted(node.func) in PASS_ON:
            self.consumed.update(id(arg.value) for arg in args)
        if args and isinstance(node.func, cst.Attribute) and node.func.attr.value == "enter_context":
            self.entered.add(id(args[0].value))
        for arg in reversed(args):
            if arg.star == "*":
                self.consumed.add(id(arg.value))
            stack.append(arg.value)
        stack.append(node.func)

    def _Await(self, node: cst.Await) -> None:
        self.awaited.add(id(node.expression))
        self.stack.append(node.expression)

    def _Yield(self, node: cst.Yield) -> None:
        value = node.value
        if isinstance(value, cst.From):
            self.consumed.add(id(value.item))
            value = value.item
        self.scope.function.yielded.append((value if value is node.value else None, self.at()))
        self.push(value)

    def _BooleanOperation(self, node: cst.BooleanOperation) -> None:
        self.lowered.choices.append(node)
        self.push(node.left, (self._evaluate, 1), node.right, (self._evaluate, -1))

    def _IfExp(self, node: cst.IfExp) -> None:
        self.lowered.choices.append(node)
        self.push(node.test, (self._evaluate, 1), node.body, node.orelse, (self._evaluate, -1))

    def _evaluate(self, optional: int) -> None:
        self.optional += optional

    def _hold(self, node: cst.BaseExpression, entered: bool) -> None:
        self.lowered.held.append(Held(self.at(), node, entered))

    def _StarredElement(self, node: cst.StarredElement) -> None:
        self.consumed.add(id(node.value))
        self.stack.append(node.value)

    def _NamedExpr(self, node: cst.NamedExpr) -> None:
        self.push(node.value, (self.bind_target, node.target, "walrus", node.value))

    def _Lambda(self, node: cst.Lambda) -> None:
        scope = Scope("lambda", node, "<lambda>", self.at())
        self.push(
            *_defaults(node.params),
            (self._enter, scope),
            (self._bind_parameters, node.params),
            node.body,
            (self._restore, self.scope, self.block),
        )

    def _comprehension(self, node: Any, *results: cst.CSTNode) -> None:
        scope = Scope("comprehension", node, "<comprehension>", self.at())
        scope.lazy = self.scope.lazy and self.scope.kind == "comprehension"
        if isinstance(node, cst.GeneratorExp) and id(node) not in self.consumed:
            scope.lazy = True
        if not scope.lazy:
            self.consumed.add(id(node.for_in.iter))
        loop: cst.CompFor | None = node.for_in
        items: list[Any] = [node.for_in.iter, (self._enter, scope)]
        first = True
        while loop is not None:
            if not first:
                items.append(loop.iter)
            if loop.asynchronous is not None:
                self.awaited.add(id(loop.iter))
            items.append((self.bind_target, loop.target, "for", loop.iter))
            items.extend(condition.test for condition in loop.ifs)
            first, loop = False, loop.inner_for_in
        self.push(*items, *results, (self._restore, self.scope, self.block))

    def _ListComp(self, node: cst.ListComp) -> None:
        self._comprehension(node, node.elt)

    def _SetComp(self, node: cst.SetComp) -> None:
        self._comprehension(node, node.elt)

    def _GeneratorExp(self, node: cst.GeneratorExp) -> None:
        self._comprehension(node, node.elt)

    def _DictComp(self, node: cst.DictComp) -> None:
        self._comprehension(node, node.key, node.value)

    # Simple statements

    def _Assign(self, node: cst.Assign) -> None:
        if any(isinstance(target.target, (cst.Tuple, cst.List)) for target in node.targets):
            self.consumed.add(id(node.value))
        self.push(
            node.value,
            *((self.bind_target, target.target, "assign", node.value) for target in node.targets),
        )

    def _AnnAssign(self, node: cst.AnnAssign) -> None:
        kind = "assign" if node.value is not None else "annotate"
        annotation = node.annotation.annotation
        self.push(node.value, (self.bind_target, node.target, kind, node.value, (), annotation))

    def _AugAssign(self, node: cst.AugAssign) -> None:
        self.push(node.value, (self.bind_target, node.target, "augment", node))

    def _Import(self, node: cst.Import) -> None:
        for alias in node.names:
            name = dotted(alias.name) or ""
            if alias.asname:
                self.bind_target(alias.asname.name, "import", name)
            else:
                root = name.partition(".")[0]
                self.bind(root, "import", root, alias.name)

    def _ImportFrom(self, node: cst.ImportFrom) -> None:
        module = "." * len(node.relative) + (dotted(node.module) or "")
        if isinstance(node.names, cst.ImportStar):
            names = STARS.get(module)
            if names is None:
                self.lowered.module.star = self.scope.star = True
            for name in sorted(names or ()):
                self.bind(name, "import", f"{module}.{name}", None)
            return
        for alias in node.names:
            name = dotted(alias.name) or ""
            origin = f"{module}{'' if module.endswith('.') else '.'}{name}"
            if alias.asname:
                self.bind_target(alias.asname.name, "import", origin)
            else:
                self.bind(name, "import", origin, alias.name)

    def _Global(self, node: cst.Global) -> None:
        for item in node.names:
            self.scope.declared[item.name.value] = "global"

    def _Nonlocal(self, node: cst.Nonlocal) -> None:
        for item in node.names:
            self.scope.declared[item.name.value] = "nonlocal"

    def _Del(self, node: cst.Del) -> None:
        self.push((self.bind_target, node.target, "del", None))

    def _Return(self, node: cst.Return) -> None:
        self.scope.returns.append((node.value, self.at()))
        self.push(node.value, (self._leave, "return"))

    def _Raise(self, node: cst.Raise) -> None:
        self.push(node.exc, node.cause, (self._leave, "return"))

    def _Expr(self, node: cst.Expr) -> None:
        name = (dotted(node.value.func) or "") if isinstance(node.value, cst.Call) else ""
        ends = name in self.ends or ("." in name and f"*.{name.rpartition('.')[2]}" in self.ends)
        self.push(node.value, (self._leave, "return") if ends else None)

    def _Assert(self, node: cst.Assert) -> None:
        compound = self.compound("assert", node)
        compound.complete = False
        self.push(node.test, node.msg, (self._open, compound))

    def _Break(self, node: cst.Break) -> None:
        self._leave("loop")

    def _Continue(self, node: cst.Continue) -> None:
        self._leave("loop")

    def _leave(self, how: str) -> None:
        if not self.block.leaves:
            self.block.leaves = how
            self.block.left = self.place

    def _TypeAlias(self, node: cst.TypeAlias) -> None:
        self.bind(node.name.value, "type", node.value, node.name)

    # Compound statements

    def _If(self, node: cst.If) -> None:
        compound = self.compound("if", node)
        compound.complete = node.orelse is not None
        orelse = node.orelse.body if isinstance(node.orelse, cst.Else) else node.orelse
        self.push(
            node.test,
            (self._open, compound),
            *self.arm(compound, "body", node.body),
            (self._leave, "return") if dotted(node.test) == "False" else None,
            *(self.arm(compound, "else", orelse) if orelse is not None else ()),
            (self._end_compound, compound),
        )

    def _While(self, node: cst.While) -> None:
        compound = self.compound("loop", node)
        self.push(
            node.test,
            (self._open, compound),
            *self.arm(compound, "body", node.body),
            *(self.arm(compound, "else", node.orelse.body) if node.orelse else ()),
            (self._end_compound, compound),
        )

    def _For(self, node: cst.For) -> None:
        self.consumed.add(id(node.iter))
        if node.asynchronous is not None:
            self.awaited.add(id(node.iter))
        compound = self.compound("loop", node)
        body = self.arm(compound, "body", node.body)
        held = node.asynchronous is None and isinstance(node.iter, cst.Name)
        self.push(
            node.iter,
            (self._hold, node.iter, False) if held else None,
            (self._open, compound),
            body[0],
            (self.bind_target, node.target, "for", node.iter),
            body[1],
            *(self.arm(compound, "else", node.orelse.body) if node.orelse else ()),
            (self._end_compound, compound),
        )

    def _try(self, node: cst.Try | cst.TryStar) -> None:
        compound = self.compound("try", node)
        compound.complete = True
        items: list[Any] = [(self._open, compound), *self.arm(compound, "body", node.body)]
        for handler in node.handlers:
            enter, body = self.arm(compound, "handler", handler.body)
            items += [handler.type, enter]
            if handler.name:
                items.append((self.bind_target, handler.name.name, "except", handler.type))
            items.append(body)
        if node.orelse:
            items += self.arm(compound, "else", node.orelse.body)
        if node.finalbody:
            items += self.arm(compound, "finally", node.finalbody.body)
        self.push(*items, (self._end_compound, compound))

    def _Try(self, node: cst.Try) -> None:
        self._try(node)

    def _TryStar(self, node: cst.TryStar) -> None:
        self._try(node)

    def _With(self, node: cst.With) -> None:
        compound = self.compound("with", node)
        items: list[Any] = []
        for item in node.items:
            if node.asynchronous is not None:
                self.awaited.add(id(item.item))
            else:
                self.entered.add(id(item.item))
            manager = dotted(item.item.func) if isinstance(item.item, cst.Call) else None
            if (manager or "").rpartition(".")[2] in self.swallowing:
                compound.complete = False
            items.append(item.item)
            if node.asynchronous is None and isinstance(item.item, (cst.Name, cst.Attribute)):
                items.append((self._hold, item.item, True))
            if item.asname:
                items.append((self.bind_target, item.asname.name, "with", item.item))
        items += [(self._open, compound), *self.arm(compound, "body", node.body)]
        self.push(*items, (self._end_compound, compound))

    def _Match(self, node: cst.Match) -> None:
        compound = self.compound("match", node)
        self.lowered.matches.append(node)
        subject = node.subject
        items: list[Any] = [subject, (self._open, compound)]
        for case in node.cases:
            enter, body = self.arm(compound, "case", case.body)
            if case.guard is not None:  # its captures stay bound where the guard fails
                items.append((self._bind_pattern, case.pattern, subject, compound))
            items += [enter, (self._bind_pattern, case.pattern, subject), case.guard, body]
            pattern = case.pattern
            if case.guard is None and _matches_all(pattern):
                compound.complete = True
        self.push(*items, (self._end_compound, compound))

    def _bind_pattern(self, pattern: cst.CSTNode, subject: cst.BaseExpression, before: Compound | None = None) -> None:
        """Binds the captures of a pattern, whose parts are values only to compare with.

        A class in the pattern says what the name is, like an annotation. before: bind them for what follows in that
        `match`, and maybe only.
        """
        at = At(before.scope, before.block, before.place - 1, self.statement) if before else None
        pending: list[tuple[cst.CSTNode, tuple[int, ...] | None]] = [(pattern, ())]
        while pending:
            node, way = pending.pop()
            if isinstance(node, cst.MatchAs) and node.name:
                inner = node.pattern
                kind = inner.cls if isinstance(inner, cst.MatchClass) else None
                value = subject if inner is None and way is not None else None
                path = way if value is not None else () if kind is not None else None
                bound = self.bind(node.name.value, "match", value, node.name, path, kind, at)
                bound.maybe = before is not None
            elif isinstance(node, cst.MatchStar) and node.name:
                self.bind(node.name.value, "match", None, node.name, None, at=at).maybe = before is not None
            elif isinstance(node, cst.MatchMapping) and node.rest:
                self.bind(node.rest.value, "match", None, node.rest, None, at=at).maybe = before is not None
            if isinstance(node, cst.MatchValue):
                continue
            if isinstance(node, (cst.MatchList, cst.MatchTuple)):
                for index, element in enumerate(node.patterns):
                    if isinstance(element, cst.MatchStar):
                        way = None
                        pending.append((element, None))
                    else:
                        pending.append((element.value, (*way, index) if way is not None else None))
                continue
            for name in children_fields(type(node)):
                child = getattr(node, name)
                parts = child if child.__class__ in _SEQUENCES else (child,)
                pending += [
                    (p, None) for p in parts if isinstance(p, cst.CSTNode) and not isinstance(p, cst.BaseExpression)
                ]

    # Definitions

    def _FunctionDef(self, node: cst.FunctionDef) -> None:
        scope = Scope("function", node, node.name.value, self.at())
        self.push(
            *(decorator.decorator for decorator in node.decorators),
            *_defaults(node.params),
            (self.bind, node.name.value, "def", scope, node.name),
            (self._enter, scope),
            (self._bind_type_parameters, node.type_parameters),
            (self._bind_parameters, node.params),
            node.body,
            (self._restore, self.scope, self.block),
        )

    def _ClassDef(self, node: cst.ClassDef) -> None:
        scope = Scope("class", node, node.name.value, self.at())
        self.push(
            *(decorator.decorator for decorator in node.decorators),
            *(arg.value for arg in (*node.bases, *node.keywords)),
            (self._enter, scope),
            (self._bind_type_parameters, node.type_parameters),
            node.body,
            (self._restore, self.scope, self.block),
            (self.bind, node.name.value, "class", scope, node.name),
        )

    def _bind_type_parameters(self, parameters: cst.TypeParameters | None) -> None:
        for parameter in parameters.params if parameters else ():
            self.bind(parameter.param.name.value, "type", None, parameter.param.name)

    def _bind_parameters(self, parameters: cst.Parameters) -> None:
        for parameter in all_parameters(parameters):
            annotation = parameter.annotation.annotation if parameter.annotation else None
            stars = parameter.star if isinstance(parameter.star, str) else ""
            path = None if stars else ()
            self.bind(parameter.name.value, "parameter", parameter, parameter.name, path, annotation)


_SEQUENCES = (tuple, list)


def _matches_all(pattern: cst.MatchPattern) -> bool:
    """Whether a pattern matches whatever there is."""
    if isinstance(pattern, cst.MatchOr):
        return any(_matches_all(part.pattern) for part in pattern.patterns)
    return isinstance(pattern, cst.MatchAs) and (pattern.pattern is None or _matches_all(pattern.pattern))


def _nothing(_: Any) -> None:
    """A leaf: nothing in it runs."""


def _defaults(parameters: cst.Parameters) -> list[cst.BaseExpression]:
    return [p.default for p in all_parameters(parameters) if p.default is not None]


def _owner(scope: Scope, name: str) -> Scope:
    """The enclosing function scope that a `nonlocal` name belongs to."""
    parent = scope.parent
    while parent is not None and parent.parent is not None:
        if parent.kind == "function" and name in parent.bindings:
            return parent
        parent = parent.parent
    return scope


def _try_ends(compound: Compound) -> list[str]:
    """How each way through a `try` leaves."""
    by_role: dict[str, list[Block]] = {}
    for role, block in compound.arms:
        by_role.setdefault(role, []).append(block)
    if any(block.leaves for block in by_role.get("finally", ())):
        return [by_role["finally"][0].leaves]
    normal = by_role["body"][0].leaves or (by_role["else"][0].leaves if "else" in by_role else "")
    return [normal, *(block.leaves for block in by_role.get("handler", ()))]
