"""libcst's nodes, made from what the host's own parser reads.

libcst's parser makes a node of every comma and blank; CPython's reads a file in a tenth of the time and knows where
everything stands. The nodes made here are libcst's own classes with all fields that mean something set. The fields
for layout are not: such nodes are read, and their text is taken from the source.
"""

from __future__ import annotations

import ast
import itertools
import re
import sys
import unicodedata
import warnings
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import libcst as cst

from veteran.analysis.syntax.source import STRING, Source, SourceError
from veteran.findings import Span

T = TypeVar("T", bound=cst.CSTNode)
#: Where a node stands: CPython's node, the range of its offsets, or a word in the text of CPython's node.
Place = Any


class Unconverted(Exception):
    """A text that CPython's parser does not read, or that is nested too deep to convert.

    line, column: from 1, of a syntax error; 0 for anything else.
    """

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class Word:
    """Where a name stands that CPython's parser gives no place for.

    node: what it stands in. after: what it stands behind; the first such word counts. last: the last one does.
    """

    __slots__ = ("after", "last", "name", "node")

    def __init__(self, name: str, node: Any, after: Any = None, last: bool = False) -> None:
        self.name = name
        self.node = node
        self.after = after
        self.last = last


class Fragment:
    """A string with fields, that libcst has parsed from this code. shift: from an offset in that to the file's."""

    __slots__ = ("code", "node", "shift", "spelled")

    def __init__(self, node: cst.BaseExpression, code: str, shift: int) -> None:
        self.node = node
        self.code = code
        self.shift = shift
        self.spelled = normalised(node, code)


#: Fields that hold layout, by name: they are the same in every node class.
LAYOUT = frozenset(
    [
        *("lpar", "rpar", "lbracket", "rbracket", "lbrace", "rbrace", "comma", "semicolon", "dot", "colon", "equal"),
        *("separator", "first_colon", "second_colon", "trailing_comma", "header", "footer", "leading_lines"),
        *("lines_after_decorators", "lines_after_module_docstring", "trailing_whitespace", "indent", "encoding"),
        *("default_indent", "default_newline", "has_trailing_newline", "posonly_ind", "__slots__"),
    ]
)
_FIELDS: dict[type, tuple[str, ...]] = {}


def children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The nodes directly in a node that mean something, in the order of libcst's fields."""
    kind = type(node)
    fields = _FIELDS.get(kind)
    if fields is None:
        names = kind.__dataclass_fields__
        fields = _FIELDS[kind] = tuple(name for name in names if name not in LAYOUT and "whitespace" not in name)
    for name in fields:
        held = getattr(node, name)
        if isinstance(held, (list, tuple)):
            yield from held
        elif isinstance(held, cst.CSTNode):
            yield held


def changed(node: T, **values: Any) -> T:
    """A node of the same class with other values of these fields; libcst's `with_changes` needs the layout."""
    kind = type(node)
    made = _new(kind)
    for name in kind.__dataclass_fields__:
        if name not in LAYOUT and "whitespace" not in name:
            object.__setattr__(made, name, values.get(name, getattr(node, name)))
    return made


def normalised(node: cst.CSTNode, text: str) -> list[tuple[cst.Name, str]]:
    """Makes of names that libcst has read what CPython reads (PEP 3131). Returns how those are written that differ."""
    if unicodedata.is_normalized("NFKC", text):
        return []
    spelled: list[tuple[cst.Name, str]] = []
    pending = [node]
    while pending:
        node = pending.pop()
        if isinstance(node, cst.Name) and not unicodedata.is_normalized("NFKC", node.value):
            spelled.append((node, node.value))
            respell(node, unicodedata.normalize("NFKC", node.value))
        pending += children(node)
    return spelled


def respell(name: cst.Name, value: str) -> None:
    object.__setattr__(name, "value", value)


def read(source: Source) -> Converter:
    """The converted module, and where its nodes stand."""
    try:
        parsed = quietly(source.parse_text)
        try:
            converter = _converted(source, parsed)
        except RecursionError:
            limit = sys.getrecursionlimit()
            try:
                sys.setrecursionlimit(max(limit, DEEP))
                converter = _converted(source, parsed)
            finally:
                sys.setrecursionlimit(limit)
    except SyntaxError as error:
        raise Unconverted(error.msg, max(error.lineno or 1, 1), max(error.offset or 1, 1)) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise Unconverted(str(error) or type(error).__name__) from None
    except KeyError as error:
        if isinstance(error.args[0], type) and issubclass(error.args[0], ast.AST):
            raise Unconverted(f"{error.args[0].__name__} is not known yet") from None
        raise
    return converter


#: Frames for what hosts' limits are too low for; the threads that trees are read on have stacks for them.
DEEP = 20_000
#: Quoted annotations longer than this are not read, wherever the stack is small.
MAX_QUOTED = 1_000
#: The file that CPython's warnings about a text would name.
_FILE = "<veteran>"


def quietly(text: str, mode: str = "exec") -> Any:
    """What CPython's parser makes of a text; it passes over invalid escapes and their like, whatever `-W` says."""
    # The filter stays: `catch_warnings` would take back what other threads have set in the meantime.
    if not any(getattr(pattern, "pattern", "") == _FILE for _, _, _, pattern, _ in warnings.filters):
        warnings.filterwarnings("ignore", module=_FILE)
    return ast.parse(text, _FILE, mode)


