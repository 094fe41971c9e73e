"""What is known of values and of running a function, as data; small questions about expressions; and who answers."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import libcst as cst

from veteran.analysis.semantics.following import Following
from veteran.analysis.semantics.ir import At, Binding, Lowered, Scope
from veteran.analysis.syntax.expressions import running
from veteran.analysis.syntax.nodes import integer_value

if TYPE_CHECKING:
    from veteran.analysis.module import Module
    from veteran.analysis.types.inference import Types
    from veteran.analysis.types.values import Local, Value
    from veteran.catalog import Catalog

#: Loops of fewer rounds are no work.
MANY = 1_000


class Verdict(enum.Enum):
    """What a call of a function does."""

    HEAVY = "heavy"  # computes in Python, the more the larger its input
    LIGHT = "light"  # computes, though not much
    WAITS = "waits"  # does I/O, waits, or calls what releases the GIL
    UNKNOWN = "unknown"


class Profile(NamedTuple):
    """A verdict, why, and the place that shows it. asks: a name of another module that might change it."""

    verdict: Verdict
    reason: str
    node: cst.CSTNode | None = None
    at: At | None = None
    asks: str = ""


class Kind(NamedTuple):
    """What is known of a value.

    plain: builtin values through and through. mixed: a container made here, whatever it holds.
    item: something out of one. box: a builtin container of what is unknown. object: of the class `scope`.
    nothing: no value. unknown. most: a number that is no larger. shared: an object that several threads work on.
    asks: a name of another module that may tell more. of: what each item of a `box` is, where that is known.
    """

    what: str
    scope: Scope | None = None
    most: int | None = None
    shared: bool = False
    asks: str = ""
    of: Kind | None = None


PLAIN, MIXED, ITEM, BOX, UNKNOWN, NOTHING = map(Kind, ("plain", "mixed", "item", "box", "unknown", "nothing"))
MEMORY = ("plain", "mixed", "box")


class Stop(Exception):
    """The body does what is no computing, or what is not known."""

    def __init__(self, verdict: Verdict, reason: str, node: cst.CSTNode | None, asks: str = "") -> None:
        super().__init__(reason)
        self.verdict = verdict
        self.reason = reason
        self.node = node
        self.asks = asks  # a name of another module that decides it


class Evidence(NamedTuple):
    node: cst.CSTNode
    at: At
    text: str


class Result(NamedTuple):
    """What running a function does. kind: what it gives back."""

    kind: Kind
    evidence: Evidence | None = None
    prints: cst.CSTNode | None = None
    generator: bool = False


class Frame:
    """One way of calling a function: what its parameters are, and what follows from that."""

    def __init__(self, scope: Scope, parameters: Mapping[str, Kind], outer: Frame | None = None) -> None:
        self.scope = scope
        self.parameters = parameters
        self.outer = outer
        self.kinds: dict[cst.CSTNode, Kind] = {}
        self.bindings: dict[Binding, Kind] = {}
        self.active: set[Binding] = set()


class Work:
    """What one question has cost, and where it stands: shared by the modules that it leads through."""

    def __init__(self) -> None:
        self.active: list[Scope] = []
        self.steps = 0
        self.steps_in_all = 0
        self.loops = 0  # around what is read, callers included
        self.arrays = 0  # callers whose modules compute with arrays


class Interpreter(Protocol):
    """What answers what the functions of one module do with the processor: `cpu.Cpu`, for bodies and their values."""

    module: Module
    others: Around | None
    work: Work
    types: Types
    catalog: Catalog
    lowered: Lowered
    frames: dict[Scope, Frame]
    results: dict[tuple[Any, ...], Result | Stop]
    following: Following

    @property
    def places(self) -> dict[cst.CSTNode, At]: ...

    @property
    def by_node(self) -> dict[cst.CSTNode, Scope]: ...

    @property
    def parts(self) -> dict[Scope, list[Scope]]: ...

    @property
    def arrays(self) -> bool: ...

    @property
    def has_arrays(self) -> bool: ...

    @property
    def heavy_methods(self) -> frozenset[str]: ...

    @property
    def pure_methods(self) -> frozenset[str]: ...

    @property
    def owners(self) -> frozenset[str]: ...

    def profile(self, function: Scope, arguments: Mapping[str, Kind] | None = None) -> Profile: ...

    def is_hopeless(self, function: Scope, leads: Callable[[str], bool] | None) -> bool: ...

    def step(self) -> None: ...

    def parameters(
        self, function: Scope, positional: Iterable[Kind], keywords: Mapping[str, Kind], bound: Kind | None
    ) -> dict[str, Kind]: ...

    def itself(self, func: cst.BaseExpression, at: At, function: Scope, receiver: Kind) -> Kind | None: ...

    def method(self, kind: Kind, name: str) -> Local | None: ...

    def bases(self, scope: Scope) -> list[Value]: ...

    def line(self, owner: Scope) -> Iterator[Scope | None]: ...

    def of(self, scope: Scope) -> Interpreter: ...

    def ask(self, name: str) -> Found | None: ...

    def bound(self, binding: Binding) -> Kind: ...

    def gives(self, function: Scope, parameters: dict[str, Kind], outer: Frame | None = None) -> Kind: ...

    def slices_hold(self, value: Kind) -> bool: ...

    def made_with(
        self, owner: Scope, positional: Iterable[Kind], keywords: Mapping[str, Kind]
    ) -> AbstractContextManager[None]: ...

    def filled_with(self, binding: Binding) -> Kind: ...

    def may_be_replaced(self, owner: Scope, name: str) -> bool: ...

    def frame(self, function: Scope) -> Frame: ...

    def run(self, function: Scope, parameters: dict[str, Kind], outer: Frame | None = None) -> Result: ...


class Around(Protocol):
    """The modules around one file: `cpu_project.Others`, for those who answer for one of them."""

    work: Work

    @property
    def entry(self) -> Interpreter | None: ...

    def of(self, scope: Scope) -> Interpreter: ...

    def leads(self, cpu: Interpreter, name: str) -> bool: ...

    def resolve(self, name: str, cpu: Interpreter) -> Found | None: ...


class Found(NamedTuple):
    """What a name leads to: a function or class, or else what a module or class binds."""

    cpu: Interpreter
    scope: Scope | None = None
    binding: Binding | None = None


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CONTAINERS = words(
    """list dict set tuple frozenset List Dict Set Tuple FrozenSet Sequence MutableSequence Mapping MutableMapping
    AbstractSet Collection deque Deque Counter DefaultDict defaultdict OrderedDict"""
)
SCALARS = words("int float str bytes bool complex bytearray range Fraction Decimal")
_BUILTIN_TYPES = (str, bytes, bytearray, list, dict, set, frozenset, tuple, int, float, complex, range, memoryview)
BUILTIN_METHODS = frozenset(name for kind in _BUILTIN_TYPES for name in vars(kind) if name[0] != "_")
BUILTIN_NAMES = frozenset(kind.__name__ for kind in _BUILTIN_TYPES)
#: Methods that texts have and hardly anything else; those of the second set with literal arguments only.
_TEXT_ONLY = words(
    """lower upper strip lstrip rstrip splitlines startswith endswith isalpha isdigit isalnum isspace isupper islower
    istitle isnumeric isdecimal title capitalize swapcase casefold zfill rsplit rpartition removeprefix removesuffix"""
)
_TEXT_IF_LITERAL = frozenset(("split", "replace", "partition", "encode", "decode"))
NUMERIC = (
    cst.Subtract, cst.Multiply, cst.Power, cst.FloorDivide, cst.Divide, cst.Modulo,
    cst.BitAnd, cst.BitXor, cst.LeftShift, cst.RightShift,
    cst.SubtractAssign, cst.MultiplyAssign, cst.PowerAssign, cst.FloorDivideAssign, cst.DivideAssign,
    cst.ModuloAssign, cst.BitXorAssign,
)  # fmt: skip
NUMBERS = (cst.Integer, cst.Float)


def either(kinds: Iterable[Kind]) -> Kind:
    """What is known of a value that is one of these."""
    found = NOTHING
    for kind in kinds:
        if kind.what == "nothing" or kind == found:
            continue
        if found.what == "nothing":
            found = kind
        elif found.what == kind.what == "plain":
            known = found.most is not None and kind.most is not None
            found = Kind("plain", None, max(found.most or 0, kind.most or 0) if known else None)
        elif "object" in (found.what, kind.what):
            both = {found.what, kind.what}
            scope = (found.scope or kind.scope) if both == {"object", "plain"} else None
            found = Kind("object", scope, None, found.shared or kind.shared)
        elif "unknown" in (found.what, kind.what):
            found = unknown(found.asks or kind.asks)
        elif "box" in (found.what, kind.what):
            held = found.of if found.of == kind.of else None
            found = BOX._replace(of=held) if "item" not in (found.what, kind.what) else UNKNOWN
        else:
            found = ITEM if "item" in (found.what, kind.what) else MIXED
    return found


def items_of(kind: Kind) -> Kind:
    if kind.of is not None:
        return kind.of
    if kind.what in ("plain", "nothing"):
        return PLAIN if kind.what == "plain" else NOTHING
    return ITEM if kind.what in ("mixed", "item") else unknown(kind.asks)


def shared_by_all(kind: Kind) -> Kind:
    """The same value where several threads work on it, what it holds included."""
    if kind.of is not None:
        return kind._replace(of=shared_by_all(kind.of))
    return kind._replace(shared=True) if kind.what in ("object", "unknown") else kind


def unknown(asks: str) -> Kind:
    """Nothing is known; a name of another module may tell more."""
    return Kind("unknown", asks=asks) if asks else UNKNOWN


def holding(kinds: Iterable[Kind]) -> Kind:
    """A container of these."""
    every = [kind for kind in kinds if kind.what != "nothing"]
    found = {kind.what for kind in every}
    if found <= {"plain"}:
        return PLAIN
    one = every[0]
    if all(kind == one for kind in every) and (one.scope is not None or one.what == "box" or one.asks):
        return BOX._replace(of=one)
    return MIXED if found <= {"plain", "mixed", "item"} else BOX


def display(node: cst.CSTNode) -> list[cst.BaseExpression] | None:
    """The items of a list, tuple or set that is written out."""
    if isinstance(node, (cst.List, cst.Tuple, cst.Set)):
        if any(isinstance(element, cst.StarredElement) for element in node.elements):
            return None
        return [element.value for element in node.elements]
    return None


def integer(node: cst.CSTNode, depth: int = 0) -> int | None:
    """The value of an integer that is written out, if need be as a small calculation."""
    if isinstance(node, cst.Integer):
        return integer_value(node)
    if isinstance(node, cst.BinaryOperation) and depth < 10:
        left, right = integer(node.left, depth + 1), integer(node.right, depth + 1)
        if left is None or right is None:
            return None
        if isinstance(node.operator, cst.Power):
            return int(min(float(left) ** right, 1e18)) if 0 <= left < 1e6 and 0 <= right < 20 else None
        if isinstance(node.operator, cst.Multiply):
            return left * right
        if isinstance(node.operator, (cst.Add, cst.Subtract)):
            return left + right if isinstance(node.operator, cst.Add) else left - right
    return None


def is_number(node: cst.CSTNode) -> bool:
    return isinstance(node, NUMBERS) or (isinstance(node, cst.UnaryOperation) and isinstance(node.expression, NUMBERS))


def root_of(node: cst.CSTNode) -> cst.CSTNode:
    """The innermost receiver of a chain of attributes, calls and subscripts."""
    while isinstance(node, (cst.Attribute, cst.Subscript, cst.Call)):
        node = node.func if isinstance(node, cst.Call) else node.value
    return node


def targets_of(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The single targets of an assignment's target."""
    pending = [node]
    while pending:
        one = pending.pop()
        if isinstance(one, (cst.Tuple, cst.List)):
            pending += [element.value for element in one.elements]
        else:
            yield one


def below(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """A node and all below it that runs with it."""
    pending = [node]
    while pending:
        one = pending.pop()
        yield one
        if isinstance(one, (cst.FunctionDef, cst.Lambda, cst.ClassDef)) and one is not node:
            continue
        pending += running(one)


def is_text_call(node: cst.Call) -> bool:
    """Whether a method is called that only texts have."""
    if not isinstance(node.func, cst.Attribute):
        return False
    name = node.func.attr.value
    if name in _TEXT_ONLY:
        return True
    if name not in _TEXT_IF_LITERAL or any(arg.star for arg in node.args):
        return False
    texts = (cst.SimpleString, cst.ConcatenatedString, cst.Integer)
    return all(isinstance(arg.value, texts) for arg in node.args[:1]) and (name != "replace" or len(node.args) > 1)
