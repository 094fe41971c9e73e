"""What one file yields, as plain data: its findings, those that depend on more, and the facts they depend on.

No tree outlives the file: summaries can be sent between processes and kept.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

from veteran.analysis.reports import ArgumentFact, Conditional
from veteran.findings import Confidence, Finding, Span
from veteran.project.kinds import Kind
from veteran.suppressions import Comment

T = TypeVar("T")


class When(NamedTuple):
    """A test of a function's own parameter that came out so on the way to a call.

    test: `true`, `none`, `path`, `in` with literals, `is` with names of classes, separated by blanks, or `over`,
    `from`, `under` or `to` with a number. group: of those that share one, not 0, it takes any.
    """

    parameter: str
    test: str
    outcome: bool
    group: int = 0


class EffectFact(NamedTuple):
    """A call that blocks its thread. name: what the catalogue calls it. shown: as it is written."""

    name: str
    group: str
    span: Span
    shown: str
    confidence: Confidence
    when: tuple[When, ...] = ()


class CallFact(NamedTuple):
    """A call of something that a project may define.

    target: `:key` for a function or class of the same module, else a dotted name, with `()` after what is called on
    the way. flags: of `a` awaited, `e` entered by `with`, `c` consumed in place, `p` a property that is read, `h` made
    before and used here, `t` called on what may be a class: one of the same module, or what another one binds. low: it
    is made rarely, or its outcome is kept. given: each argument's form (see `expressions.form`), and a literal (see
    `path_conditions.abstract`), or `=` and a parameter of the caller.
    """

    target: str
    span: Span
    shown: str
    flags: str = ""
    low: bool = False
    when: tuple[When, ...] = ()
    given: tuple[tuple[str, str], ...] = ()


class ParameterFact(NamedTuple):
    """A parameter. kind: see `arguments.Formal`. default: as in `CallFact.given`; empty where there is none."""

    name: str
    kind: str
    default: str


class FunctionFact(NamedTuple):
    """A function or method. kind: `sync`, `async`, `generator` or `asyncgenerator`.

    marks: of memoised, offloaded, manager, decorated (by what may change it), wrapped (by what may change its result),
    static, class (a class method), property, method. deciding: the parameters that decide what it calls. contexts: of a
    coroutine, see `analysis.contexts`. returns: the class of what it returns, or what gives it, as in `CallFact`; see
    also `symbols.ITSELF`.
    """

    kind: str
    marks: tuple[str, ...] = ()
    parameters: tuple[ParameterFact, ...] = ()
    deciding: tuple[str, ...] = ()
    calls: tuple[CallFact, ...] = ()
    effects: tuple[EffectFact, ...] = ()
    contexts: tuple[str, ...] = ()
    returns: str = ""
    library: str = ""


class ClassFact(NamedTuple):
    """A class. bases: as in `CallFact`, empty where unknown.

    attributes: the classes of what its instances hold; of a class with bases also what is not known, as empty.
    """

    bases: tuple[str, ...]
    attributes: dict[str, str]


class Facts(NamedTuple):
    """What other modules may need to know of one. exports: what its names can mean. stars: modules imported whole."""

    functions: dict[str, FunctionFact]
    classes: dict[str, ClassFact]
    exports: dict[str, tuple[str, ...]]
    stars: tuple[str, ...] = ()


#: What names of a file mean and call. None: it cannot be read, or is no program.
FACTS: Kind[Facts | None] = Kind("facts", Facts, None, apart=True)


class Summary(NamedTuple):
    """One file. comments: only where something might be suppressed.

    told: by the names of kinds, what it tells other files, where that was found already; of what is kept apart, its
    encoded form, or None where it need not be held here. begins: the families for which there may be something in the
    file that others decide.
    """

    path: str
    findings: tuple[Finding, ...] = ()
    conditional: tuple[Conditional, ...] = ()
    arguments: tuple[ArgumentFact, ...] = ()
    comments: tuple[Comment, ...] = ()
    told: dict[str, Any] = {}  # noqa: RUF012 - never changed
    begins: tuple[str, ...] = ()

    def of(self, kind: Kind[T]) -> T:
        """What the file tells, where that is held here; else as if it told nothing."""
        found = self.told.get(kind.name)
        return kind.nothing if found is None or isinstance(found, bytes) else found
