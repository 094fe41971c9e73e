"""What a rule may ask of the event of a call."""

from __future__ import annotations

from typing import Any

import libcst as cst
import pytest

from veteran.analysis.catalog_calls import CatalogCall, catalog_call
from veteran.analysis.module import Module
from veteran.catalog import catalog_for
from veteran.families.sql import sinks
from veteran.runs import understand

LISTED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("call", {"table": "unbounded", "names": ["requests.{get,post}", "requests.Session.{get,request}", "acme.GET"]}),
)
START = "import functools\nfrom functools import partial\nimport requests\n"
GIVEN, UNSEEN, LEFT_OUT = "given", "unseen", "left out"


def understood(text: str) -> Module:
    module = understand.module("module.py", (START + text).encode(), catalog_for(LISTED))
    assert module is not None
    return module


def event_of(text: str) -> CatalogCall:
    """That of the last listed call of a text."""
    module = understood(text)
    found = [event for call in module.lowered.calls if (event := catalog_call(module, "unbounded", call))]
    assert found
    return found[-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("requests.get(u)", LEFT_OUT),
        ("requests.get()", LEFT_OUT),
        ("requests.get(u, params=p, headers=h)", LEFT_OUT),
        ("requests.get(u, timeout=5)", "5"),
        ("requests.get(u, p, 5)", "5"),
        ("requests.get(u, timeout=None)", "None"),
        ("requests.get(u, p)", LEFT_OUT),
        ("requests.get(*rest)", UNSEEN),
        ("requests.get(u, p, *rest)", UNSEEN),
        ("requests.get(u, p, 5, *rest)", "5"),
        ("requests.get(*rest, 5)", UNSEEN),
        ("requests.get(u, **options)", UNSEEN),
        ("requests.get(u, timeout=5, **options)", "5"),
        # what is unpacked in place
        ("requests.get(u, **{'timeout': 5})", "5"),
        ("requests.get(u, **{'params': p})", LEFT_OUT),
        ("requests.get(u, **{})", LEFT_OUT),
        ("requests.get(u, **{key: 5})", UNSEEN),
        ("requests.get(u, **{'params': p, **options})", UNSEEN),
        ("requests.get(u, **dict(timeout=5))", "5"),
        ("requests.get(u, **dict(params=p))", LEFT_OUT),
        ("requests.get(u, **dict(options, params=p))", UNSEEN),
        ("requests.get(*(u, p, 5))", "5"),
        ("requests.get(*[u, p])", LEFT_OUT),
        ("requests.get(*(u, *rest))", UNSEEN),
        # names that stand for what is called
        ("from requests import get\nget(u, timeout=5)", "5"),
        ("get = requests.get\nget(u)", LEFT_OUT),
        ("get = requests.get\nget(u, p, 5)", "5"),
        ("get = partial(requests.get, timeout=5)\nget(u)", "5"),
        ("get = partial(requests.get, timeout=5)\nget(u, timeout=6)", "6"),
        ("get = functools.partial(requests.get, u, p)\nget(5)", "5"),
        ("get = functools.partial(requests.get, u)\nget(p)", LEFT_OUT),
        ("get = functools.partial(requests.get, **options)\nget(u)", UNSEEN),
        ("get = partial(partial(requests.get, timeout=5), u)\nget()", "5"),
        ("get = requests.get\nif u:\n    get = partial(requests.get, timeout=5)\nget(u)", UNSEEN),
        ("(requests.get if u else requests.post)(u)", UNSEEN),
        # methods
        ("s = requests.Session()\ns.get(u, p, 5)", "5"),
        ("s = requests.Session()\ns.get(u, p)", LEFT_OUT),
        ("s = requests.Session()\nget = s.get\nget(u, p, 5)", "5"),
        ("s = requests.Session()\nget = partial(s.get, timeout=5)\nget(u)", "5"),
        ("requests.Session.get(s, u)", LEFT_OUT),
        ("requests.Session.get(s, u, p, 5)", UNSEEN),
        ("requests.Session.get(s, u, p, timeout=5)", "5"),
        ("get = requests.Session.get\nget(s, u, p, 5)", UNSEEN),
        ("class Own(requests.Session): pass\nOwn.get(s, u, p, 5)", UNSEEN),
        ("class Own(requests.Session): pass\nOwn().get(u, p, 5)", "5"),
        (
            "class A:\n def __init__(self): self.get = partial(requests.get, timeout=5)\n def f(self): self.get(u)",
            "5",
        ),
        ("class A:\n def __init__(self): self.get = requests.get\n def f(self): self.get(u)", LEFT_OUT),
        ("class A:\n get = requests.get\n def f(self): self.get(u)", UNSEEN),
    ],
)
def test_an_argument_is_given_unseen_or_left_out(text: str, expected: str) -> None:
    event = event_of(text)
    given = event.argument("timeout", 2)
    may = event.may_pass("timeout", 2)
    found = event.module.code(given) if given is not None else UNSEEN if may else LEFT_OUT
    assert (found, may) == (expected, expected != LEFT_OUT)


