"""The catalogue's own files are sound, and a project's additions work like them."""

from __future__ import annotations

import builtins
import importlib
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from helpers import EVERYTHING, ROOT, check, places
from veteran import catalog
from veteran.catalog import Catalog, builtin_entries, catalog_for, expand
from veteran.reading import tables as read_tables

CATALOG = catalog_for()
OWN = list(builtin_entries())
#: Left or not yet in some of the Pythons we run on.
VERSIONED = {
    "telnetlib",
    "os.path.isjunction",
    "pathlib.Path.is_junction",
    "threading.Lock.acquire",  # factories of classes that have no public name
    "threading.RLock.acquire",
    "threading.Condition.acquire",
    "pathlib.Path.link_to",
    "pathlib.Path.copy",
    "pathlib.Path.copy_into",
    "pathlib.Path.move",
    "pathlib.Path.move_into",
    "pathlib.Path.walk",
    "uuid.uuid6",
    "uuid.uuid7",
    "uuid.uuid8",
    "math.sumprod",
}


def test_every_entry_fits_the_schema() -> None:
    tables: dict[str, list[Any]] = {}
    for table, entry in OWN:
        if table not in ("group", "alias"):
            tables.setdefault(table, []).append(entry)
    catalog.validate(tables, "catalog")


def test_groups_exist_and_are_used() -> None:
    groups = {CATALOG.calls[table][name].group for table in ("blocking", "metadata") for name in CATALOG.calls[table]}
    assert groups == set(CATALOG.groups)
    assert all(group.says for group in CATALOG.groups.values())
    assert {library for group in CATALOG.groups.values() for library in group.instead} <= {"", *catalog.LIBRARIES}


def test_no_name_is_listed_twice_in_a_table() -> None:
    seen: dict[str, list[str]] = {}
    for table, entry in OWN:
        names = seen.setdefault(f"{entry.get('table', table)} {entry.get('what', '')}", [])
        names += [name for text in entry.get("names", ()) for name in expand(text)]
    for table, names in seen.items():  # of those sorted by a word, under one word
        assert len(names) == len(set(names)), (table, sorted({n for n in names if names.count(n) > 1}))


def test_names_are_canonical() -> None:
    tables = (
        *CATALOG.calls.values(),
        CATALOG.sinks,
        CATALOG.cpu_bound,
        CATALOG.releases_gil,
        *CATALOG.types.values(),
        *CATALOG.names.values(),
    )
    for table in tables:
        for name in table:  # type: ignore[attr-defined]
            assert CATALOG.canonical(name) == name


def _resolves(name: str) -> bool:
    """Whether a dotted name of the standard library can be reached."""
    parts = name.split(".")
    if hasattr(builtins, parts[0]):
        found: Any = builtins
    else:
        found, parts = importlib.import_module(parts[0]), parts[1:]
        while parts and not hasattr(found, parts[0]):
            try:
                found = importlib.import_module(f"{found.__name__}.{parts[0]}")
            except (ImportError, AttributeError):
                break
            parts = parts[1:]
    for part in parts:
        if not hasattr(found, part):
            return False
        found = getattr(found, part)
    return True


def test_names_of_the_standard_library_exist() -> None:
    missing = []
    tables = (*CATALOG.calls.items(), ("safe", CATALOG.names["safe"]))
    for table, entries in (*tables, ("cpu_bound", CATALOG.cpu_bound), ("releases_gil", CATALOG.releases_gil)):
        for name in entries:
            root = name.partition(".")[0]
            if root not in sys.stdlib_module_names and not hasattr(builtins, root):
                continue
            if name.startswith(("subprocess.Popen.stdout.", "subprocess.Popen.stderr.", "select.poll.")):
                continue  # set by the constructor, or given by a function
            if name in VERSIONED or root in VERSIONED or root in ("multiprocessing", "msvcrt"):
                continue  # multiprocessing's classes are made by factories
            if not _resolves(name):
                missing.append(f"{table}: {name}")
    assert missing == []


def test_expand() -> None:
    assert list(expand("a.{b,c}.{d,e}")) == ["a.b.d", "a.b.e", "a.c.d", "a.c.e"]
    assert list(expand("a.b")) == ["a.b"]


def test_inherited_methods_and_aliases() -> None:
    tables = Catalog(
        [
            ("blocking", {"names": ["m.Base.{get,put}"], "group": "network"}),
            ("inherits", {"type": "m.Derived", "base": "m.Base"}),
            ("alias", {"m.Derived": ["m.impl.Derived"]}),
        ]
    )
    assert tables.canonical("m.impl.Derived.get") == "m.Derived.get"
    assert tables.lookup(tables.calls["blocking"], "m.Derived.get").name == "m.Base.get"
    assert tables.lookup(tables.calls["blocking"], "m.Derived.other") is None


