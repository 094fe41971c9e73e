"""Proven fan-outs over threads: several jobs that run at the same time, and what each of them runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import libcst as cst

from veteran.analysis.call_events import CallEvent
from veteran.analysis.dataflow.trace import LINE, Because
from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.ir import At, Binding, Block, Call, Compound, Scope, decorators_of
from veteran.analysis.syntax.arguments import NAMED_REST, REST, binds
from veteran.analysis.syntax.expressions import declared, dotted, form, last_name
from veteran.analysis.syntax.nodes import children, integer_value
from veteran.analysis.types.calls import argument
from veteran.analysis.types.decorators import SAME, only
from veteran.analysis.types.values import Instance, Local, Ref
from veteran.families.cpu.domain import (
    PLAIN,
    UNKNOWN,
    Interpreter,
    Kind,
    Profile,
    Verdict,
    display,
    shared_by_all,
    targets_of,
)
from veteran.families.cpu.interpreter import Cpu

if TYPE_CHECKING:
    from veteran.analysis.module import Module

_MAPS = frozenset(("map", "imap", "imap_unordered", "map_async", "starmap", "starmap_async"))
#: What makes coroutines run at the same time.
_TOGETHER = frozenset(
    (
        *("gather", "wait", "as_completed", "create_task", "ensure_future", "TaskGroup"),
        *("start_soon", "create_task_group", "open_nursery"),
    )
)
_MAX_PARTIALS = 5
_WAITS = ("join", "result", "get", "wait")
#: What waits for the jobs of one round, or asks whether they are done.
_COLLECTS = ("gather", "wait_for", "as_completed", "is_alive", "done", "running")
#: Methods of pools, loops and groups of tasks that start jobs.
_STARTING = _MAPS | {"submit", "apply_async", "start_soon", "run_in_executor"}


class Job(NamedTuple):
    """One place that hands a function to a thread.

    via: `threads`, `pool` or `loop`. pool: the executor, where it is one. target: what runs, as written.
    positional, keywords: what is known of its arguments. many: the place itself makes several. made, run: a thread
    class and its method. asks: the class of another module that decides whether it is one. through: the function that
    is called and starts the jobs.
    """

    call: Call
    via: str
    target: cst.BaseExpression
    positional: tuple[Kind, ...]
    keywords: dict[str, Kind]
    pool: Binding | None = None
    many: bool = False
    made: Scope | None = None
    run: Scope | None = None
    asks: str = ""
    through: Spread | None = None


class Spread(NamedTuple):
    """A parameter that a function hands to threads. call: the place that does. via, many: as in `Job`; where it is not
    many, its value is that of the function."""

    function: Scope
    call: Call
    via: str
    many: bool


@dataclass(frozen=True, eq=False)
class FanOut(CallEvent):
    """Several jobs on threads that are proven to compute in Python.

    target: the function that runs, None for one of a library. shown: how it is written. shape: how they are
    started (`threads`, `pool` or `loop`). movable: whether another process could be given it. file: that of the
    target, if it is another one. through: the function that is called and starts them.
    """

    module: Module
    call: Call
    target: Scope | None
    shown: cst.CSTNode
    profile: Profile
    shape: str
    movable: str
    file: str = ""
    through: Spread | None = None


class Beyond:
    """What `events` found that concerns other modules.

    asks: their names that decide more. spreads: see `told.SPREADS`. done: whether `events` ran.
    """

    def __init__(self, _: Module) -> None:
        self.done = False
        self.asks: set[str] = set()
        self.spreads: set[str] = set()


def events(module: Module) -> Iterator[FanOut]:
    """The fan-outs of a module that it proves alone, in order; what others decide it says in `Beyond`."""
    beyond = module.once(Beyond)
    finder = _Finder(module, Cpu(module))
    for group in _groups(finder):
        found = _first(finder, group)
        if found is not None:
            yield found
        else:
            beyond.asks |= finder.asks
        finder.asks.clear()
    beyond.spreads |= finder.offered()
    beyond.done = True


def spreads_of(module: Module) -> tuple[str, ...]:
    """What a module offers to others for jobs on threads, by dotted names."""
    beyond = module.once(Beyond)
    if beyond.done:
        return tuple(sorted(beyond.spreads))
    finder = _Finder(module, Cpu(module))
    for _ in _groups(finder):
        pass
    return tuple(sorted(finder.offered()))


def linked_events(cpu: Cpu, leads: Callable[[str], bool], spreading: Mapping[str, frozenset[str]]) -> Iterator[FanOut]:
    """The fan-outs of a module that are proven by what it imports.

    cpu: may look at other modules. leads: whether a name is one of theirs. spreading: the imported
    names that may lead to what starts jobs, with the last words of what does.
    """
    alone = _Finder(cpu.module, Cpu(cpu.module), leads)
    finder = _Finder(cpu.module, cpu)
    for group in _groups(alone):
        alone.asks.clear()
        if _first(alone, group) is None and any(map(leads, alone.asks)):
            again = [one if one.through else finder.job(one.call) for one in group]
            jobs = [job for job in again if job is not None]
            if len(jobs) == len(group) and (found := _first(finder, jobs)) is not None:
                yield found
    if spreading:
        finder.spreading = spreading
        for group in finder.groups([*finder.spread_elsewhere(), *finder.on_pools_elsewhere()]):
            if (found := _first(finder, group)) is not None:
                yield found


def _first(finder: _Finder, group: list[Job]) -> FanOut | None:
    """What is said of jobs that run at the same time, if enough of them compute."""
    proven = (fan_out for job in group if (fan_out := finder.judged(job)) is not None)
    first = next(proven, None)
    return first if first is not None and (len(group) == 1 or next(proven, None) is not None) else None


def _groups(finder: _Finder) -> Iterator[list[Job]]:
    """Jobs of a module that run at the same time."""
    jobs = []
    module = finder.module
    for call in module.lowered.calls:
        tail = last_name(call.node.func)
        if tail in finder.tails or tail in finder.names:
            job = finder.job(call)
            if job is not None:
                jobs.append(job)
            elif module.trace:
                reason = "no fan-out: this hands nothing to threads, or one worker does it, or the pool is unknown"
                module.trace.note("cpu.fan_out", call.node, call, reason)
    if not jobs or "_is_gil_enabled" in module.lowered.index.named:
        if module.trace:
            for job in jobs:
                finder.dropped(job, "the program asks `sys._is_gil_enabled()`")
        return
    for job in jobs:
        finder.note_spread(job, many=job.many)
    for group in finder.groups(jobs):
        for job in group:
            finder.note_spread(job, many=True)
        yield group
    yield from finder.groups(list(finder.spread_here()))


class _Finder:
    """Finds the jobs of a module, and which of them run at the same time."""

    def __init__(self, module: Module, cpu: Cpu, leads: Callable[[str], bool] | None = None) -> None:
        self.module = module
        self.leads = leads
        self.types = module.types
        self.cpu = cpu
        self.asks: set[str] = set()  # names of other modules that a judgement depends on
        self.spreads: dict[Scope, dict[str, Spread]] = {}  # the functions of the module that spread a parameter
        self.spreading: Mapping[str, frozenset[str]] = {}  # see `linked_events`
        self._spreads_in: dict[Interpreter, dict[Scope, dict[str, Spread]]] = {}
        self.threads = module.catalog.sorted["threads"]
        #: What a call that makes a job is called.
        making = (*self.threads["handed"], *self.threads["mapped"], *self.threads["made"], *self.threads["begun"])
        self.begun = {name.rpartition(".")[2] for name in self.threads["begun"]}
        self.tails = _STARTING | {name.rpartition(".")[2] for name in making}
        #: What else a call that makes a job may be called: aliases, and subclasses of Thread.
        self.names = {
            scope.name
            for scope in module.lowered.scopes
            if scope.kind == "class" and cst.ensure_type(scope.node, cst.ClassDef).bases
        } | {
            binding.name
            for scope in module.lowered.scopes
            for bound in scope.bindings.values()
            for binding in bound
            if binding.kind == "import" and self._may_make_jobs(binding)
        }

    def _may_make_jobs(self, binding: Binding) -> bool:
        """Whether an imported name makes a job, or may be a class that is a thread."""
        name = str(binding.value).rpartition(".")[2]
        return name in self.tails or (name[:1].isupper() and not name.isupper())

    def _own_thread(self, call: Call, made: Scope) -> Job | None:
        """A call of a class of the project, if it is a thread."""
        if not self._started(call.scope.function):
            return None
        run = self.cpu.runs_as_thread(made)
        if run is not None:
            positional, keywords = self._kinds(list(call.node.args), call)
            return Job(call, "threads", call.node.func, positional, keywords, made=made, run=run)
        if self.cpu.others is not None:
            return None
        bases = [base for scope in self.cpu.line(made) if scope is not None for base in self.cpu.bases(scope)]
        base = bases[-1] if bases else None
        if not isinstance(base, Ref) or not self._is_started(call):
            return None
        return Job(call, "threads", call.node.func, (), {}, asks=base.name)

    def _is_started(self, call: Call) -> bool:
        """Whether `start` is called on what a call makes, or on what is taken out of a list of it."""
        name = ""
        for parent in self.module.uses.ancestors(call.node, call):
            if isinstance(parent, cst.Attribute):
                return parent.attr.value == "start"
            if isinstance(parent, cst.Call):
                func = parent.func
                appends = isinstance(func, cst.Attribute) and func.attr.value == "append"
                name = (dotted(func.value) or "") if appends and isinstance(func, cst.Attribute) else ""
                break
            if isinstance(parent, (cst.Assign, cst.AnnAssign)):
                target = parent.targets[0].target if isinstance(parent, cst.Assign) else parent.target
                name = dotted(target) or ""
                break
        function = call.scope.function
        names = {name} - {""}
        for append in self._calls_in(function, "append"):
            func = append.node.func
            if isinstance(func, cst.Attribute) and any(dotted(arg.value) in names for arg in append.node.args):
                names.add(dotted(func.value) or "?")
        for start in self._calls_in(function, "start"):
            func = start.node.func
            receiver = func.value if isinstance(func, cst.Attribute) else None
            if dotted(receiver) in names:
                return True
            bound = scopes.lookup(receiver.value, start).bindings if isinstance(receiver, cst.Name) else ()
            if any(binding.kind == "for" and dotted(binding.value) in names for binding in bound):
                return True
        return False

    # One job

    def job(self, call: Call) -> Job | None:
        """What a call hands to a thread; None where it does not, or only to one."""
        func = call.node.func
        if any(arg.star == "**" for arg in call.node.args):
            return None
        name = func.attr.value if isinstance(func, cst.Attribute) else ""
        if name == "run_in_executor":
            return self._in_executor(call)
        values = self.types.of(func, call)
        value = values[0] if len(values) == 1 else None
        if isinstance(value, Local):
            return self._own_thread(call, value.scope) if value.scope.kind == "class" else None
        if isinstance(value, Ref) and not value.spelled:
            if value.name in self.threads["made"]:
                return self._thread(call)
            if value.name in self.threads["begun"]:
                return self._begun(call)
            if value.name in self.threads["handed"]:
                return self._handed(call, call.node.args, "loop")
            if value.name in self.threads["mapped"]:
                return self._mapped(call)
        if name == "start_soon" and call.node.args:
            first = self.types.refs(call.node.args[0].value, call) or [Ref("")]
            if first[0].name in self.threads["handed"]:
                return self._handed(call, call.node.args[1:], "loop")
        if name in _MAPS or name in ("submit", "apply_async"):
            return self._on_pool(call, name)
        if isinstance(value, Ref) and not value.spelled and value.name.rpartition(".")[2][:1].isupper():
            if self.cpu.others is None:
                return Job(call, "threads", func, (), {}, asks=value.name) if self._is_started(call) else None
            found = self.cpu.ask(value.name)
            made = found.scope if found is not None else None
            return self._own_thread(call, made) if made is not None and made.kind == "class" else None
        return None

    def _kinds(self, args: list[cst.Arg], at: At) -> tuple[tuple[Kind, ...], dict[str, Kind]]:
        cpu = self.cpu
        positional: list[Kind] = []
        keywords: dict[str, Kind] = {}
        for arg in args:
            kind = cpu.kind(arg.value, at)
            if not self._differs(arg.value, at):
                kind = shared_by_all(kind)
            if arg.star:
                break
            if arg.keyword is None:
                positional.append(kind)
            else:
                keywords[arg.keyword.value] = kind
        return tuple(positional), keywords

    def _differs(self, node: cst.BaseExpression, at: At) -> bool:
        """Whether each job is given another object."""
        if not isinstance(node, cst.Name):
            return not isinstance(node, cst.Attribute)
        bindings = scopes.lookup(node.value, at).bindings
        return bool(bindings) and all(binding.kind == "for" for binding in bindings)

    def _handed(self, call: Call, args: object, via: str, pool: Binding | None = None) -> Job | None:
        """`f(target, *arguments, **keywords)`."""
        rest = list(args)  # type: ignore[call-overload]
        if not rest or rest[0].keyword is not None or rest[0].star:
            return None
        ours = ("limiter", "cancellable", "abandon_on_cancel")
        if any(arg.keyword is not None and arg.keyword.value in ours for arg in rest):
            return None
        positional, keywords = self._kinds(rest[1:], call)
        return Job(call, via, rest[0].value, positional, keywords, pool)

    def _tuple(self, call: Call, args: cst.CSTNode | None, kwargs: cst.CSTNode | None) -> tuple[Kind, ...]:
        """The arguments that a tuple holds."""
        if isinstance(args, (cst.Tuple, cst.List)):
            wrapped = [cst.Arg(element.value) for element in args.elements if isinstance(element, cst.Element)]
            return self._kinds(wrapped, call)[0] if len(wrapped) == len(args.elements) else ()
        return ()

    def _begun(self, call: Call) -> Job | None:
        if len(call.node.args) < 2:
            return None
        args = call.node.args[1].value
        return Job(call, "threads", call.node.args[0].value, self._tuple(call, args, None), {})

    def _thread(self, call: Call) -> Job | None:
        target = argument(call, 1, ("target",))
        if target is None:
            return None
        args = argument(call, 3, ("args",))
        return Job(call, "threads", target, self._tuple(call, args, None), {})

    def _in_executor(self, call: Call) -> Job | None:
        args = list(call.node.args)
        if len(args) < 2 or any(arg.keyword is not None or arg.star == "**" for arg in args):
            return None
        if dotted(args[0].value) == "None":
            if "set_default_executor" in self.module.lowered.index.named:
                return None
            return self._handed(call, args[1:], "loop")
        pool = self._pool(args[0].value, call)
        return self._handed(call, args[1:], "loop", pool) if pool is not None else None

    def _mapped(self, call: Call) -> Job | None:
        """`thread_map(target, *lists)`, which makes its own pool."""
        args = list(call.node.args)
        workers = argument(call, None, ("max_workers",))
        if len(args) < 2 or args[0].star or args[0].keyword or (workers and not self._several(workers, call)):
            return None
        lists = [arg.value for arg in args[1:] if arg.keyword is None and not arg.star]
        if not lists or any((self._rounds(one, call) or 2) < 2 for one in lists):
            return None
        positional = tuple(self.cpu.items(one, call) for one in lists)
        return Job(call, "pool", args[0].value, positional, {}, many=True)

    def _on_pool(self, call: Call, name: str) -> Job | None:
        func = cst.ensure_type(call.node.func, cst.Attribute)
        pool = self._pool(func.value, call)
        if pool is None:
            return None
        is_executor = self._pool_type(func.value, call) in self.threads["executor"]
        args = list(call.node.args)
        if not args or args[0].star:
            return None
        if name == "submit":
            return self._handed(call, args, "pool", pool) if is_executor else None
        target = argument(call, 0, ("func",))
        if target is None:
            return None
        if name == "apply_async":
            given = self._tuple(call, argument(call, 1, ("args",)), None)
            return Job(call, "pool", target, given, {}, pool) if not is_executor else None
        if is_executor and name != "map":
            return None
        lists = [arg for arg in args[1:] if arg.keyword is None and not arg.star]
        lists = lists if is_executor else lists[:1]
        if any((self._rounds(arg.value, call) or 2) < 2 for arg in lists):
            return None
        cpu = self.cpu
        positional: tuple[Kind, ...] = ()
        if not name.startswith("starmap") and not any(arg.star for arg in args):
            positional = tuple(cpu.items(arg.value, call) for arg in lists)
        elif lists and cpu.kind(lists[0].value, call).what == "plain":
            positional = (PLAIN,) * 8
        return Job(call, "pool", target, positional, {}, pool, many=True)

    def _rounds(self, node: cst.BaseExpression, at: At) -> int | None:
        return self.cpu.rounds(node, at)

    def _pool_type(self, node: cst.BaseExpression, at: At) -> str:
        binding = self._pool(node, at)
        values = self.cpu.of(binding.scope).types.binding(binding) if binding is not None else ()
        return values[0].type if len(values) == 1 and isinstance(values[0], Instance) else ""

    def _pool(self, node: cst.BaseExpression, at: At) -> Binding | None:
        """The binding of a pool of several threads; None for any other."""
        binding: Binding | None = None
        if isinstance(node, cst.Name):
            found = scopes.lookup(node.value, at)
            binding = found.bindings[0] if len(found.bindings) == 1 else None
        elif isinstance(node, cst.Attribute) and dotted(node.value) in ("self", "cls"):
            owner = at.scope.function.parent
            bound = []
            if owner is not None and owner.kind == "class":
                bound = [*owner.attributes.get(node.attr.value, ()), *owner.bindings.get(node.attr.value, ())]
            bound = [b for b in bound if dotted(b.value) != "None" and b.kind != "annotate"]
            binding = bound[0] if len(bound) == 1 else None
        if (binding is None or binding.kind == "import") and self.cpu.others is not None:
            refs = self.types.refs(node, at) or [Ref("", spelled=True)]
            known = len(refs) == 1 and not refs[0].spelled and self._may_start(refs[0].name)
            kept = self.cpu.ask(refs[0].name) if known else None
            binding = kept.binding if kept is not None else None
        return binding if binding is not None and self._is_pool(binding) else None

    def _starts_several(self, kind: str) -> bool:
        return kind in self.threads["executor"] or kind in self.threads["pool"]

    def _is_pool(self, binding: Binding) -> bool:
        """Whether a name is bound to a pool of several threads."""
        made = binding.value
        if binding.kind not in ("assign", "with") or not isinstance(made, cst.Call):
            return False
        values = self.cpu.of(binding.scope).types.binding(binding)
        if len(values) != 1 or not isinstance(values[0], Instance) or not self._starts_several(values[0].type):
            return False
        if any(arg.star for arg in made.args):
            return False
        workers = argument(made, 0, ("max_workers", "processes"))
        return workers is None or self._several(workers, binding)

    def _several(self, node: cst.BaseExpression, at: At) -> bool:
        """Whether a number of workers is not 1, as far as can be told."""
        if isinstance(node, cst.IfExp):
            return self._several(node.body, at) and self._several(node.orelse, at)
        if isinstance(node, cst.Integer):
            return integer_value(node) > 1
        if isinstance(node, cst.Name) and node.value != "None":
            found = scopes.lookup(node.value, at)
            for binding in found.bindings:
                value = binding.value
                if binding.kind == "parameter":
                    value = value.default
                if isinstance(value, cst.Integer) and integer_value(value) < 2:
                    return False
        return True

    def dropped(self, job: Job, reason: str, *because: Because) -> None:
        """Notes why a job is not told of, where somebody asks."""
        if self.module.trace:
            self.module.trace.note("cpu.fan_out", job.call.node, job.call, reason, *because)

    # Together

    def groups(self, jobs: list[Job]) -> Iterator[list[Job]]:
        """Jobs that run at the same time: one that is repeated, or several side by side."""
        single: dict[tuple[object, ...], list[Job]] = {}
        for job in jobs:
            if job.many:
                yield [job]
                continue
            if self._serial(job):
                self.dropped(job, "no fan-out: the job is waited for where it stands, or never started")
                continue
            if self._repeated(job):
                yield [job]
            else:
                key = (job.call.scope.function, job.call.block, job.via, job.pool, job.asks)
                single.setdefault(key, []).append(job)
        for group in single.values():
            if len(group) > 1 and self._overlap(group):
                yield group
                continue
            for job in group:
                alone = "it is the only one here, and no loop that goes on starts more of it"
                waited = "one is waited for before the next is started"
                self.dropped(job, f"no fan-out: {alone if len(group) == 1 else waited}")

    def _ancestors(self, job: Job) -> Iterator[cst.CSTNode]:
        return self.module.uses.ancestors(job.call.node, job.call)

    def _serial(self, job: Job) -> bool:
        """Whether the job is waited for where it stands, or never started together with others."""
        call = job.call
        if call.awaited:
            return True
        inner: cst.CSTNode = call.node
        for parent in self._ancestors(job):
            if isinstance(parent, (cst.BaseStatement, cst.ListComp, cst.SetComp, cst.GeneratorExp, cst.DictComp)):
                break
            if isinstance(parent, cst.Await) and not self._gathers(inner):
                return True
            if isinstance(parent, cst.Attribute) and parent.attr.value in ("result", "get", "wait", "join"):
                return True
            if isinstance(parent, cst.Call) and parent is not call.node:
                inner = parent
        if (
            job.via == "loop"
            and last_name(call.node.func) not in ("run_in_executor", "start_soon")
            and not self._together(job)
        ):
            return True
        if job.via == "threads" and last_name(call.node.func) not in self.begun:
            return not self._started(call.scope.function)
        return False

    def _started(self, function: Scope) -> bool:
        """Whether threads are started in a function, or by another method of its class."""
        owner = function.parent
        homes = [function]
        if owner is not None and owner.kind == "class":
            homes += [b.value for bound in owner.bindings.values() for b in bound if b.kind == "def"]
        return any(next(self._calls_in(home, "start"), None) is not None for home in homes)

    def _gathers(self, node: cst.CSTNode) -> bool:
        """Whether a call waits for all of its arguments."""
        name = (dotted(node.func) or "") if isinstance(node, cst.Call) else ""
        return name.rpartition(".")[2] in ("gather", "wait") and len(getattr(node, "args", ())) > 0

    def _together(self, job: Job) -> bool:
        return next(self._calls_in(job.call.scope.function, *_TOGETHER), None) is not None

    def _calls_in(self, function: Scope, *names: str) -> Iterator[Call]:
        """The calls of these names in a function."""
        for name in names:
            yield from (c for c in self.module.lowered.index.named.get(name, ()) if c.scope.function is function)

    def _loop_around(self, job: Job) -> Compound | None:
        """The innermost loop that repeats the job on the same pool."""
        outside: set[Compound] = set()
        if job.pool is not None and job.pool.scope.function is job.call.scope.function:
            outside = set(_loops(job.pool.block))
        return next((loop for loop in _loops(job.call.block) if loop not in outside), None)

    def _repeated(self, job: Job) -> bool:
        """Whether a comprehension or loop makes several, and does not wait for each."""
        scope = job.call.scope
        if scope.kind == "comprehension":
            node = scope.node
            loop = getattr(node, "for_in", None)
            if not isinstance(loop, cst.CompFor) or loop.asynchronous is not None:
                return False
            return (self._rounds(loop.iter, job.call) or 2) > 1
        around = self._loop_around(job)
        if around is None or not isinstance(around.node, (cst.For, cst.While)):
            return False
        if isinstance(around.node, cst.For):
            if around.node.asynchronous is not None or (self._rounds(around.node.iter, job.call) or 2) < 2:
                return False
        elif dotted(around.node.test) == "True":
            return False
        if job.call.block.leaves and not self._continues(job):
            return False  # it runs in the last round only
        return not self._waited_in(job, around)

    def _continues(self, job: Job) -> bool:
        """Whether the job is followed by `continue`: it is no reason to stop."""
        block = next((node for node in self._ancestors(job) if isinstance(node, cst.IndentedBlock)), None)
        last = block.body[-1] if block is not None else None
        return isinstance(last, cst.SimpleStatementLine) and isinstance(last.body[-1], cst.Continue)

    def _name_of(self, job: Job) -> str:
        """The name or attribute that the job is bound to."""
        for parent in self._ancestors(job):
            if isinstance(parent, cst.Assign):
                return dotted(next(targets_of(parent.targets[0].target))) or ""
            if isinstance(parent, (cst.NamedExpr, cst.AnnAssign)):
                return dotted(parent.target) or ""
            if not isinstance(parent, (cst.Call, cst.Arg, cst.Attribute)):
                return ""
        return ""

    def _waited_in(self, job: Job, loop: Compound) -> bool:
        """Whether a round waits for the job it started."""
        name = self._name_of(job)
        function = job.call.scope.function
        for call in self._calls_in(function, *_WAITS, *_COLLECTS):
            if loop not in _loops(call.block):
                continue
            if last_name(call.node.func) not in _WAITS:
                return True
            func = call.node.func
            receiver = dotted(func.value) if isinstance(func, cst.Attribute) else None
            if last_name(call.node.func) == "wait" and call.node.args and receiver != name:
                return True
            if receiver is not None and (receiver == name or not name):
                return True
        if name and job.via == "loop":
            body = [loop.node.body] if isinstance(loop.node, (cst.For, cst.While)) else []
            return any(_awaits(part, name) for part in body)
        return False

    def _overlap(self, group: list[Job]) -> bool:
        """Whether jobs side by side are all started before one is waited for."""
        first, second = group[0].call, group[1].call
        if group[0].via == "loop" and any(
            isinstance(parent, cst.Await) for job in group for parent in self._ancestors(job)
        ):
            inner = [_gathering(self._ancestors(job)) for job in group]
            return all(node is not None and node is inner[0] for node in inner)
        names = {self._name_of(job) for job in group} - {""}
        function = first.scope.function
        waits = [
            call.place
            for call in self._calls_in(function, *_WAITS)
            if isinstance(call.node.func, cst.Attribute)
            and dotted(call.node.func.value) in names
            and call.place > first.place
        ]
        if group[0].via == "threads":
            starts = [
                call.place
                for call in self._calls_in(function, "start")
                if isinstance(call.node.func, cst.Attribute) and (dotted(call.node.func.value) in names or not names)
            ]
            listed = [call for call in self._calls_in(function, "start") if call.place > second.place]
            if len(starts) > 1:
                return not waits or sorted(starts)[1] < min(waits)
            return bool(listed) and (not waits or min(waits) > listed[0].place)
        if group[0].via == "loop" and names:
            root = self.module.lowered.tree.body[first.statement]
            order = [node for node in _in_order(root) if isinstance(node, (cst.Await, cst.Call))]
            for node in order:
                if node is second.node:
                    return True
                if isinstance(node, cst.Await) and dotted(node.expression) in names:
                    return False
        return not waits or second.place < min(waits)

    # Functions that spread what they are given

    def offered(self) -> set[str]:
        """What other modules may start jobs with, by dotted names: such functions, and pools."""
        found = {scope.qualname for scope in self.spreads}
        for name, bound in self.module.lowered.module.bindings.items():
            if len(bound) == 1 and self._is_pool(bound[0]):
                found.add(name)
        return found

    def note_spread(self, job: Job, *, many: bool) -> None:
        """Notes that a job runs what its function is given."""
        self._note_spread(job.call, job.target, job.via, many=many)

    def _note_spread(self, call: Call, target: cst.BaseExpression, via: str, *, many: bool) -> None:
        function = call.scope.function
        name = self._handed_on(target, call)
        known = self.spreads.get(function, {}).get(name)
        if not name or (known is not None and known.many >= many):
            return
        if many or (via != "threads" and self._is_returned(call)):
            self.spreads.setdefault(function, {})[name] = Spread(function, call, via, many)

    def _is_returned(self, call: Call) -> bool:
        """Whether a function gives what a call gives, or waits for it as its own last word."""
        for parent in self.module.uses.ancestors(call.node, call):
            if not isinstance(parent, cst.Await):
                return isinstance(parent, cst.Return)
        return False

    def _handed_on(self, node: cst.BaseExpression, call: Call) -> str:
        """The parameter of the function around a call that this is, if whoever calls it always comes here."""
        function = call.scope.function
        if not isinstance(node, cst.Name) or not isinstance(function.node, cst.FunctionDef) or function.yields:
            return ""
        found = scopes.lookup(node.value, call).bindings
        if len(found) != 1 or found[0].kind != "parameter" or found[0].scope is not function:
            return ""
        if (
            not _always(call.block)
            or not only(decorators_of(function), SAME, self.module.catalog)
            or len(function.bindings[node.value]) > 1
        ):
            return ""
        if any(dotted(other.node.func) == node.value for other in self.cpu.lowered.index.within.get(function, ())):
            return ""  # it may run there as well, one after another
        return node.value

    def spread_here(self) -> Iterator[Job]:
        """The calls of functions of this module that spread what they are given."""
        names: set[str] = set()
        while names != (known := {scope.name for scope in self.spreads}):  # functions that hand it on to such
            names = known
            for call, spread, target in self._spread_calls(names):
                self._note_spread(call, target, spread.via, many=spread.many)
        for call, spread, target in self._spread_calls(names):
            if not self._handed_on(target, call):
                yield Job(call, spread.via, target, (), {}, many=spread.many, through=spread)

    def _spread_calls(self, names: set[str]) -> Iterator[tuple[Call, Spread, cst.BaseExpression]]:
        for call in self.module.lowered.calls if names else ():
            if last_name(call.node.func) in names:
                values = self.types.of(call.node.func, call)
                value = values[0] if len(values) == 1 else None
                if isinstance(value, Local):
                    yield from self._spread_by(call, value.scope, self.spreads.get(value.scope, {}))

    def spread_elsewhere(self) -> Iterator[Job]:
        """The calls of functions of other modules that spread what they are given."""
        for call in self.module.lowered.calls:
            func = call.node.func
            if not call.node.args or not isinstance(func, (cst.Name, cst.Attribute)):
                continue
            values = self.types.of(func, call)
            value = values[0] if len(values) == 1 else None
            scope = None
            if isinstance(value, Ref) and not value.spelled:
                found = self.cpu.ask(value.name) if self._may_start(value.name) else None
                scope = found.scope if found is not None else None
            elif value is None and isinstance(func, cst.Attribute) and self._may_be_started(func.attr.value):
                scope = self._method_elsewhere(func, call)
            if scope is None or scope.kind != "function" or self.cpu.of(scope) is self.cpu:
                continue
            for where, spread, target in self._spread_by(call, scope, self._spreads_of(self.cpu.of(scope), scope)):
                yield Job(where, spread.via, target, (), {}, many=spread.many, through=spread)

    def _may_start(self, name: str) -> bool:
        """Whether a name that is imported, or an attribute of one, may lead to what starts jobs."""
        return any(name == one or name.startswith(f"{one}.") for one in self.spreading)

    def _may_be_started(self, method: str) -> bool:
        """Whether anything of that name that is in reach starts jobs."""
        return any(method in ends for ends in self.spreading.values())

    def on_pools_elsewhere(self) -> Iterator[Job]:
        """The jobs on pools that other modules keep."""
        own = self.module.lowered.module
        for call in self.module.lowered.calls:
            if last_name(call.node.func) in _MAPS or last_name(call.node.func) in (
                "submit",
                "apply_async",
                "run_in_executor",
            ):
                job = self.job(call)
                if job is not None and job.pool is not None and own not in _around(job.pool.scope):
                    yield job

    def _method_elsewhere(self, func: cst.Attribute, call: Call) -> Scope | None:
        """The method that is called on an object of a class of another module."""
        kind = self.cpu.kind(func.value, call)
        if kind.what != "object" or kind.scope is None or self.cpu.may_be_replaced(kind.scope, func.attr.value):
            return None
        for scope in self.cpu.line(kind.scope):
            bound = scope.bindings.get(func.attr.value) if scope is not None else None
            if scope is None or func.attr.value in scope.attributes:
                return None
            if bound:
                return bound[0].value if len(bound) == 1 and bound[0].kind == "def" else None
        return None

    def _spreads_of(self, home: Interpreter, scope: Scope) -> dict[str, Spread]:
        """What a function of another module spreads."""
        if home not in self._spreads_in:
            there = _Finder(home.module, Cpu(home.module))
            for _ in _groups(there):
                pass
            self._spreads_in[home] = there.spreads
        return self._spreads_in[home].get(scope, {})

    def _spread_by(
        self, call: Call, function: Scope, spreads: dict[str, Spread]
    ) -> Iterator[tuple[Call, Spread, cst.BaseExpression]]:
        """What a call gives to a function that spreads it."""
        node, func = call.node, call.node.func
        receiver = self.cpu.kind(func.value, call) if isinstance(func, cst.Attribute) else UNKNOWN
        itself = self.cpu.itself(func, call, function, receiver) is not None
        formals = declared(function.node.params)  # type: ignore[attr-defined]
        takers = binds(formals, map(form, node.args), itself=itself)
        given = {
            one.name: arg.value
            for arg, one in zip(node.args, takers, strict=True)
            if one is not None and one.kind not in (REST, NAMED_REST)
        }
        for name, spread in spreads.items():
            if name in given:
                yield call, spread, given[name]

    # What runs

    def judged(self, job: Job) -> FanOut | None:
        """The job as a fan-out, if its target is proven to compute."""
        known = len(self.module.trace.notes) if self.module.trace else 0
        found = self._judged(job)
        if found is None and self.module.trace and len(self.module.trace.notes) == known:
            shown = self.module.code(job.target, 40)
            self.dropped(job, f"target unknown: which function `{shown}` is, or whether it is replaced, is not known")
        return found

    def _choices(self, node: cst.BaseExpression, at: At) -> list[cst.BaseExpression]:
        """The functions that a loop takes from a list that is written out."""
        found = scopes.lookup(node.value, at).bindings if isinstance(node, cst.Name) else ()
        if len(found) != 1 or found[0].kind != "for" or found[0].path is None:
            return []
        path, listed = found[0].path, found[0].value
        if isinstance(listed, cst.Call) and dotted(listed.func) == "enumerate" and listed.args and path[:1] == (1,):
            path, listed = path[1:], listed.args[0].value
        if isinstance(listed, cst.Name):
            bound = scopes.lookup(listed.value, found[0]).bindings
            listed = bound[0].value if len(bound) == 1 and bound[0].kind == "assign" and bound[0].path == () else None
        choices: list[cst.BaseExpression] = []
        for row in (display(listed) if isinstance(listed, cst.CSTNode) else None) or ():
            one: cst.BaseExpression | None = row
            for index in path:
                parts = display(one) if one is not None else None
                one = parts[index] if parts and index < len(parts) else None
            if not isinstance(one, (cst.Name, cst.Attribute)):
                return []
            choices.append(one)
        return choices

    def _judged(self, job: Job) -> FanOut | None:
        choices = self._choices(job.target, job.call)
        if len(choices) > 1:
            judged = [self._judged_as(job._replace(target=choice)) for choice in choices]
            return judged[0] if all(judged) else None
        return self._judged_as(job)

    def _judged_as(self, job: Job) -> FanOut | None:
        cpu = self.cpu
        if job.run is not None:
            assert job.made is not None
            if cpu.may_be_replaced(job.made, "run"):
                return None
            parameters = cpu.parameters(job.run, (), {}, Kind("object", job.made))
            with cpu.made_with(job.made, job.positional, job.keywords):
                return self._fan_out(job, job.run, parameters, "")
        if job.asks:
            self.asks.add(job.asks)
            return None
        node, positional, keywords = job.target, job.positional, job.keywords
        at: At = job.call
        for _ in range(_MAX_PARTIALS):
            made = self._partial(node, at)
            if made is None:
                break
            node = made.args[0].value
            positional, keywords = (), {}
        if isinstance(node, cst.Lambda):
            scope = cpu.by_node[node]
            parameters = cpu.parameters(scope, positional, keywords, None)
            return self._fan_out(job, scope, parameters, "a lambda cannot be sent to a process: make it a function")
        values = self.types.of(node, at)
        value = values[0] if len(values) == 1 else None
        if value is None and isinstance(node, cst.Attribute):
            value = cpu.method(cpu.kind(node.value, at), node.attr.value)
        if isinstance(value, Ref) and not value.spelled:
            entry = self.module.catalog.computing(value.name)
            if entry is not None and not entry.light and not entry.lazy:
                profile = Profile(Verdict.HEAVY, f"`{value.name}` keeps the GIL", job.target, job.call)
                return FanOut(self.module, job.call, None, node, profile, job.via, "", through=job.through)
            if entry is not None or self.module.catalog.lets_go(value.name):
                self.dropped(job, f"`{value.name}` is not known to compute and to hold the GIL")
                return None
            found = cpu.ask(value.name)
            if found is not None and found.scope is not None:
                value = Local(found.scope)
            elif isinstance(node, cst.Attribute):
                self.asks.add(value.name)
                value = cpu.method(cpu.kind(node.value, at), node.attr.value)
            else:
                self.asks.add(value.name)
        if not isinstance(value, Local) or value.scope.kind == "class":
            if isinstance(node, cst.Attribute):
                self.asks |= {cpu.kind(node.value, at).asks} - {""}
            return None
        function = value.scope
        owner = function.parent if function.parent and function.parent.kind == "class" else None
        bound = None
        movable = ""
        if owner is not None and isinstance(node, cst.Attribute):
            receiver = cpu.kind(node.value, at)
            if cpu.may_be_replaced(owner, function.name):
                return None
            bound = cpu.itself(node, at, function, receiver)
            if bound is not None and receiver.what == "object":
                bound = bound._replace(shared=not self._differs(node.value, at))
                movable = "the object goes to the process as well, so it must be picklable"
        elif isinstance(node, cst.Attribute):
            if not any(isinstance(one, Ref) for one in self.types.of(node.value, at)):
                positional, keywords = (), {}  # it may be a `partial` that an object keeps
        elif isinstance(node, cst.Name):
            binding = scopes.lookup(node.value, at).bindings
            if len(binding) != 1:
                return None
            if binding[0].kind == "assign":
                positional, keywords = (), {}
                if isinstance(binding[0].value, cst.Lambda):
                    return None
            if function.parent is not None and function.parent.kind == "function":
                movable = "a nested function cannot be sent to a process: move it to the top of the module"
        parameters = cpu.parameters(function, positional, keywords, bound)
        return self._fan_out(job, function, parameters, movable)

    def _fan_out(self, job: Job, scope: Scope, parameters: dict[str, Kind], movable: str) -> FanOut | None:
        home = self.cpu.of(scope)
        profile = home.profile(scope, parameters)
        if profile.verdict is not Verdict.HEAVY:
            if profile.asks and not home.is_hopeless(scope, self.leads):
                self.asks.add(profile.asks)
            because = [Because(profile.node, "this stops the proof")] if profile.node is not None else []
            where = f", line {LINE}" if because else ""
            self.dropped(job, f"`{scope.name}` is not proven to compute only: {profile.reason}{where}", *because)
            return None
        file = home.module.path if home is not self.cpu else ""
        return FanOut(self.module, job.call, scope, job.target, profile, job.via, movable, file, job.through)

    def _partial(self, node: cst.BaseExpression, at: At) -> cst.Call | None:
        if isinstance(node, cst.Name):
            found = scopes.lookup(node.value, at).bindings
            value = found[0].value if len(found) == 1 and found[0].kind == "assign" and found[0].path == () else None
            node = value if isinstance(value, cst.Call) else node
            at = found[0] if found else at
        if not isinstance(node, cst.Call) or not node.args or node.args[0].star or node.args[0].keyword:
            return None
        refs = self.types.refs(node.func, at)
        return node if refs and refs[0].name == "functools.partial" else None


def _around(scope: Scope | None) -> Iterator[Scope]:
    """A scope and those around it."""
    while scope is not None:
        yield scope
        scope = scope.parent


def _always(block: Block) -> bool:
    """Whether a block runs in every call of its function, or in rounds of it."""
    while block.owner is not None:
        owner = block.owner
        if owner.kind not in ("loop", "with", "try") or block is not owner.arms[0][1]:
            return False
        block = owner.block
    return True


def _loops(block: Block) -> Iterator[Compound]:
    """The loops whose body a block stands in, from the inside."""
    while block.owner is not None:
        owner = block.owner
        if owner.kind == "loop" and owner.arms and (block is owner.arms[0][1]):
            yield owner
        block = owner.block


def _gathering(ancestors: Iterator[cst.CSTNode]) -> cst.CSTNode | None:
    """The `gather(…)` or `wait(…)` around a place."""
    for node in ancestors:
        if isinstance(node, cst.Call) and (dotted(node.func) or "").rpartition(".")[2] in ("gather", "wait"):
            return node
    return None


def _in_order(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    pending = [node]
    while pending:
        one = pending.pop()
        yield one
        pending += reversed(list(children(one)))


def _awaits(node: cst.CSTNode, name: str) -> bool:
    return any(isinstance(one, cst.Await) and dotted(one.expression) == name for one in _in_order(node))
