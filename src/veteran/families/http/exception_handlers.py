"""What catches the exception of an access: `except`, `suppress`, decorators, the callers of a private function."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import libcst as cst

from veteran.analysis.dataflow.access_paths import MAX_CALLS, Access, places_of
from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.following import Following
from veteran.analysis.semantics.ir import At, Call, Scope, arms_around, decorators_of, with_statements
from veteran.analysis.syntax.expressions import dotted
from veteran.families.http.conventions import CATCHING

if TYPE_CHECKING:
    from veteran.analysis.module import Module

_EXCEPT = "caught by `except {}`"
_BARE = "caught by a bare `except`"
_BROAD = ("Exception", "BaseException")
_CAUGHT_BY = {
    "KeyError": frozenset(("KeyError", "LookupError", *_BROAD)),
    "LookupError": frozenset(("KeyError", "IndexError", "LookupError", *_BROAD)),
    "IndexError": frozenset(("IndexError", "KeyError", "LookupError", *_BROAD)),
    "ValueError": frozenset(("ValueError", "TypeError", *_BROAD)),
    "TypeError": frozenset(("TypeError", *_BROAD)),
}


class Handlers:
    """Answers what is caught in one module.

    callers: all calls of a private function. note: keeps what catches an access, and where; always true.
    """

    def __init__(
        self,
        module: Module,
        callers: Callable[[Scope], list[Call]],
        note: Callable[[str, cst.CSTNode | None], bool],
    ) -> None:
        self.module = module
        self.callers = callers
        self.note = note
        self._following = Following()
        self._catching: dict[tuple[Scope, str], bool] = {}

    def caught(self, access: Access) -> tuple[bool, str]:
        """Whether a handler around an access catches what it raises; else what the nearest one catches."""
        caught, missed = self._caught_around(places_of(access), access.error)
        if not caught and self._callers_catch(access.at.scope.function, access.error, 0):
            return self.note("caught by all that call the function", None), ""
        return caught, missed

    def _callers_catch(self, function: Scope, error: str, depth: int) -> bool:
        """Whether all calls of a private function stand where the error is caught."""
        key = function, error
        if key not in self._catching:
            self._catching[key] = False
            calls = self.callers(function) if depth < MAX_CALLS else []
            self._catching[key] = bool(calls) and all(
                self._caught_around([call], error)[0] or self._callers_catch(call.scope.function, error, depth + 1)
                for call in calls
            )
        return self._catching[key]

    def _caught_around(self, places: list[At], error: str) -> tuple[bool, str]:
        """Whether a handler around one of some places catches an error; else what the nearest one catches."""
        missed = ""
        for at in places:
            for owner, block in arms_around(at):
                node = owner.node
                if isinstance(node, (cst.Try, cst.TryStar)) and owner.arms[0][1] is block:
                    for handler in node.handlers:
                        if only_raises(handler):
                            continue
                        if self._catches(handler.type, at, error):
                            return self.note(_EXCEPT if handler.type else _BARE, handler.type or handler), ""
                        if handler.type is not None:
                            missed = missed or self.module.code(handler.type, 50)
                elif isinstance(node, cst.With) and any(self._suppresses(item.item, at, error) for item in node.items):
                    return self.note("caught by `with {}`", node.items[0].item), ""
            decorators = decorators_of(with_statements(at.scope))
            if any(CATCHING.search(self.module.code(one.decorator, 60)) for one in decorators):
                return self.note("caught by a decorator of the function", None), ""
        return False, missed

    def _catches(self, kind: cst.BaseExpression | None, at: At, error: str) -> bool:
        if kind is None:
            return True
        if isinstance(kind, cst.Tuple):
            return any(self._catches(element.value, at, error) for element in kind.elements)
        name = dotted(kind) or ""
        if name.rpartition(".")[2] in _CAUGHT_BY.get(error, _CAUGHT_BY["KeyError"]):
            return True
        bound = scopes.lookup(kind.value, at).bindings if isinstance(kind, cst.Name) else ()
        given = (b for b in bound if b.kind == "assign" and isinstance(b.value, (cst.Tuple, cst.Name)))
        binding = next(given, None)
        return binding is not None and self._following.follow(
            binding, lambda: self._catches(binding.value, binding, error), False
        )

    def _suppresses(self, manager: cst.BaseExpression, at: At, error: str) -> bool:
        if not isinstance(manager, cst.Call):
            return False
        name = (dotted(manager.func) or "").rpartition(".")[2]
        if name == "suppress":
            return any(self._catches(arg.value, at, error) for arg in manager.args)
        return bool(CATCHING.search(name))


def only_raises(handler: cst.ExceptHandler | cst.ExceptStarHandler) -> bool:
    """Whether a handler does no more than raise again."""
    body = handler.body.body
    first: cst.CSTNode | None = body[0] if len(body) == 1 else None
    if isinstance(first, cst.SimpleStatementLine):
        first = first.body[0] if len(first.body) == 1 else None
    return isinstance(first, cst.Raise) and first.exc is None