def expression(text: str) -> cst.BaseExpression:
    """What an annotation in quotes says."""
    try:
        source = Source(f"({text})\n")
        statement = read(source).module.body[0]
    except (SourceError, IndexError):
        raise Unconverted("no expression", 1, 1) from None
    inner = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
    if not isinstance(inner, cst.Expr):
        raise Unconverted("no expression", 1, 1)
    return inner.value


def string_value(node: cst.SimpleString) -> str | bytes:
    """The value of a literal; what stands between its quotes where CPython refuses that."""
    try:
        value: str | bytes = quietly(node.value, "eval").body.value
    except (SyntaxError, ValueError, MemoryError):
        return node.raw_value
    return value


def operands(operation: cst.BooleanOperation | cst.BinaryOperation) -> Iterator[cst.BaseExpression]:
    """What one operator connects, in order, however many there are: they stand as deep as they are many."""
    kind = type(operation.operator)
    pending: list[cst.BaseExpression] = [operation]
    while pending:
        node = pending.pop()
        if isinstance(node, (cst.BooleanOperation, cst.BinaryOperation)) and type(node.operator) is kind:
            pending += [node.right, node.left]
        else:
            yield node


def integer_value(node: cst.Integer) -> int:
    """The value of a number; CPython reads no decimal one of thousands of digits."""
    try:
        return int(node.value, 0)
    except ValueError:
        return sys.maxsize


def _converted(source: Source, parsed: ast.Module) -> Converter:
    converter = Converter(source)
    try:
        converter.module = _module(converter.body(parsed.body))
    finally:
        converter.kinds.clear()  # they hold the converter, and with it the tree
    return converter


_new = object.__new__


def _maker(kind: type[cst.CSTNode], *fields: str) -> Callable[..., Any]:
    """What makes a node of a class from the values of these fields; libcst's own constructors check and cost more."""
    setters: list[Callable[[Any, Any], None]] = [getattr(kind, name).__set__ for name in fields]
    if len(setters) == 1:
        (only,) = setters

        def make_one(value: Any) -> Any:
            node = _new(kind)
            only(node, value)
            return node

        return make_one
    if len(setters) == 2:
        first, second = setters

        def make_two(one: Any, two: Any) -> Any:
            node = _new(kind)
            first(node, one)
            second(node, two)
            return node

        return make_two

    def make(*values: Any) -> Any:
        node = _new(kind)
        for setter, value in zip(setters, values, strict=True):
            setter(node, value)
        return node

    return make


_name = _maker(cst.Name, "value")
_attribute = _maker(cst.Attribute, "value", "attr")
_call = _maker(cst.Call, "func", "args")
_arg = _maker(cst.Arg, "value", "keyword", "star")
_simple_string = _maker(cst.SimpleString, "value")
_concatenated = _maker(cst.ConcatenatedString, "left", "right")
_number = {
    int: _maker(cst.Integer, "value"),
    float: _maker(cst.Float, "value"),
    complex: _maker(cst.Imaginary, "value"),
}
_ellipsis = _maker(cst.Ellipsis)
_subscript = _maker(cst.Subscript, "value", "slice")
_subscript_element = _maker(cst.SubscriptElement, "slice")
_index = _maker(cst.Index, "value", "star")
_slice = _maker(cst.Slice, "lower", "upper", "step")
_binary = _maker(cst.BinaryOperation, "left", "operator", "right")
_boolean = _maker(cst.BooleanOperation, "left", "operator", "right")
_unary = _maker(cst.UnaryOperation, "operator", "expression")
_comparison = _maker(cst.Comparison, "left", "comparisons")
_comparison_target = _maker(cst.ComparisonTarget, "operator", "comparator")
_if_exp = _maker(cst.IfExp, "test", "body", "orelse")
_lambda = _maker(cst.Lambda, "params", "body")
_await = _maker(cst.Await, "expression")
_yield = _maker(cst.Yield, "value")
_from = _maker(cst.From, "item")
_named = _maker(cst.NamedExpr, "target", "value")
_element = _maker(cst.Element, "value")
_starred_element = _maker(cst.StarredElement, "value")
_dict = _maker(cst.Dict, "elements")
_dict_element = _maker(cst.DictElement, "key", "value")
_starred_dict_element = _maker(cst.StarredDictElement, "value")
_dict_comp = _maker(cst.DictComp, "key", "value", "for_in")
_comp_for = _maker(cst.CompFor, "target", "iter", "ifs", "inner_for_in", "asynchronous")
_comp_if = _maker(cst.CompIf, "test")
_annotation = _maker(cst.Annotation, "annotation")
_param = _maker(cst.Param, "name", "annotation", "default", "star")
_parameters = _maker(
    cst.Parameters, "params", "star_arg", "kwonly_params", "star_kwarg", "posonly_params", "posonly_ind"
)
_line = _maker(cst.SimpleStatementLine, "body")
_block = _maker(cst.IndentedBlock, "body")
_else = _maker(cst.Else, "body")
_finally = _maker(cst.Finally, "body")
_function = _maker(
    cst.FunctionDef, "name", "params", "body", "decorators", "returns", "asynchronous", "type_parameters"
)
_class = _maker(cst.ClassDef, "name", "body", "bases", "keywords", "decorators", "type_parameters")
_decorator = _maker(cst.Decorator, "decorator")
_expr = _maker(cst.Expr, "value")
_assign = _maker(cst.Assign, "targets", "value")
_assign_target = _maker(cst.AssignTarget, "target")
_annotated_assign = _maker(cst.AnnAssign, "target", "annotation", "value")
_augmented_assign = _maker(cst.AugAssign, "target", "operator", "value")
_del = _maker(cst.Del, "target")
_return = _maker(cst.Return, "value")
_raise = _maker(cst.Raise, "exc", "cause")
_assert = _maker(cst.Assert, "test", "msg")
_import = _maker(cst.Import, "names")
_import_from = _maker(cst.ImportFrom, "module", "names", "relative")
_import_alias = _maker(cst.ImportAlias, "name", "asname")
_as_name = _maker(cst.AsName, "name")
_name_item = _maker(cst.NameItem, "name")
_if = _maker(cst.If, "test", "body", "orelse")
_while = _maker(cst.While, "test", "body", "orelse")
_for = _maker(cst.For, "target", "iter", "body", "orelse", "asynchronous")
_with = _maker(cst.With, "items", "body", "asynchronous")
_with_item = _maker(cst.WithItem, "item", "asname")
_match = _maker(cst.Match, "subject", "cases")
_match_case = _maker(cst.MatchCase, "pattern", "body", "guard")
_match_as = _maker(cst.MatchAs, "pattern", "name")
_match_star = _maker(cst.MatchStar, "name")
_match_mapping = _maker(cst.MatchMapping, "elements", "rest")
_match_class = _maker(cst.MatchClass, "cls", "patterns", "kwds")
_match_or_element = _maker(cst.MatchOrElement, "pattern")
_match_or = _maker(cst.MatchOr, "patterns")
_match_element = _maker(cst.MatchSequenceElement, "value")
_type_alias = _maker(cst.TypeAlias, "name", "value", "type_parameters")
_type_parameters = _maker(cst.TypeParameters, "params")
_type_param = _maker(cst.TypeParam, "param", "default", "star")
_module = _maker(cst.Module, "body")