@pytest.mark.parametrize(
    ("text", "may"),
    [("requests.get(*rest)", False), ("requests.get(u, p, 5)", False), ("requests.get(**options)", True)],
)
def test_a_parameter_that_takes_no_argument_by_position(text: str, may: bool) -> None:
    event = event_of(text)
    assert event.argument("timeout") is None
    assert event.may_pass("timeout") is may


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("requests.get(u, timeout=None)", True),
        ("requests.get(u, timeout=5)", False),
        ("requests.get(u, timeout=0)", False),
        ("requests.get(u)", False),
        ("requests.get(u, timeout=(t := None))", True),
        ("requests.get(u, timeout=None if u else None)", True),
        ("requests.get(u, timeout=None if u else 5)", False),
        ("TIMEOUT = None\ndef f(): requests.get(u, timeout=TIMEOUT)", True),
        ("TIMEOUT: float | None = None\ndef f(): requests.get(u, timeout=TIMEOUT)", True),
        ("none = None\nTIMEOUT = none\nrequests.get(u, timeout=TIMEOUT)", True),
        ("t = None\nt = 5\nrequests.get(u, timeout=t)", False),
        ("t = 5\nt = None\nrequests.get(u, timeout=t)", True),
        ("t = None\nif u: t = 5\nrequests.get(u, timeout=t)", False),
        ("t = None\nfor x in u:\n    requests.get(x, timeout=t)\n    t = 5", False),
        ("t = None\ndef change():\n    global t\n    t = 5\ndef f(): requests.get(u, timeout=t)", False),
        ("def f(t=None): requests.get(u, timeout=t)", False),
        ("def f(t: None): requests.get(u, timeout=t)", False),
        ("a, t = None, 5\nrequests.get(u, timeout=t)", False),
        ("import t\nrequests.get(u, timeout=t.NONE)", False),
        ("from t import NONE\nrequests.get(u, timeout=NONE)", False),
        ("requests.get(u, timeout=unknown)", False),
        ("t = s\ns = t\nrequests.get(u, timeout=t)", False),
        ("def f():\n    t = s\n    s = t\n    requests.get(u, timeout=t)", False),
    ],
)
def test_what_is_certainly_none(text: str, expected: bool) -> None:
    event = event_of(text)
    assert event.is_none(event.argument("timeout")) is expected


OWN = "class Own(requests.Session):\n"


