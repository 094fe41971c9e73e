"""What one file yields, as plain data: its findings, those that depend on more, and the facts they depend on.

No tree outlives the file: summaries can be sent between processes and kept.
"""

from __future__ import annotations

from typing import NamedTuple

from veteran.analysis.outlook import Outlook
from veteran.analysis.reports import ArgumentFact, Conditional
from veteran.findings import Confidence, Finding, Span
from veteran.suppressions import Comment


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
    before and used here. low: it is made rarely, or its outcome is kept. given: by position or keyword, a literal (see
    `branches.abstract`), or `=` and a parameter of the caller.
    """

    target: str
    span: Span
    shown: str
    flags: str = ""
    low: bool = False
    when: tuple[When, ...] = ()
    given: tuple[tuple[str, str], ...] = ()


class ParameterFact(NamedTuple):
    """A parameter. default: as in `CallFact.given`; empty where there is none."""

    name: str
    positional: bool
    default: str


class FunctionFact(NamedTuple):
    """A function or method. kind: `sync`, `async`, `generator` or `asyncgenerator`.

    marks: of memoised, offloaded, manager, decorated (by what may change it), wrapped (by what may change its result),
    static, property, method. deciding: the
    parameters that decide what it calls. contexts: of a coroutine, see `analysis.contexts`. returns: the class of what
    it returns, or what gives it, as in `CallFact`; see also `program.ITSELF`.
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


class Doubt(NamedTuple):
    """What may check an access without its module seeing it: a call that is given the data.

    kind: `data` or `response` (a function is given it, as the argument of that number or name), or `catches` (a
    decorator, a context manager or a tuple of exceptions around the access). error: what the access raises.
    """

    kind: str
    target: str
    argument: str = ""
    error: str = ""


class BareFact(NamedTuple):
    """An access of decoded data that nothing in its module checks. path: to what is accessed.

    passed: the code of what is called, where another function of the module accesses it, and inner: there.
    given: where the data is an argument of a function of another module, that function; argument: which one it is.
    """

    span: Span
    shown: str
    path: tuple[str, ...]
    key: str
    kind: str
    error: str
    confidence: Confidence
    missed: str
    passed: str = ""
    inner: Span | None = None
    given: str = ""
    argument: str = ""
    doubts: tuple[Doubt, ...] = ()


class PlaceFact(NamedTuple):
    """A place that explains a fact."""

    span: Span
    text: str


class DataFact(NamedTuple):
    """Decoded data of which other modules decide whether it is reported.

    needs: what `target` has to give for it: a `response` whose method or attribute `by` decodes or is its body, or
    `decoded` data; empty where it is certain. maker: what gave the response. seen: the keys that the module looks at.
    """

    function: str
    contexts: tuple[str, ...]
    needs: str
    target: str
    by: str
    maker: str
    steps: tuple[PlaceFact, ...]
    seen: tuple[str, ...]
    bare: tuple[BareFact, ...]


class GivenFact(NamedTuple):
    """Decoded data that a function returns or yields: the part at `path` of it, in the collections `inside`.

    needs, target, by, seen: as in `DataFact`. sure: nothing else is given.
    """

    needs: str
    target: str
    by: str
    maker: str
    path: tuple[str, ...]
    inside: tuple[str, ...]
    seen: tuple[str, ...]
    sure: bool
    span: Span


class TakenFact(NamedTuple):
    """What a function does with a parameter. checks: it raises for some data, or for some `response`s."""

    name: str
    checks: tuple[str, ...]
    bare: tuple[BareFact, ...]


class AnswerFacts(NamedTuple):
    """What a module does with decoded data; by the keys of functions. catches: exceptions, by functions or names."""

    data: tuple[DataFact, ...] = ()
    given: dict[str, tuple[GivenFact, ...]] = {}  # noqa: RUF012 - never changed
    taken: dict[str, tuple[TakenFact, ...]] = {}  # noqa: RUF012
    catches: dict[str, tuple[str, ...]] = {}  # noqa: RUF012


#: Of a file in which there is nothing to tell.
NO_ANSWERS = AnswerFacts()


class Facts(NamedTuple):
    """What other modules may need to know of one. exports: what its names can mean. stars: modules imported whole."""

    functions: dict[str, FunctionFact]
    classes: dict[str, ClassFact]
    exports: dict[str, tuple[str, ...]]
    stars: tuple[str, ...] = ()


class Summary(NamedTuple):
    """One file. comments: only where something might be suppressed. asks: names, as imported, that decide whether
    there is more to find of jobs on threads. outlook, answers: where a rule asks for them; answers of a file that is
    likely to have any. begins: whether something may begin in the file that others decide; then its own facts are
    needed, which need not be held here."""

    path: str
    findings: tuple[Finding, ...] = ()
    conditional: tuple[Conditional, ...] = ()
    arguments: tuple[ArgumentFact, ...] = ()
    comments: tuple[Comment, ...] = ()
    facts: Facts | None = None
    asks: tuple[str, ...] = ()
    outlook: Outlook | None = None
    answers: AnswerFacts | None = None
    begins: bool = False

    def explained(self, facts: Facts) -> Summary:
        """The summary with the facts of its file."""
        begins = any(function.kind.startswith("async") for function in facts.functions.values())
        return self._replace(facts=facts, begins=begins)