PROJECT = (
    ("blocking", {"names": ["acme.fetch", "acme.Client.get"], "group": "network", "instead": "acme.aio"}),
    ("sink", {"names": ["acme.run"], "query": 1, "placeholder": "%s"}),
    ("validator", {"names": ["acme.checked"], "for": ["sql"]}),
    ("returns", {"names": ["acme.connect"], "type": "acme.Client"}),
)


def test_a_project_adds_to_the_catalogue() -> None:
    text = """
import acme
from acme import checked

async def handler():
    acme.fetch()
    acme.connect().get()

def query(value, tenant):
    acme.run(tenant, "WHERE a = '" + value + "'")
    acme.run(tenant, "WHERE a = '" + checked(value) + "'")
"""
    settings = EVERYTHING._replace(catalog=PROJECT)
    found = check(text, settings=settings)
    assert places(found) == [(6, "VET311"), (7, "VET311"), (10, "VET201")]
    assert "acme.aio" in found[0].message
    assert "`%s`" in found[2].message
    assert check(text) == []


@pytest.mark.parametrize(
    ("imports", "check_it"),
    [
        ("from acme.rules import approve", "approve(data)"),
        ("from acme.rules import approve as fits", "fits(data)"),
        ("from acme import rules", "rules.approve(data)"),
        ("import acme.rules", "acme.rules.approve(data)"),
        ("from .rules import approve as fits", "fits(data)"),
        ("from . import rules as known", "known.approve(data)"),
        ("from acme.rules import approve", "approve(data=data)"),
        ("from acme.rules import Gate", "Gate().admit(data)"),
        ("from .rules import Gate as Door", "door = Door()\n    door.admit(data)"),
        ("from acme.rules import Shape", "Shape(data)"),
        ("from acme.rules import Shape", "Shape(**data)"),
    ],
)
def test_a_project_names_its_validators(imports: str, check_it: str) -> None:
    text = f"""
import requests
{imports}

def name(url):
    data = requests.get(url).json()
    {check_it}
    return data["name"]
"""
    named = ("validator", {"names": ["acme.rules.{approve,Gate.admit,Shape}"], "for": ["json"]})
    assert check(text, settings=EVERYTHING._replace(catalog=(named,))) == []
    assert [code for _, code in places(check(text))] == ["VET401"]


WORKS = """
from concurrent.futures import ThreadPoolExecutor

import acme

def work(texts: list[str]):
    return [acme.compare(text, "") for text in texts]

def all_of(groups):
    with ThreadPoolExecutor() as pool:
        return list(pool.map(work, groups))
"""


@pytest.mark.parametrize(
    ("catalogue", "expected"),
    [
        ((), []),
        ((("cpu_bound", {"names": ["acme.compare"]}),), [(11, "VET301")]),
        ((("cpu_bound", {"names": ["acme"], "light": True}),), [(11, "VET301")]),
        ((("cpu_bound", {"names": ["acme"]}), ("releases_gil", {"names": ["acme.compare"]})), []),
        ((("cpu_bound", {"names": ["acme.compare"]}), ("releases_gil", {"names": ["acme"]})), [(11, "VET301")]),
    ],
)
def test_a_project_says_what_keeps_the_gil(catalogue: tuple[tuple[str, dict[str, Any]], ...], expected: Any) -> None:
    assert places(check(WORKS, settings=EVERYTHING._replace(catalog=catalogue))) == expected


