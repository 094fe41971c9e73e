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

A value counts as checked where, for the same value and the same key, the code tests `in`, uses `.get`, tests its
type, catches what the access raises, or hands the value to a validator (pydantic, `TypeAdapter`, msgspec, attrs,
cattrs, marshmallow, jsonschema, voluptuous) or to a function of the module that raises for what it does not like. What
was checked before a value was kept or returned counts where it is read; so do handlers around all calls of a private
function. A status check, `raise_for_status`, `cast` and a `TypedDict` say nothing of the body.

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

from veteran.registry import Rule, events_of

if TYPE_CHECKING:
    import libcst as cst

    from veteran.analysis.decoded import Unchecked
    from veteran.analysis.model import Module, Report

rule = Rule("VET401", since="0.1.0", off_in=("tests",), needs=("json",))

#: More later accesses than this are not shown.
MAX_STEPS = 8


@rule.on(events_of("decoded"))
def unvalidated_json(event: Unchecked) -> Iterator[Report]:
    """One finding for each decoded value, at its first access that nothing has checked."""
    from veteran.analysis.lowering import Binding
    from veteran.analysis.model import Report, ReportStep

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
        steps.append(ReportStep(access.node, access.at, f"`{_shown(module, access.node)}` reads it here"))
    seen = {id(node), id(access.node)}
    for other in event.later:
        if id(other.node) not in seen and len(steps) < MAX_STEPS:
            seen.add(id(other.node))
            steps.append(ReportStep(other.node, other.at, f"`{_shown(module, other.node)}` is not checked either"))
    yield Report(node, at, _message(event), event.confidence, tuple(steps))


def _shown(module: Module, node: cst.CSTNode) -> str:
    """The code of an access, its key kept where the whole is too long."""
    import libcst as cst

    whole = module.code(node, 60)
    if not whole.endswith("…") or not isinstance(node, cst.Subscript):
        return whole
    part = node.slice[0].slice
    key = module.code(part.value if isinstance(part, cst.Index) else part, 30)
    return f"{module.code(node.value, 40)}[{key}]"


def _message(event: Unchecked) -> str:
    module, access = event.module, event.first
    shown = _shown(module, access.node)
    origin = event.root.maker if "(" not in event.root.maker else "an HTTP response"
    if access.denoted.through is not None:
        passed = module.code(access.denoted.through[0].func, 40)
        head = f"`{passed}` reads `{shown}` from {origin}, which nothing has checked"
    elif access.kind == "unpacking":
        head = f"`{shown}` from {origin} is unpacked, and nothing has checked it"
    elif access.kind == "keywords":
        head = f"`{shown}` takes its arguments from {origin}, which nothing has checked"
    else:
        head = f"`{shown}` reads {origin}, which nothing has checked"
    consequence = {
        "KeyError": "a missing key raises KeyError here",
        "LookupError": "a missing key raises KeyError here",
        "IndexError": "an empty list raises IndexError here",
        "ValueError": "another number of items raises ValueError here",
        "TypeError": "a missing or a new key raises TypeError here",
    }[access.error]
    missed = f" ({event.missed})" if event.missed else ""
    return f"{head}; {consequence}{missed}: parse it into a model or check the key"
