"""Why a coroutine's call is reported for what it leads to, or why not."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from veteran.analysis.semantics.ir import Call, Held, Read
from veteran.conclusions import Conclusion, silent
from veteran.families.blocking.call_chains import Chain, Chains, Node, alive, skipped
from veteran.families.blocking.link import chains_of
from veteran.findings import Confidence, Finding, Step
from veteran.project.explained import MAX_STEPS, Line
from veteran.project.summary import CallFact
from veteran.project.symbols import Class, Entity, Foreign, Function, Loaded, Managed

CHAINS = "blocking.chains"


class Explanation:
    """What becomes of the calls of coroutines in a file."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.module = line.module
        self.chains: Chains = line.world.once(chains_of)

    def why_low(self, finding: Finding, *, in_context: bool) -> str:
        """What makes a chain of low confidence."""
        for call, fact, coroutine in self._followed:
            if self.line.span(call.node) != finding.span or finding.code not in self.line.codes(CHAINS):
                continue
            for node, chain in self.chains.leads(coroutine, fact):
                if chain is None:
                    continue
                if "memoised" in node.function.fact.marks:
                    return f": `{node.function.key}` is a memoised helper"
                if fact.low:
                    return ": the call is made rarely, or its outcome is kept"
                if not in_context:
                    return ": " + self._low_hop(chain)
        return ""

    @staticmethod
    def _low_hop(chain: Chain) -> str:
        """What makes a chain of low confidence on its way down."""
        for hop in chain.hops[:-1]:
            fact = hop.module.facts.functions[hop.where]
            if any(call.span == hop.span and call.low for call in fact.calls):
                return f"`{hop.shown}` is called rarely at line {hop.span.line}, or its outcome is kept"
        if chain.effect.confidence is Confidence.LOW:
            last = chain.hops[-1]
            return f"`{last.shown}` at line {last.span.line} is called rarely, waits shortly, or its outcome is kept"
        return "a helper on the way is memoised, or an argument has to ask for it"

    @cached_property
    def _followed(self) -> list[tuple[Call | Read | Held, CallFact, Function]]:
        """The calls of coroutines that can be followed, with their coroutines."""
        if self.line.loaded is None:
            return []
        facts = [
            (fact, Function(self.line.loaded, key))
            for key, function in self.line.loaded.facts.functions.items()
            if function.kind in ("async", "asyncgenerator")
            for fact in function.calls
        ]
        reads = (Read(*arguments) for arguments in self.module.lowered.reads)
        every: list[Call | Read | Held] = [*self.module.lowered.held, *reads, *self.module.lowered.calls]
        calls = {self.module.tree.span(one.node): one for one in every}
        return [(calls[fact.span], fact, function) for fact, function in facts]

    def conclusions(self) -> Iterator[Conclusion]:
        codes = self.line.codes(CHAINS)
        if not codes:
            return
        followed = {call.node: (fact, coroutine) for call, fact, coroutine in self._followed if "h" not in fact.flags}
        reported = {finding.span for finding in self.line.findings if finding.code in codes}
        for call in self.module.lowered.calls:
            span = self.line.span(call.node)
            if not self.line.touches(span) or span in reported:
                continue
            function = call.scope.function
            shown = f"`{self.module.code(call.node.func, 40)}`"
            if not function.is_async:
                what = f"the {function.kind} `{function.name}`" if function.kind == "function" else f"a {function.kind}"
                yield Conclusion(codes, "silent", f"{shown} is called by {what}, which is no coroutine", span)
            elif call.node not in followed:
                reason = (
                    "stands in a generator expression that may run elsewhere"
                    if call.lazy
                    else "is not resolved: the name leads to nothing that a project can define"
                )
                yield Conclusion(codes, "silent", f"{shown} {reason}", span)
            else:
                yield from (one._replace(span=span, codes=codes) for one in self._of_call(shown, *followed[call.node]))

    def _of_call(self, shown: str, fact: CallFact, coroutine: Function) -> Iterator[Conclusion]:
        """What becomes of one call of a coroutine."""
        entity = self.chains.program.resolve(fact.target, coroutine.module)
        target = fact.target.lstrip(":")
        if entity is None:
            yield silent(f"{shown} is `{target.lstrip('*')}`, {self._where_it_ends(fact.target, coroutine.module)}")
            return
        if isinstance(entity, Loaded):
            yield silent(f"{shown} is a module")
            return
        if isinstance(entity, Foreign):
            yield silent(f"{shown} is `{entity.name}`, which is no function of this project")
            return
        if isinstance(entity, Managed):
            yield silent(f"{shown} is what `{entity.function.key}` manages")
            return
        home = self.line.world.shown(entity.module.path)
        found = f"{shown} is `{entity.key}` in {home}"
        functions = list(self.chains.runs(entity, fact))
        if not functions and isinstance(entity, Class):
            yield silent(f"{found}, a class: making an object of it runs no function of this project")
        for function in functions:
            if reason := skipped(function.fact, fact):
                yield silent(f"{found}, which {reason}")
        for node, chain in self.chains.leads(coroutine, fact):
            yield self._of_way(found, node, chain)

    def _where_it_ends(self, target: str, module: Loaded) -> str:
        """Why a target leads to no function: a module on the way cannot be read, or has no such name."""
        program = self.chains.program
        if not target.startswith(":"):
            level = len(target) - len(target.lstrip("."))
            base = program.project.resolve_relative(module.name, module.package, "." * level) if level else ""
            parts = ".".join(part for part in (base or "", target[level:]) if part).replace("()", ".()").split(".")
            for length in range(len(parts), 0, -1):
                found = program.project.find(".".join(parts[:length]))
                if found is not None:
                    home = self.line.world.shown(found.path)
                    if program.module_at(found.path) is None:
                        return f"and {home} does not parse or cannot be read: the chain ends there"
                    if length < len(parts):
                        for end in range(len(parts) - 1, length, -1):
                            entity = program.resolve(".".join(parts[:end]).replace(".()", "()"), module)
                            if entity is not None:
                                return self._where_it_stops(entity, parts[end])
                        return f"and {home} is not known to bind `{parts[length]}` to a function or class"
                    break
        return "which is no function of this project's modules"

    def _where_it_stops(self, entity: Entity, part: str) -> str:
        """Why nothing is known of what follows something that is."""
        if isinstance(entity, Foreign):
            return f"and `{entity.name}` is no part of this project"
        if isinstance(entity, Loaded):
            return f"and {self.line.world.shown(entity.path)} is not known to bind `{part}` to a function or class"
        if isinstance(entity, Class) and part != "()":
            home = self.line.world.shown(entity.module.path)
            return f"and nothing in this project is known to give `{entity.key}` in {home} its `{part}`"
        function = entity.function if isinstance(entity, Managed) else entity
        return f"and what `{function.key}` in {self.line.world.shown(function.module.path)} gives is not known"

    def _of_way(self, found: str, node: Node, chain: Chain | None) -> Conclusion:
        if chain is not None:
            text = f"{found}, which blocks: reported once for each coroutine and helper, at another call"
            return silent(text)
        reached = self.chains.reached(node)
        marks = " (a memoised helper)" if "memoised" in node.function.fact.marks else ""
        steps: list[Step] = []
        for one in reached:
            fact, module = one.function.fact, one.function.module
            home = self.line.world.shown(module.path)
            for effect in fact.effects:
                if alive(effect.when, one.known, fact) is None:
                    tests = " and ".join(f"`{when.parameter}`" for when in effect.when)
                    text = f"`{effect.shown}` blocks, but the arguments make this a dead branch: see {tests}"
                    steps.append(Step(home, effect.span, text))
            for call in fact.calls:
                text = ""
                if alive(call.when, one.known, fact) is None:
                    tests = " and ".join(f"`{when.parameter}`" for when in call.when)
                    text = f"`{call.shown}` is called in a branch that the arguments make dead: see {tests}"
                else:
                    entity = self.chains.program.resolve(call.target, module)
                    if entity is None:
                        text = f"`{call.shown}` is `{call.target.lstrip(':')}`, of which nothing is known to block"
                    elif not isinstance(entity, Loaded):
                        reasons = [skipped(other.fact, call) for other in self.chains.runs(entity, call)]
                        text = f"`{call.shown}` {reasons[0]}" if any(reasons) and reasons[0] else ""
                if text:
                    steps.append(Step(home, call.span, text))
        dead = any("dead" in step.text for step in steps)
        ran = f"{len(reached)} function{'' if len(reached) == 1 else 's'} followed"
        text = f"{found}{marks}: nothing in it is known to block ({ran})"
        if dead:
            text += "; a branch is dead by its arguments"
        return silent(text, tuple(steps[:MAX_STEPS]))
