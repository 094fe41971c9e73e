"""Decoded HTTP data used by key or index before anything checked it

## What it does

Finds the first place where a value decoded from an HTTP response (`response.json()`, or `json.load(s)` of its
body) is indexed or unpacked although nothing looked at it: `response.json()["key"]`, `data["items"][0]`, the items
of `for item in data`, `Model(**data)` where the model does not check. The response must be known as one: from
`requests`, `httpx`, `aiohttp`, `urllib` and the like, through clients and sessions, `with` items, attributes of
`self`, annotated parameters, or the `.response` of their exceptions; also through functions of the same module that
return it, whole or in part, or receive it, attributes of `self` that one method keeps and another reads, collections
that were filled with answers (lists, dictionaries, tuples, `gather`, `pool.map`) and tasks. There is one finding for
each decoded value; later accesses are its steps.

Other modules of the project are followed, too: functions and methods that return a response or what they decoded
(annotated or not, awaited, yielded, in a tuple, handed on by further functions, inherited), and functions that read by
key what they are given. The steps lead to the place that decodes. Followed are imports, forward only, and data that is
kept in a name: not what a class keeps in an attribute for another module, not a response that another module's function
is given to decode, and not a part of data that a module without any client of its own hands on.

A value counts as checked where, for the same value and the same key, the code tests `in`, uses `.get`, tests its
type, catches what the access raises, or hands the value to a validator (pydantic, `TypeAdapter`, msgspec, attrs,
cattrs, marshmallow, jsonschema, voluptuous) or to a function that raises for what it does not like: one of the project,
or the constructor of a class, as that of a pydantic model. What was checked before a value was kept or returned counts
where it is read; so do handlers around all calls of a private function, and the project's decorators, context managers
and tuples of exceptions that catch. A status check, `raise_for_status`, `cast` and a `TypedDict` say nothing of the
body.

## Why is this bad?

The other side decides what the body holds, so the day it changes, a `KeyError` or `TypeError` comes from a line far
from the cause, or a wrong value travels on. Validated at the boundary, the same day gives one clear error.

## Bad

```python
import requests


def token(url):
    response = requests.post(url, timeout=10)
    response.raise_for_status()
    return response.json()["access_token"]
```

## Good

```python
import pydantic
import requests


class Token(pydantic.BaseModel):
    access_token: str


def token(url):
    response = requests.post(url, timeout=10)
    response.raise_for_status()
    return Token.model_validate(response.json()).access_token
```

## When to ignore

Where the other side is your own and is released together with this code, or a `KeyError` there is what you want.
A response known only by an annotation, a helper or another method is of medium confidence; where only the type of the
container, or the top key and not a nested one was checked, or a helper returns other things too, the finding is of low
confidence. Requests that a server receives are not the subject of this rule. In test files the rule is off.

## Options

`[[tool.veteran.catalog.validator]]` with `for = ["json"]` names functions of your own that check what they are given.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from veteran.registry import Rule, events_of, links_of

if TYPE_CHECKING:
    from veteran.analysis.reports import Linked, Report
    from veteran.families.http.access_checks import Unchecked
    from veteran.families.http.link import Told
    from veteran.project.symbols import Function

rule = Rule("VET401", since="0.1.0", off_in=("tests",), needs=("json",))

#: More later accesses than this are not shown.
MAX_STEPS = 8


@rule.on(events_of("http.json_access"))
def unvalidated_json(event: Unchecked) -> Iterator[Report]:
    """One finding for each decoded value, at its first access that nothing has checked."""
    from veteran.analysis.reports import Report, ReportStep
    from veteran.analysis.semantics.ir import Binding
    from veteran.families.http.facts import shown

    module, access, root = event.module, event.first, event.root
    through = access.denoted.through
    node, at = through or (access.node, access.at)
    steps = []
    if isinstance(root.origin, Binding) and root.origin.target is not None:
        text = f"`{module.code(root.origin.target, 40)}` is the response"
        steps.append(ReportStep(root.origin.target, root.origin, text))
    decode, place = root.decodes[0]
    if decode is not node and decode is not getattr(access.node, "value", None):
        steps.append(ReportStep(decode, place, "decoded here"))
    if through is not None:
        steps.append(ReportStep(access.node, access.at, f"`{shown(module, access.node)}` reads it here"))
    seen = {id(node), id(access.node)}
    for other in event.later:
        if id(other.node) not in seen and len(steps) < MAX_STEPS:
            seen.add(id(other.node))
            steps.append(ReportStep(other.node, other.at, f"`{shown(module, other.node)}` is not checked either"))
    passed = module.code(through[0].func, 40) if through is not None else ""
    text = _message(shown(module, access.node), access.kind, access.error, passed, root.maker, event.missed)
    yield Report(node, at, text, event.confidence, tuple(steps))


@rule.on(links_of("http.json_access"))
def unvalidated_json_by_other_modules(event: Told) -> Iterator[Linked]:
    """One finding for each decoded value that other modules give, take or may have checked."""
    from veteran.analysis.reports import Linked, LinkedStep

    home, bare = event.home.path, event.bare
    steps = []
    if event.given is not None:
        *through, (last, span) = event.given.way
        steps.append(LinkedStep(last.module.path, span, f"`{_name(last)}` decodes it here"))
        for function, span in reversed(through):
            steps.append(LinkedStep(function.module.path, span, f"`{_name(function)}` hands it on"))
    steps += [LinkedStep(home, place.span, place.text) for place in event.data.steps]
    message = ""
    if event.taken is not None and event.taker is not None:
        taken = event.taken
        steps.append(LinkedStep(event.taker.module.path, taken.span, f"`{taken.shown}` reads it here"))
        message = _message(taken.shown, taken.kind, taken.error, bare.shown, event.data.maker, bare.missed)
    elif bare.inner is not None:
        steps.append(LinkedStep(home, bare.inner, f"`{bare.shown}` reads it here"))
    seen = {bare.span, bare.inner}
    for other in event.later:
        if other.span not in seen and len(steps) < MAX_STEPS:
            seen.add(other.span)
            steps.append(LinkedStep(home, other.inner or other.span, f"`{other.shown}` is not checked either"))
    if not message:
        message = _message(bare.shown, bare.kind, bare.error, bare.passed, event.data.maker, bare.missed)
    yield Linked(bare.span, message, event.confidence, tuple(steps))


def _message(shown: str, kind: str, error: str, passed: str, maker: str, missed: str) -> str:
    """passed: what is called that reads the data elsewhere. missed: what the code looks at instead."""
    origin = maker if "(" not in maker else "an HTTP response"
    if passed:
        head = f"`{passed}` reads `{shown}` from {origin}, which nothing has checked"
    elif kind == "unpacking":
        head = f"`{shown}` from {origin} is unpacked, and nothing has checked it"
    elif kind == "keywords":
        head = f"`{shown}` takes its arguments from {origin}, which nothing has checked"
    else:
        head = f"`{shown}` reads {origin}, which nothing has checked"
    consequence = {
        "KeyError": "a missing key raises KeyError here",
        "LookupError": "a missing key raises KeyError here",
        "IndexError": "an empty list raises IndexError here",
        "ValueError": "another number of items raises ValueError here",
        "TypeError": "a missing or a new key raises TypeError here",
    }[error]
    but = f" ({missed})" if missed else ""
    return f"{head}; {consequence}{but}: parse it into a model or check the key"


def _name(function: Function) -> str:
    return function.key.rpartition(".")[2].partition("#")[0]