@pytest.mark.parametrize(
    ("text", "receiver", "overridden"),
    [
        ("requests.get(u)", "", False),
        ("requests.Session().get(u)", "", False),
        ("def f(s: requests.Session): s.get(u)", "", False),
        (f"{OWN}    pass\nOwn().get(u)", "Own", False),
        (f"{OWN}    def request(self): ...\nOwn().get(u)", "Own", True),
        (f"{OWN}    def send(self): ...\nOwn().get(u)", "Own", False),
        (f"{OWN}    def request(self): ...\nget = Own().get\nget(u)", "Own", True),
        (f"{OWN}    def request(self): ...\nget = partial(Own().get, u)\nget()", "Own", True),
        (f"{OWN}    def request(self): ...\ndef f(s: Own): s.get(u)", "Own", True),
        (f"{OWN}    def request(self): ...\nwith Own() as s: s.get(u)", "Own", True),
        (f"{OWN}    def request(self): ...\n    def f(self): self.get(u)", "Own", True),
        (f"{OWN}    def request(self): ...\n    def f(self): super().get(u)", "Own", True),
        (f"{OWN}    def f(self): super().get(u)", "Own", False),
        (f"{OWN}    def request(self): ...\nOwn.get(s, u)", "Own", True),
        (f"{OWN}    def __init__(self): self.request = partial(self.request, timeout=5)\nOwn().get(u)", "Own", True),
        (f"{OWN}    pass\nOwn.request = patched\nOwn().get(u)", "Own", True),
        (f"{OWN}    request = patched\nOwn().get(u)", "Own", True),
        (f"@patched\n{OWN}    pass\nOwn.get(s, u)", "Own", True),
        (f"{OWN}    def request(self): ...\nclass Further(Own): pass\nFurther().get(u)", "Further", True),
        (f"{OWN}    pass\nclass Further(Own):\n    def request(self): ...\nOwn().get(u)", "Own", False),
        (f"{OWN}    def request(self): ...\ns = Own() if u else requests.Session()\ns.get(u)", "Own", True),
        (f"{OWN}    def request(self): ...\nclass A:\n s = Own()\n def f(self): self.s.get(u)", "Own", True),
        ("s = requests.Session()\ns.request = partial(s.request, timeout=5)\ns.get(u)", "", True),
        ("s = requests.Session()\nrequests.Session.request = patched\ns.get(u)", "", True),
        ("from requests import Session\nSession.request = patched\nSession().get(u)", "", True),
        ("s = requests.Session()\nother.request = patched\ns.get(u)", "", False),
        ("class A:\n def f(self): return requests.get(u)", "", False),
    ],
)
def test_the_class_of_the_module_that_is_called_on(text: str, receiver: str, overridden: bool) -> None:
    event = event_of(text)
    assert (event.receiver.name if event.receiver else "") == receiver
    assert event.overridden("request") is overridden
    assert event.overridden("nothing", "request") is overridden


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{OWN}    def get(self, u): super().get(u)", False),
        (f"{OWN}    def get(self, u):\n        got = super().get\n        got(u)", False),
        (f"@patched\n{OWN}    def get(self, u): super().get(u)", False),
        (f"{OWN}    pass\nclass Further(Own):\n    def get(self, u): super().get(u)", False),
        (f"@patched\n{OWN}    pass\nclass Further(Own):\n    def get(self, u): super().get(u)", True),
        (f"{OWN}    def get(self, u): super().get(u)\nrequests.Session.get = patched", True),
        (f"{OWN}    def get(self, u): self.request(u)\n    def request(self, u): super().request(u)", False),
        (f"{OWN}    pass\nOwn().get(u)", False),
    ],
)
def test_what_is_called_on_super_is_that_of_the_bases(text: str, expected: bool) -> None:
    event = event_of(text)
    called = event.name.rpartition(".")[2]
    assert event.overridden(called) is expected
    assert event.overridden() is False


def test_what_the_method_of_super_works_by_is_that_of_the_class() -> None:
    event = event_of(f"{OWN}    def get(self, u): super().get(u)\n    def request(self): ...")
    assert event.overridden("get") is False
    assert event.overridden("get", "request") is True


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("s = requests.Session()\ns.get(u)", "s"),
        ("def f(s: requests.Session): s.get(u)", "s"),
        ("with requests.Session() as s: s.get(u)", "s"),
        ("class A:\n def __init__(self): self.s = requests.Session()\n def f(self): self.s.get(u)", "self.s"),
        ("class A:\n @property\n def s(self): return requests.Session()\n def f(self): self.s.get(u)", ""),
        ("def made(): return requests.Session()\nmade().get(u)", ""),
        ("requests.Session().get(u)", ""),
        ("requests.get(u)", ""),
        (f"{OWN}    def f(self): self.get(u)", ""),
    ],
)
def test_the_step_that_says_what_the_receiver_is(text: str, shown: str) -> None:
    event = event_of(text)
    step = event.origin_step("the session")
    assert (step.text if step else "") == (f"`{shown}` is the session" if shown else "")
    if step:
        assert event.module.code(step.node) == shown


@pytest.mark.parametrize(
    "text",
    [
        f"{OWN}    def get(self, u): ...\nOwn().get(u)",
        "from other import Mixin\nclass Own(Mixin, requests.Session): pass\nOwn().get(u)",
        "from other import Own\nOwn().get(u)",
        "s = requests.Session()\ns.get = patched\ns.get(u)",
    ],
)
def test_what_the_module_puts_in_place_makes_no_event(text: str) -> None:
    module = understood(text)
    assert not [call for call in module.lowered.calls if catalog_call(module, "unbounded", call)]


def test_classes_that_lead_back_to_themselves_end() -> None:
    event = event_of(f"{OWN}    class Own(Own): pass\nclass A(requests.Session): pass\nclass A(A): pass\nA().get(u)")
    assert event.overridden("request") in (True, False)


def test_other_events_of_a_call_answer_the_same_way() -> None:
    text = "import sqlite3\ndef f(db: sqlite3.Connection, x):\n    db.execute(f'SELECT {x}', parameters=None)\n"
    (event,) = sinks.events(understood(text))
    assert event.is_none(event.argument("parameters", 1))
    assert event.may_pass("parameters", 1)
    assert isinstance(event.argument("sql", 0), cst.FormattedString)
    assert not event.overridden("execute")
    assert event.function.name == "f"