#: Nodes without anything in them can be shared.
_ASYNC = cst.Asynchronous()
_DOT = cst.Dot()
_STAR = cst.ParamStar()
_IMPORT_STAR = cst.ImportStar()
_OPERATORS: dict[type, cst.CSTNode] = {
    ast.Add: cst.Add(), ast.Sub: cst.Subtract(), ast.Mult: cst.Multiply(), ast.Div: cst.Divide(),
    ast.FloorDiv: cst.FloorDivide(), ast.Mod: cst.Modulo(), ast.MatMult: cst.MatrixMultiply(), ast.Pow: cst.Power(),
    ast.LShift: cst.LeftShift(), ast.RShift: cst.RightShift(), ast.BitAnd: cst.BitAnd(), ast.BitOr: cst.BitOr(),
    ast.BitXor: cst.BitXor(), ast.And: cst.And(), ast.Or: cst.Or(), ast.Not: cst.Not(), ast.USub: cst.Minus(),
    ast.UAdd: cst.Plus(), ast.Invert: cst.BitInvert(), ast.Eq: cst.Equal(), ast.NotEq: cst.NotEqual(),
    ast.Lt: cst.LessThan(), ast.LtE: cst.LessThanEqual(), ast.Gt: cst.GreaterThan(), ast.GtE: cst.GreaterThanEqual(),
    ast.Is: cst.Is(), ast.IsNot: cst.IsNot(), ast.In: cst.In(), ast.NotIn: cst.NotIn(),
}  # fmt: skip
_ASSIGNING: dict[type, cst.CSTNode] = {
    ast.Add: cst.AddAssign(), ast.Sub: cst.SubtractAssign(), ast.Mult: cst.MultiplyAssign(),
    ast.Div: cst.DivideAssign(), ast.FloorDiv: cst.FloorDivideAssign(), ast.Mod: cst.ModuloAssign(),
    ast.MatMult: cst.MatrixMultiplyAssign(), ast.Pow: cst.PowerAssign(), ast.LShift: cst.LeftShiftAssign(),
    ast.RShift: cst.RightShiftAssign(), ast.BitAnd: cst.BitAndAssign(), ast.BitOr: cst.BitOrAssign(),
    ast.BitXor: cst.BitXorAssign(),
}  # fmt: skip
_COMPOUND = frozenset(
    getattr(ast, name)
    for name in "FunctionDef AsyncFunctionDef ClassDef If While For AsyncFor With AsyncWith Try TryStar Match".split()  # noqa: SIM905
    if hasattr(ast, name)
)
_UTF8 = "utf-8", "surrogatepass"
_LITERAL = re.compile(rf"[A-Za-z]{{0,2}}{STRING}", re.VERBOSE | re.DOTALL)
#: How many characters of a line are looked through for those that are longer in UTF-8.
_STRETCH = 512
#: An identifier: CPython also takes any character beyond ASCII for a part of one.
_WORD = re.compile(rf"\#[^\r\n]*|(?P<word>(?:\w|[^\x00-\x7f])+)|{STRING}", re.VERBOSE | re.DOTALL)
_BRACKET = re.compile(r"#[^\r\n]*|(?P<bracket>[(),])")
_CLOSING = re.compile(r"(?P<close>\))|(?P<comment>#[^\r\n]*)|(?P<operator>[a-z])")
_BETWEEN = re.compile(r"(?:[\s\\]+|#[^\r\n]*)*")