def test_the_longest_name_decides_who_keeps_the_gil() -> None:
    assert CATALOG.computing("math.sqrt")
    assert CATALOG.computing("json.loads")
    assert not CATALOG.computing("zlib.compress")
    assert CATALOG.lets_go("zlib.compress")
    assert CATALOG.lets_go("numpy.linalg.norm")
    assert CATALOG.lets_go("time.sleep")
    assert not CATALOG.lets_go("time.perf_counter")
    assert not CATALOG.lets_go("acme.work")


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"cpu_bound": [{"names": ["a"], "light": 1}]}, "true or false"),
        ({"releases_gil": [{"names": ["a"], "array": True}]}, "did you mean 'arrays'?"),
        ({"blokcing": []}, "did you mean 'blocking'?"),
        ({"blocking": {}}, "array of tables"),
        ({"blocking": [{"names": ["a.b"], "group": "netwrok"}]}, "did you mean 'network'?"),
        ({"blocking": [{"names": ["a.b"]}]}, "group is missing"),
        ({"blocking": [{"names": "a.b", "group": "network"}]}, "list of non-empty strings"),
        ({"sink": [{"names": ["a"], "query": -1}]}, "a number from 0"),
        ({"sink": [{"names": ["a"], "qeury": 0}]}, "did you mean 'query'?"),
        ({"sink": [{"names": ["a"], "parameters": "set"}]}, "tuple, list, args, dict, none"),
        ({"validator": [{"names": ["a"], "for": ["xml"]}]}, "expected one of sql"),
        ({"blocking": [{"names": ["a"], "group": "db", "unless": [{"equals": ["x"]}]}]}, "list of {"),
        ({"blocking": [{"names": ["a"], "group": "db", "opens": {"keyword": "x"}}]}, "a table { position"),
        (
            {"context": [{"names": ["a"], "by": "decorator", "context": "deploy"}]},
            "expected one of tests, cli, startup",
        ),
        ({"context": [{"names": ["a"], "by": "name", "context": "cli"}]}, "decorator, call, keyword, function"),
        ({"context": [{"names": ["a"], "by": "call", "context": "cli", "argument": ["b"]}]}, "mean 'arguments'?"),
        ({"test_client": [{"names": []}]}, "list of non-empty strings"),
        ({"decorator": [{"names": ["a"], "does": "memoizes"}]}, "nothing, memoises, repeats, offloads"),
        ({"decorator": [{"names": ["a"]}]}, "does is missing"),
        ({"variant": [{"names": ["a"], "type": "b"}]}, "when is missing"),
        ({"call": [{"names": ["a"]}]}, "table is missing"),
        ({"call": [{"names": ["a"], "table": "blocking"}]}, "catalog.call.table: expected one of"),
    ],
)
def test_wrong_additions_are_explained(tables: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=r"^catalog") as caught:
        catalog.validate(tables, "catalog")
    assert said in str(caught.value)


def test_a_table_of_calls_is_what_its_entries_say() -> None:
    entries: list[tuple[str, dict[str, Any]]] = [
        ("call", {"table": "unbounded", "names": ["m.{get,put}"], "instead": "m.within", "unless": UNLESS}),
        ("call", {"table": "unbounded", "names": ["n.C.get"]}),
        ("call", {"table": "unclosed", "names": ["m.get"]}),
        ("inherits", {"type": "n.D", "base": "n.C"}),
    ]
    tables = Catalog(entries)
    assert set(tables.calls) == {"blocking", "metadata", "unbounded", "unclosed"}
    assert set(tables.calls["unbounded"]) == {"m.get", "m.put", "n.C.get"}
    assert tables.roots("unbounded") == {"m", "n"}
    assert tables.roots("unclosed") == {"m"}
    assert {"get", "put"} <= tables.tails
    listed = tables.calls["unbounded"]["m.get"]
    assert (listed.group, listed.instead) == ("", {"": "m.within"})
    assert listed.unless == (catalog.Unless(1, "block", ("False",)),)
    assert tables.lookup(tables.calls["unbounded"], "n.D.get").name == "n.C.get"


UNLESS = [{"position": 1, "keyword": "block", "equals": ["False"]}]


def test_no_table_of_calls_has_the_name_of_another_table() -> None:
    assert not {entry["table"] for table, entry in OWN if table == "call"} & set(catalog.SCHEMA)


def test_a_rule_that_listens_to_what_nothing_lists_is_told() -> None:
    with pytest.raises(ValueError, match="a rule listens to 'unbuonded'"):
        CATALOG.roots("unbuonded")


def test_the_files_stand_beside_the_loader() -> None:
    folder = Path(catalog.__file__).parent
    names = "blocking contexts cpu decorators files groups http libraries safe sinks types waiting"
    assert {path.stem for path in folder.glob("*.toml")} >= {*names.split()}


def _documented() -> dict[str, tuple[str, str]]:
    """What the documentation says of each table that a project may extend, and its examples."""
    text = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`\[\[.+?\]\]`) \| (.+) \| (.+?) \|$", text, re.MULTILINE)
    return {name: (said, shown) for names, said, shown in rows for name in re.findall(r"\w+", names)}


def test_every_table_that_a_project_may_extend_is_documented() -> None:
    assert set(_documented()) == set(catalog.SCHEMA)


@pytest.mark.parametrize("table", sorted(catalog.SCHEMA))
def test_what_is_documented_of_a_table_is_true(table: str) -> None:
    said, shown = _documented()[table]
    entries = [read_tables(f"entry = {{ {example} }}")["entry"] for example in re.findall(r"`([^`]+)`", shown)]
    if table == "call":  # a rule has to listen to it
        with pytest.raises(ValueError, match="table: expected one of"):
            catalog.validate({table: entries}, "catalog")
    else:
        catalog.validate({table: entries}, "catalog")
    assert {key for entry in entries for key in entry} == set(catalog.SCHEMA[table])
    words = {"depends": catalog.STATES, "runs": catalog.GIVEN, **catalog.WORDS}.get(table, ())
    assert [word for word in words if word not in re.findall(r"\w+", said + shown)] == []