class Converter:
    """Turns CPython's nodes into libcst's. places: where they stand. fragments: what libcst itself has parsed."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.parse_text
        self.ascii = self.text.isascii()
        self.places: dict[int, Place] = {}  # by id: libcst's nodes hash slowly
        self.stretches: dict[int, list[int]] = {}  # by line: the bytes before each stretch of it
        self.fragments: list[Fragment] = []
        self.module: cst.Module
        self.kinds: dict[type, Callable[[Any], Any]] = {
            getattr(ast, name[1:]): getattr(self, name) for name in _METHODS if hasattr(ast, name[1:])
        }

    # Offsets

    def offset(self, line: int, column: int) -> int:
        """The offset in the text of CPython's line, from 1, and column, in bytes of UTF-8."""
        start = self.source.starts[line - 1]
        if self.ascii:
            return start + column
        if column > _STRETCH:
            before = self.stretches.get(line) or self.stretch(line)
            index = bisect_right(before, column) - 1
            start += index * _STRETCH
            column -= before[index]
        part = self.text[start : start + column]
        if not part.isascii():
            column = len(part.encode(*_UTF8)[:column].decode(*_UTF8))
        return start + column

    def stretch(self, line: int) -> list[int]:
        """The bytes of UTF-8 before each stretch of a line: long lines are asked for often."""
        starts, text = self.source.starts, self.text
        stop = starts[line] if line < len(starts) else len(text)
        parts = (text[at : at + _STRETCH] for at in range(starts[line - 1], stop, _STRETCH))
        lengths = (len(part) if part.isascii() else len(part.encode(*_UTF8)) for part in parts)
        self.stretches[line] = before = list(itertools.accumulate(lengths, initial=0))
        return before

    def range(self, place: Place) -> tuple[int, int]:
        """The offsets at which something begins and ends."""
        if isinstance(place, tuple):
            return place
        if isinstance(place, Word):
            return self.word_range(place)
        start, stop = self.offset(place.lineno, place.col_offset), self.offset(place.end_lineno, place.end_col_offset)
        if isinstance(place, ast.arg):
            return self.word_range(Word(place.arg, (start, stop)))
        return start, stop

    def word_range(self, place: Word) -> tuple[int, int]:
        start, stop = self.range(place.node)
        begin = self.range(place.after)[1] if place.after is not None else start
        parts = place.name.split(".")
        found = None
        first = count = 0
        for token in _WORD.finditer(self.text, begin, stop):
            word = token["word"]
            if word is None:
                continue
            if word != parts[count] and unicodedata.normalize("NFKC", word) != parts[count]:
                count = 0
                continue
            first = first if count else token.start()
            count += 1
            if count == len(parts):
                found = first, token.end()
                count = 0
                if not place.last:
                    break
        return found or (start, stop)

    def span(self, node: cst.CSTNode) -> Span | None:
        """Where a node stands, if CPython says so."""
        place = self.places.get(id(node))
        if isinstance(place, ast.expr) and self.ascii:
            return Span(place.lineno, place.col_offset + 1, place.end_lineno or 0, (place.end_col_offset or 0) + 1)
        return None

    def closed(self, node: ast.expr) -> int:
        """Where an expression ends that others follow, with the parentheses around it."""
        end = self.range(node)[1]
        for token in _CLOSING.finditer(self.text, end):
            if token.lastgroup == "operator":
                break
            if token.lastgroup == "close":
                end = token.end()
        return end

    def enclosed(self, node: ast.Tuple) -> bool:
        """Whether a tuple has parentheses of its own."""
        start = self.range(node)[0]
        if self.text[start] != "(":
            return False
        first, last = self.range(node.elts[0])
        count = 0
        for token in _BRACKET.finditer(self.text, start, first):
            count += token["bracket"] == "("
        for token in _BRACKET.finditer(self.text, last):
            if token["bracket"] == ",":
                break
            count -= token["bracket"] == ")"
        return count > 0

    def segment(self, node: Any) -> str:
        """The text of an expression."""
        if self.ascii:
            starts = self.source.starts
            return self.text[
                starts[node.lineno - 1] + node.col_offset : starts[node.end_lineno - 1] + node.end_col_offset
            ]
        start, stop = self.range(node)
        return self.text[start:stop]

    # Statements

    def body(self, statements: Sequence[ast.stmt]) -> list[Any]:
        """The statements of a body; those on one line stand in one node."""
        found: list[Any] = []
        line: list[Any] = []
        last = 0
        kinds = self.kinds
        for statement in statements:
            kind = statement.__class__
            converted = kinds[kind](statement)
            self.places[id(converted)] = statement
            if kind in _COMPOUND:
                found.append(converted)
                last = 0
            elif statement.lineno == last:
                line.append(converted)
                last = statement.end_lineno or 0
            else:
                line = [converted]
                found.append(_line(line))
                last = statement.end_lineno or 0
        return found

    def block(self, statements: Sequence[ast.stmt]) -> Any:
        return _block(self.body(statements))

    def orelse(self, statements: Sequence[ast.stmt]) -> Any:
        return _else(_block(self.body(statements))) if statements else None

    def _FunctionDef(self, node: Any, asynchronous: Any = None) -> Any:
        kinds = self.kinds
        return _function(
            self.word(node.name, node),
            self.parameters(node.args),
            _block(self.body(node.body)),
            self.decorators(node),
            _annotation(kinds[node.returns.__class__](node.returns)) if node.returns is not None else None,
            asynchronous,
            self.type_parameters(node),
        )

    def _AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> Any:
        return self._FunctionDef(node, _ASYNC)

    def _ClassDef(self, node: ast.ClassDef) -> Any:
        return _class(
            self.word(node.name, node),
            _block(self.body(node.body)),
            [self.argument(base) for base in node.bases],
            [self.keyword(keyword) for keyword in node.keywords],
            self.decorators(node),
            self.type_parameters(node),
        )

    def decorators(self, node: Any) -> list[Any]:
        return [_decorator(self.kinds[one.__class__](one)) for one in node.decorator_list]

    def word(self, name: str, node: Any, after: Any = None, last: bool = False) -> Any:
        """A name that stands somewhere in a node."""
        made = _name(name)
        self.places[id(made)] = Word(name, node, after, last)
        return made

    def parameters(self, arguments: ast.arguments) -> Any:
        positional = len(arguments.posonlyargs) + len(arguments.args)
        defaults = [*(None for _ in range(positional - len(arguments.defaults))), *arguments.defaults]
        cut = len(arguments.posonlyargs)
        star: Any = cst.MaybeSentinel.DEFAULT
        if arguments.vararg is not None:
            star = self.parameter(arguments.vararg, None, "*")
        elif arguments.kwonlyargs:
            star = _STAR
        return _parameters(
            [self.parameter(arg, default) for arg, default in zip(arguments.args, defaults[cut:], strict=True)],
            star,
            [
                self.parameter(arg, default)
                for arg, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
            ],
            self.parameter(arguments.kwarg, None, "**") if arguments.kwarg is not None else None,
            [self.parameter(arg, default) for arg, default in zip(arguments.posonlyargs, defaults[:cut], strict=True)],
            cst.MaybeSentinel.DEFAULT,
        )

    def parameter(self, arg: ast.arg, default: ast.expr | None, star: str = "") -> Any:
        name = _name(arg.arg)
        annotation = arg.annotation
        made = _param(
            name,
            _annotation(self.kinds[annotation.__class__](annotation)) if annotation is not None else None,
            self.kinds[default.__class__](default) if default is not None else None,
            star,
        )
        self.places[id(name)] = self.places[id(made)] = arg
        return made

    def type_parameters(self, node: Any) -> Any:
        listed = getattr(node, "type_params", None)
        return _type_parameters([self.kinds[one.__class__](one) for one in listed]) if listed else None

    def _TypeVar(self, node: Any) -> Any:
        return self.type_parameter(_type_var(self.word(node.name, node), self.optional(node.bound)), node)

    def _TypeVarTuple(self, node: Any) -> Any:
        return self.type_parameter(_type_var_tuple(self.word(node.name, node)), node)

    def _ParamSpec(self, node: Any) -> Any:
        return self.type_parameter(_param_spec(self.word(node.name, node)), node)

    def type_parameter(self, made: Any, node: Any) -> Any:
        default = getattr(node, "default_value", None)
        if isinstance(default, ast.Starred):
            return _type_param(made, self.one(default.value), "*")
        return _type_param(made, self.optional(default), "")

    def _TypeAlias(self, node: Any) -> Any:
        return _type_alias(self.one(node.name), self.one(node.value), self.type_parameters(node))

    def one(self, node: ast.AST) -> Any:
        return self.kinds[node.__class__](node)

    def optional(self, node: ast.AST | None) -> Any:
        return self.kinds[node.__class__](node) if node is not None else None

    def _Expr(self, node: ast.Expr) -> Any:
        return _expr(self.kinds[node.value.__class__](node.value))

    def _Assign(self, node: ast.Assign) -> Any:
        kinds = self.kinds
        return _assign(
            [_assign_target(kinds[target.__class__](target)) for target in node.targets],
            kinds[node.value.__class__](node.value),
        )

    def _AnnAssign(self, node: ast.AnnAssign) -> Any:
        return _annotated_assign(
            self.one(node.target), _annotation(self.one(node.annotation)), self.optional(node.value)
        )

    def _AugAssign(self, node: ast.AugAssign) -> Any:
        return _augmented_assign(self.one(node.target), _ASSIGNING[node.op.__class__], self.one(node.value))

    def _Delete(self, node: ast.Delete) -> Any:
        if len(node.targets) == 1:
            return _del(self.one(node.targets[0]))
        targets = _tuple([_element(self.one(target)) for target in node.targets])
        start, stop = self.range(node)
        self.places[id(targets)] = (_BETWEEN.match(self.text, start + len("del")).end(), stop)  # type: ignore[union-attr]
        return _del(targets)

    def _Return(self, node: ast.Return) -> Any:
        return _return(self.optional(node.value))

    def _Raise(self, node: ast.Raise) -> Any:
        return _raise(self.optional(node.exc), _from(self.one(node.cause)) if node.cause is not None else None)

    def _Assert(self, node: ast.Assert) -> Any:
        return _assert(self.one(node.test), self.optional(node.msg))

    def _Pass(self, node: ast.Pass) -> Any:
        return _pass()

    def _Break(self, node: ast.Break) -> Any:
        return _break()

    def _Continue(self, node: ast.Continue) -> Any:
        return _continue()

    def _Global(self, node: ast.Global) -> Any:
        return _global([_name_item(self.word(name, node)) for name in node.names])

    def _Nonlocal(self, node: ast.Nonlocal) -> Any:
        return _nonlocal([_name_item(self.word(name, node)) for name in node.names])

    def _Import(self, node: ast.Import) -> Any:
        return _import([self.alias(alias) for alias in node.names])

    def _ImportFrom(self, node: ast.ImportFrom) -> Any:
        return _import_from(
            _dotted(node.module) if node.module else None,
            _IMPORT_STAR if node.names[0].name == "*" else [self.alias(alias) for alias in node.names],
            [_DOT] * node.level,
        )

    def alias(self, alias: ast.alias) -> Any:
        name = _dotted(alias.name)
        made = _import_alias(
            name, _as_name(self.word(alias.asname, alias, last=True)) if alias.asname is not None else None
        )
        self.places[id(made)] = alias
        self.places[id(name)] = Word(alias.name, alias)
        return made

    def _If(self, node: ast.If) -> Any:
        chain = [node]
        while (orelse := node.orelse) and len(orelse) == 1 and isinstance(orelse[0], ast.If):
            if not self.text.startswith("elif", self.range(orelse[0])[0]):
                break
            node = orelse[0]
            chain.append(node)
        made = _else(_block(self.body(orelse))) if orelse else None
        for one in reversed(chain):  # there are thousands in generated code
            made = _if(self.kinds[one.test.__class__](one.test), _block(self.body(one.body)), made)
            self.places[id(made)] = one
        return made

    def _While(self, node: ast.While) -> Any:
        return _while(self.one(node.test), self.block(node.body), self.orelse(node.orelse))

    def _For(self, node: Any, asynchronous: Any = None) -> Any:
        return _for(
            self.one(node.target), self.one(node.iter), self.block(node.body), self.orelse(node.orelse), asynchronous
        )

    def _AsyncFor(self, node: ast.AsyncFor) -> Any:
        return self._For(node, _ASYNC)

    def _With(self, node: Any, asynchronous: Any = None) -> Any:
        items = []
        for item in node.items:
            named = item.optional_vars
            items.append(
                _with_item(self.one(item.context_expr), _as_name(self.one(named)) if named is not None else None)
            )
        return _with(items, self.block(node.body), asynchronous)

    def _AsyncWith(self, node: ast.AsyncWith) -> Any:
        return self._With(node, _ASYNC)

    def _Try(self, node: Any, make: Any = None, handle: Any = None) -> Any:
        handlers = []
        for handler in node.handlers:
            name = None
            if handler.name is not None:
                name = _as_name(self.word(handler.name, handler, after=handler.type))
            made = (handle or _except_handler)(self.block(handler.body), self.optional(handler.type), name)
            self.places[id(made)] = handler
            handlers.append(made)
        return (make or _try)(
            self.block(node.body),
            handlers,
            self.orelse(node.orelse),
            _finally(self.block(node.finalbody)) if node.finalbody else None,
        )

    def _TryStar(self, node: Any) -> Any:
        return self._Try(node, _try_star, _except_star_handler)

    def _Match(self, node: Any) -> Any:
        return _match(
            self.one(node.subject),
            [
                _match_case(self.pattern(case.pattern), self.block(case.body), self.optional(case.guard))
                for case in node.cases
            ],
        )

    # Patterns

    def pattern(self, node: Any) -> Any:
        made = self.kinds[node.__class__](node)
        self.places[id(made)] = node
        return made

    def _MatchValue(self, node: Any) -> Any:
        return _match_value(self.one(node.value))

    def _MatchSingleton(self, node: Any) -> Any:
        return _match_singleton(_name(str(node.value)))

    def _MatchSequence(self, node: Any) -> Any:
        return _match_list(
            [
                self.pattern(one) if isinstance(one, ast.MatchStar) else _match_element(self.pattern(one))
                for one in node.patterns
            ]
        )

    def _MatchStar(self, node: Any) -> Any:
        return _match_star(self.word(node.name, node) if node.name else None)

    def _MatchMapping(self, node: Any) -> Any:
        return _match_mapping(
            [
                _match_mapping_element(self.one(key), self.pattern(pattern))
                for key, pattern in zip(node.keys, node.patterns, strict=True)
            ],
            self.word(node.rest, node, last=True) if node.rest else None,
        )

    def _MatchClass(self, node: Any) -> Any:
        return _match_class(
            self.one(node.cls),
            [_match_element(self.pattern(pattern)) for pattern in node.patterns],
            [
                _match_keyword_element(_name(name), self.pattern(pattern))
                for name, pattern in zip(node.kwd_attrs, node.kwd_patterns, strict=True)
            ],
        )

    def _MatchAs(self, node: Any) -> Any:
        inner = self.pattern(node.pattern) if node.pattern is not None else None
        return _match_as(inner, self.word(node.name, node, last=True) if node.name else None)

    def _MatchOr(self, node: Any) -> Any:
        return _match_or([_match_or_element(self.pattern(pattern)) for pattern in node.patterns])

    # Expressions

    def _Name(self, node: ast.Name) -> Any:
        made = _name(node.id)
        self.places[id(made)] = node
        return made

    def _Attribute(self, node: ast.Attribute) -> Any:
        value = node.value
        made = _attribute(self.kinds[value.__class__](value), _name(node.attr))
        self.places[id(made)] = node
        return made

    def _Call(self, node: ast.Call) -> Any:
        kinds = self.kinds
        func = node.func
        args: list[Any] = [self.argument(arg) for arg in node.args]
        if node.keywords:
            args += [self.keyword(keyword) for keyword in node.keywords]
            last = node.args[-1] if node.args else None
            first = node.keywords[0].value
            if last is not None and (last.lineno, last.col_offset) > (first.lineno, first.col_offset):
                places = [*node.args, *(keyword.value for keyword in node.keywords)]
                order = sorted(range(len(args)), key=lambda index: (places[index].lineno, places[index].col_offset))
                args = [args[index] for index in order]
        made = _call(kinds[func.__class__](func), args)
        self.places[id(made)] = node
        return made

    def argument(self, node: ast.expr) -> Any:
        """A positional argument."""
        if node.__class__ is ast.Starred:
            return _arg(self.one(node.value), None, "*")
        return _arg(self.kinds[node.__class__](node), None, "")

    def keyword(self, node: ast.keyword) -> Any:
        value = self.kinds[node.value.__class__](node.value)
        made = _arg(value, None, "**") if node.arg is None else _arg(value, _name(node.arg), "")
        self.places[id(made)] = node
        return made

    def _Constant(self, node: ast.Constant) -> Any:
        value = node.value
        kind = value.__class__
        if kind is str or kind is bytes:
            made = self._string(node)
        elif kind in _number:
            made = _number[kind](self.segment(node))
        elif value is ...:
            made = _ellipsis()
        else:
            made = _name(str(value))
        self.places[id(made)] = node
        return made

    def _string(self, node: ast.Constant) -> Any:
        """A literal, or several that stand side by side."""
        text = self.segment(node)
        first = _LITERAL.match(text)
        if first is None:
            raise Unconverted("a literal of an unknown form")
        if first.end() == len(text):
            return _simple_string(text)
        start = self.range(node)[0]
        pieces = []
        while first is not None:
            piece = _simple_string(first.group())
            self.places[id(piece)] = (start + first.start(), start + first.end())
            pieces.append(piece)
            between = _BETWEEN.match(text, first.end())
            first = _LITERAL.match(text, between.end() if between else first.end())
        made = pieces.pop()
        end = start + len(text)
        while pieces:
            left = pieces.pop()
            made = _concatenated(left, made)
            self.places[id(made)] = (self.places[id(left)][0], end)
        return made

    def _JoinedStr(self, node: ast.AST) -> Any:
        """A string with fields: CPython knows the places in it, and its text, in new versions only."""
        text = f"({self.segment(node)})"
        try:
            made = cst.parse_expression(text)
        except Exception as error:  # as libcst's own parser would for the whole file
            raise Unconverted(str(error)) from None
        self.fragments.append(Fragment(made, text, self.range(node)[0] - 1))
        self.places[id(made)] = node
        return made

    _TemplateStr = _JoinedStr

    def _Subscript(self, node: ast.Subscript) -> Any:
        index = node.slice
        parts = index.elts if isinstance(index, ast.Tuple) and index.elts and not self.enclosed(index) else (index,)
        made = _subscript(self.one(node.value), [self._element(part) for part in parts])
        self.places[id(made)] = node
        return made

    def _element(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Slice):
            made = _slice(self.optional(node.lower), self.optional(node.upper), self.optional(node.step))
            self.places[id(made)] = node
        elif isinstance(node, ast.Starred):
            made = _index(self.one(node.value), "*")
            self.places[id(made)] = node
        else:
            made = _index(self.one(node), None)
        return _subscript_element(made)

    def _BinOp(self, node: ast.BinOp) -> Any:
        chain = [node]
        while isinstance(node.left, ast.BinOp):  # long sums are deep
            node = node.left
            chain.append(node)
        left = self.one(node.left)
        for one in reversed(chain):
            left = _binary(left, _OPERATORS[one.op.__class__], self.one(one.right))
            self.places[id(left)] = one
        return left

    def _BoolOp(self, node: ast.BoolOp) -> Any:
        operator = _OPERATORS[node.op.__class__]
        first, *rest = node.values
        left = self.one(first)
        start = self.range(node)[0] if rest[1:] else 0
        for value in rest:
            left = _boolean(left, operator, self.one(value))
            self.places[id(left)] = node if value is rest[-1] else (start, self.closed(value))
        return left

    def _UnaryOp(self, node: ast.UnaryOp) -> Any:
        made = _unary(_OPERATORS[node.op.__class__], self.one(node.operand))
        self.places[id(made)] = node
        return made

    def _Compare(self, node: ast.Compare) -> Any:
        made = _comparison(
            self.one(node.left),
            [
                _comparison_target(_OPERATORS[operator.__class__], self.one(right))
                for operator, right in zip(node.ops, node.comparators, strict=True)
            ],
        )
        self.places[id(made)] = node
        return made

    def _IfExp(self, node: ast.IfExp) -> Any:
        made = _if_exp(self.one(node.test), self.one(node.body), self.one(node.orelse))
        self.places[id(made)] = node
        return made

    def _Lambda(self, node: ast.Lambda) -> Any:
        made = _lambda(self.parameters(node.args), self.one(node.body))
        self.places[id(made)] = node
        return made

    def _Await(self, node: ast.Await) -> Any:
        made = _await(self.one(node.value))
        self.places[id(made)] = node
        return made

    def _Yield(self, node: ast.Yield) -> Any:
        made = _yield(self.optional(node.value))
        self.places[id(made)] = node
        return made

    def _YieldFrom(self, node: ast.YieldFrom) -> Any:
        made = _yield(_from(self.one(node.value)))
        self.places[id(made)] = node
        return made

    def _NamedExpr(self, node: ast.NamedExpr) -> Any:
        made = _named(self.one(node.target), self.one(node.value))
        self.places[id(made)] = node
        return made

    def _Starred(self, node: ast.Starred) -> Any:
        made = _starred_element(self.one(node.value))
        self.places[id(made)] = node
        return made

    def elements(self, nodes: Sequence[ast.expr]) -> Iterator[Any]:
        kinds = self.kinds
        for node in nodes:
            made = kinds[node.__class__](node)
            yield made if node.__class__ is ast.Starred else _element(made)

    def _Tuple(self, node: ast.Tuple) -> Any:
        made = _tuple(list(self.elements(node.elts)))
        self.places[id(made)] = node
        return made

    def _List(self, node: ast.List) -> Any:
        made = _list(list(self.elements(node.elts)))
        self.places[id(made)] = node
        return made

    def _Set(self, node: ast.Set) -> Any:
        made = _set(list(self.elements(node.elts)))
        self.places[id(made)] = node
        return made

    def _Dict(self, node: ast.Dict) -> Any:
        made = _dict(
            [
                _starred_dict_element(self.one(value)) if key is None else _dict_element(self.one(key), self.one(value))
                for key, value in zip(node.keys, node.values, strict=True)
            ]
        )
        self.places[id(made)] = node
        return made

    def comprehension(self, generators: Sequence[ast.comprehension]) -> Any:
        inner = None
        for one in reversed(generators):
            ifs = [_comp_if(self.one(test)) for test in one.ifs]
            inner = _comp_for(self.one(one.target), self.one(one.iter), ifs, inner, _ASYNC if one.is_async else None)
        return inner

    def _ListComp(self, node: ast.ListComp) -> Any:
        made = _list_comp(self.one(node.elt), self.comprehension(node.generators))
        self.places[id(made)] = node
        return made

    def _SetComp(self, node: ast.SetComp) -> Any:
        made = _set_comp(self.one(node.elt), self.comprehension(node.generators))
        self.places[id(made)] = node
        return made

    def _GeneratorExp(self, node: ast.GeneratorExp) -> Any:
        made = _generator(self.one(node.elt), self.comprehension(node.generators))
        self.places[id(made)] = node
        return made

    def _DictComp(self, node: ast.DictComp) -> Any:
        if node.value is None:  # `{**x for x in xs}`, of versions to come
            raise Unconverted("a comprehension of an unknown form")
        made = _dict_comp(self.one(node.key), self.one(node.value), self.comprehension(node.generators))
        self.places[id(made)] = node
        return made


_tuple = _maker(cst.Tuple, "elements")
_list = _maker(cst.List, "elements")
_set = _maker(cst.Set, "elements")
_list_comp = _maker(cst.ListComp, "elt", "for_in")
_set_comp = _maker(cst.SetComp, "elt", "for_in")
_generator = _maker(cst.GeneratorExp, "elt", "for_in")
_pass = _maker(cst.Pass)
_break = _maker(cst.Break)
_continue = _maker(cst.Continue)
_global = _maker(cst.Global, "names")
_nonlocal = _maker(cst.Nonlocal, "names")
_try = _maker(cst.Try, "body", "handlers", "orelse", "finalbody")
_try_star = _maker(cst.TryStar, "body", "handlers", "orelse", "finalbody")
_except_handler = _maker(cst.ExceptHandler, "body", "type", "name")
_except_star_handler = _maker(cst.ExceptStarHandler, "body", "type", "name")
_match_value = _maker(cst.MatchValue, "value")
_match_singleton = _maker(cst.MatchSingleton, "value")
_match_list = _maker(cst.MatchList, "patterns")
_match_mapping_element = _maker(cst.MatchMappingElement, "key", "pattern")
_match_keyword_element = _maker(cst.MatchKeywordElement, "key", "pattern")
_type_var = _maker(cst.TypeVar, "name", "bound")
_type_var_tuple = _maker(cst.TypeVarTuple, "name")
_param_spec = _maker(cst.ParamSpec, "name")


def _dotted(name: str) -> Any:
    """`a.b.c` as nodes."""
    first, *rest = name.split(".")
    node = _name(first)
    for part in rest:
        node = _attribute(node, _name(part))
    return node


_METHODS = [name for name in vars(Converter) if name[0] == "_" and name[1:2].isupper()]