WORK = """
def work(number):
    total = 0
    for i in range(number):
        for j in range(number):
            total += i * j
    return total
"""
#: Additions, and a program that they decide about: what is found without them, and with them.
DECIDING: list[tuple[tuple[tuple[str, dict[str, Any]], ...], str, list[str], list[str]]] = [
    (
        (("depends", {"names": ["acme.Queue.put"], "on": "limit"}),),
        "async def work():\n    queue = acme.Queue()\n    queue.put(1)",
        ["VET311"],
        [],
    ),
    (
        (("depends", {"names": ["acme.Port"], "on": "timeout"}),),
        "async def work():\n    port = acme.Port(timeout=0)\n    port.get()",
        ["VET311"],
        [],
    ),
    (
        (("ready", {"names": ["has_data"], "answers": True}),),
        "async def work(queue: acme.Queue):\n    if queue.has_data():\n        queue.put(1)",
        ["VET311"],
        [],
    ),
    (
        (("lock", {"names": ["acme.Mutex"]}),),
        "lock = acme.Mutex()\n\nasync def work():\n    with lock:\n        await acme.go()",
        [],
        ["VET311"],
    ),
    (
        (("loop", {"names": ["acme.my_loop"], "what": "asks"}),),
        "def help(p: acme.Port):\n    try:\n        acme.my_loop()\n    except RuntimeError:\n        p.get()\n\n"
        "async def work(port):\n    help(port)",
        ["VET312"],
        [],
    ),
    (
        (("runs", {"names": ["call_it"], "gives": "other"}),),
        "def work(pool, cursor, a):\n    pool.call_it(cursor.execute, f\"SELECT a FROM b WHERE c = '{a}'\")",
        ["VET203"],
        ["VET201"],
    ),
    (
        (("ends", {"names": ["acme.die"], "what": "program"}),),
        "def work(cursor, a):\n    if a not in ('b', 'c'):\n        acme.die()\n"
        "    cursor.execute(f'SELECT d FROM {a}')",
        ["VET202"],
        [],
    ),
    (
        (("file", {"names": ["acme.fetched"], "what": "opened"}),),
        "def work(name):\n    with acme.fetched(name) as data:\n"
        "        for line in data.readlines():\n            print(line)",
        [],
        ["VET101"],
    ),
    (
        (("file", {"names": ["acme.fetched"], "what": "opened"}),),
        "def work(name):\n    with acme.fetched(name) as data:\n"
        "        for row in data.read().splitlines():\n            print(row)",
        [],
        ["VET102"],
    ),
    (
        (("same", {"names": ["acme.closing"], "what": "entered"}),),
        "def work(name):\n    with acme.closing(open(name)) as data:\n"
        "        for line in data.readlines():\n            print(line)",
        [],
        ["VET101"],
    ),
    (
        (("library", {"names": ["acme"], "what": "no_sql"}),),
        "def work(a):\n    acme.run(f\"SELECT a FROM b WHERE c = '{a}'\")",
        ["VET201"],
        ["VET203"],
    ),
]
DECIDING += [
    (
        (("threads", {"names": ["acme.spawn"], "what": "begun"}),),
        f"{WORK}\ndef go(numbers: list[int]):\n    for number in numbers:\n        acme.spawn(work, (number,))",
        [],
        ["VET301"],
    ),
    (
        (("threads", {"names": ["acme.Workers"], "what": "executor"}),),
        f"{WORK}\ndef go(numbers: list[int]):\n    with acme.Workers() as pool:\n        list(pool.map(work, numbers))",
        [],
        ["VET301"],
    ),
]
BLOCKS = ("blocking", {"names": ["acme.{Queue.put,Port.get,Mutex.acquire}"], "group": "lock"})


@pytest.mark.parametrize(("additions", "text", "without", "expected"), DECIDING)
def test_a_project_adds_to_what_decides(
    additions: tuple[tuple[str, dict[str, Any]], ...], text: str, without: list[str], expected: list[str]
) -> None:
    def found(*catalogue: tuple[str, dict[str, Any]]) -> list[str]:
        settings = EVERYTHING._replace(catalog=catalogue)
        return [code for _, code in places(check(f"import acme\n\n{text}\n", settings=settings))]

    assert found(BLOCKS) == without
    assert found(BLOCKS, *additions) == expected
