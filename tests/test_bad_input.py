"""Files that are no programs, or hard ones: one finding or a normal result, and the others untouched."""

from __future__ import annotations

import ast
import subprocess
import sys
import threading
from encodings.aliases import aliases
from pathlib import Path

import pytest

from helpers import EVERYTHING, ROOT, check, places
from veteran.analysis.syntax.source import BOM, Source, SourceError
from veteran.runs import batch, one_file

GOOD = "import time\nasync def f():\n    time.sleep(1)\n"
FOUND = [(3, "VET311")]
#: Programs that CPython reads, though some of them not libcst.
READ = {
    "carriage-returns": GOOD.replace("\n", "\r"),
    "crlf": GOOD.replace("\n", "\r\n"),
    "90-parentheses": GOOD + "x = " + "(" * 90 + "1" + ")" * 90 + "\n",
    "concatenation": GOOD + "x = " + " + ".join(["a"] * 20_000) + "\n",
    "literals": GOOD + "x = (" + '"a" ' * 5_000 + ")\n",
    "calls": GOOD + "x = a" + ".b()" * 5_000 + "\n",
    "subscripts": GOOD + "x = a" + "[0]" * 5_000 + "\n",
    "elifs": GOOD + "if a: pass\n" + "elif b: pass\n" * 3_000,
    "lambdas": GOOD + "x = " + "lambda: " * 2_000 + "1\n",
    "no-final-newline": GOOD.rstrip("\n"),
    "form-feed": "\f" + GOOD,
    "long-line": GOOD + "é = [" + "'a', g(b), " * 20_000 + "]\n",
    "attributes-in-a-field": GOOD + "x = f'{a" + ".b" * 20_000 + "}'\n",
    "sum-in-a-field": GOOD + "x = f'{a" + " + b" * 20_000 + "}'\n",
    "sum-in-a-field-in-a-field": GOOD + "x = f'''a {f'{a" + " + b" * 20_000 + "}'} b'''\n",
    "fields": GOOD + "x = f'" + "{a}" * 20_000 + "'\n",
    "annotation": GOOD + "x: " + "a | " * 20_000 + "b = 1\n",
    "target": GOOD + "x" + ".a" * 20_000 + " = 1\n",
    "patterns": GOOD + "match x:\n  case " + "[" * 40 + "a" + "]" * 40 + ": pass\n",
    "deleted": GOOD + "del " + "(" * 40 + "a" + ",)" * 40 + "\n",
    "quoted-annotation": GOOD + "def g(x: '" + "(" * 50_000 + "a" + ")" * 50_000 + "'): return x.json()['a']\n",
    "digits": GOOD.replace("1", "9" * 400),
}
#: What no Python reads: the line that the finding names, and a word of its message.
REFUSED = {
    "syntax": (GOOD + "def (:\n", 4, "invalid syntax"),
    "unclosed": (GOOD + "x = (1,\n", 4, "never closed"),
    "null": (GOOD + "x = 1\0\n", 4, "null byte"),
    "5000-parentheses": (GOOD + "x = " + "(" * 5_000 + "1" + ")" * 5_000 + "\n", 4, "nested"),
    "indents": (GOOD + "".join(" " * i + "if a:\n" for i in range(150)) + " " * 150 + "pass\n", 104, "levels"),
    "brackets-in-a-field": (GOOD + "x = f'{" + "(" * 50_000 + "1" + ")" * 50_000 + "}'\n", 4, "nested"),
    "formatted-in-formatted": (GOOD + "x = " + "f'{" * 2_000 + "1" + "}'" * 2_000 + "\n", 4, "nested"),
    "patterns-and-an-error": (
        GOOD + "match x:\n  case " + "[" * 60 + "a" + "]" * 60 + ": pass\nx =\n",
        6,
        "invalid syntax",
    ),
    "deleted-and-an-error": (GOOD + "x; del " + "(" * 60 + "a" + ",)" * 60 + "\nx =\n", 5, "invalid syntax"),
    "condition": (GOOD + "if " + " + ".join(["a"] * 20_000) + ": pass\n", 4, "too long"),
}
ENCODED = {
    "latin-1": (b"# coding: latin-1\n" + GOOD.encode() + b"x = '\xe9'\n", [(4, "VET311")]),
    "bom": (b"\xef\xbb\xbf" + GOOD.encode(), FOUND),
    "bom-and-cookie": (b"\xef\xbb\xbf# coding: latin-1\n" + GOOD.encode(), [(1, "VET001")]),
    "not-utf-8": (GOOD.encode() + b"x = '\xe9'\n", [(4, "VET001")]),
    "unknown": (b"# coding: klingon\n" + GOOD.encode(), [(1, "VET001")]),
    "no-text-codec": (b"# coding: rot13\n" + GOOD.encode(), [(1, "VET001")]),
    "wrong-cookie": (b"# -*- coding: ascii -*-\n" + GOOD.encode() + "x = 'é'\n".encode(), [(5, "VET001")]),
    "second-line": (b"#!/bin/python\n# vim: fileencoding=latin-1\n" + GOOD.encode() + b"#\xe9\n", [(5, "VET311")]),
    "utf-16": (GOOD.encode("utf-16"), []),
    "empty": (b"", []),
}


@pytest.mark.parametrize("name", READ)
def test_hard_programs_are_read(name: str) -> None:
    assert places(check(READ[name])) == FOUND


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_program_is_one_finding(name: str) -> None:
    text, line, word = REFUSED[name]
    (finding,) = check(text)
    assert (finding.span.line, finding.code) == (line, "VET001")
    assert word in finding.message


@pytest.mark.parametrize("name", ENCODED)
def test_encodings(name: str) -> None:
    data, expected = ENCODED[name]
    assert places(one_file.check_bytes("a.py", data, EVERYTHING)) == expected


def spellings(name: str) -> set[str]:
    """How a name of an encoding may stand in a file, with the line ends that editors add."""
    dashed = name.replace("_", "-")
    ends = [f"{name}{end}" for end in ("-unix", "-dos", "-mac", "_unix", "unix", "-", ".unix")]
    return {name, name.upper(), name.title(), dashed, name.replace("-", "_"), *ends, f"{dashed}-unix", f"{dashed}-x"}


def refuses(data: bytes) -> bool:
    """Whether CPython takes bytes for no program."""
    try:
        compile(data, "a.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return True
    return False


def we_refuse(data: bytes) -> bool:
    """Whether we do."""
    try:
        ast.parse(Source.from_bytes(data).text)
    except (SourceError, SyntaxError, ValueError):
        return True
    return False


def test_names_of_encodings_mean_what_they_mean_to_python() -> None:
    slow = {alias for alias, encoding in aliases.items() if encoding in ("idna", "punycode")} | {"idna", "punycode"}
    names = {*aliases, *aliases.values(), "utf-8-sig", "iso-latin-1", "latin-1", "undefined", "nonsense"}
    for name in sorted({each for known in names - slow for each in spellings(known)}):
        for data in (b"# coding: %b\nx = 1\n", b"# coding: %b\nx = '\xe9'\n", b"# coding: %b\nx = '\xc3\xa9'\n"):
            for bom in (b"", BOM):
                text = bom + data % name.encode()
                assert we_refuse(text) is refuses(text), text


@pytest.mark.parametrize("name", ["utf-8-unix", "latin-1-dos", "nonsense", "cp1252"])
@pytest.mark.parametrize(
    "form",
    [
        "#coding=@",
        "# vim: set fileencoding=@ :",
        "#!/bin/python\n# coding: @",
        "\n# coding: @",
        "x = 2\n# coding: @",
        "'''\n# coding: @\n'''",
        "\f# coding: @",
        "\t\f # coding: @",
        "# a\r# coding: @\r",
        "\r# coding: @\r",
        "\r\n# coding: @\r\n",
        "# coding : @",
        "#coding @",
        "# Coding: @",
        "# coding:  \t@",
        "# coding: @;",
        "\n\n# coding: @",
        "\f\n# coding: @",
        "\\\n# coding: @",
        "x=1 # coding: @",
        "# coding=\n# coding: @",
        "# decoding: @",
        "# coding: @ coding: ascii",
        "(\n# coding: @\n)",
        "# coding: '@'",
        "x=1\r# coding: @",
        " \r# coding: @",
        "# a\r# b\r# coding: @",
        "# a\r\n# coding: @",
    ],
)
def test_where_an_encoding_is_declared(form: str, name: str) -> None:
    for end in (b"\nx = '\xe9'\n", b"\nx = '\xc3\xa9'\n", b"\nx = '\x81'\n"):
        for bom in (b"", BOM):
            text = bom + form.replace("@", name).encode("latin-1") + end
            assert we_refuse(text) is refuses(text), text


def test_an_encoding_costs_no_more_than_its_text() -> None:
    for name in ("punycode", "idna", "PUNYCODE"):
        data = f"# coding: {name}\n{GOOD}".encode()
        assert places(one_file.check_bytes("a.py", data, EVERYTHING)) == [(1, "VET001")]


#: Ways to nest or to go on without brackets: before, again and again, after.
WAYS = {
    "lambdas": ("x = ", "lambda a: ", "1"),
    "lambdas-bare": ("", "lambda: ", "1"),
    "defaults": ("x = ", "lambda a=", "1"),
    "in-a-call": ("f(", "lambda a, b=1: ", "1)"),
    "in-a-condition": ("if ", "lambda a: ", "1: pass"),
    "in-a-block": ("if a: b = ", "lambda: ", "1"),
    "in-an-index": ("x = a[b:", "lambda: ", "c]"),
    "in-a-dictionary": ("x = {a: ", "lambda: ", "b}"),
    "in-a-field": ("x = f'{(", "lambda: ", "1)}'"),
    "in-a-decorator": ("@", "lambda: ", "a\ndef g(): pass"),
    "in-an-annotation": ("x: ", "lambda: ", "b"),
    "in-a-result": ("def g() -> ", "lambda: ", "a: pass"),
    "in-a-guard": ("match x:\n  case 1 if ", "lambda: ", "1: pass"),
    "not": ("x = ", "not ", "a"),
    "signs": ("x = ", "-~+", "a"),
    "awaits": ("async def g(): x = ", "await ", "a"),
    "powers": ("x = a", " ** -a", ""),
    "conditional": ("x = ", "a if b else ", "c"),
    "conditional-lambdas": ("x = ", "lambda: a if b else ", "c"),
    "comparisons": ("x = a", " is not a", ""),
    "yields": ("def g(): x = ", "yield ", "a"),
    "walruses": ("x = (", "a := ", "1)"),
    "loops": ("x = [a", " for a in b", "]"),
    "filters": ("x = [a for a in b", " if a", "]"),
    "decorators": ("", "@d\n", "def g(): pass"),
    "patterns": ("match x:\n  case ", "1 | ", "2: pass"),
    "cases": ("match x:\n", "  case 1: pass\n", ""),
    "fields-in-a-format": ("x = f'{a:", "{b}", "}'"),
    "elifs-of-lambdas": ("if a: pass\n", "elif lambda: a: pass\n", ""),
    "statements": ("", "a = 1; ", "b"),
    "managers": ("with ", "a as b, ", "c: pass"),
    "groups": ("try: pass\n", "except* a: pass\n", ""),
    "targets": ("", "a = ", "1"),
    "imports": ("from a import ", "b, ", "c"),
    "dots": ("from ", ".", " import b"),
    "continued": ("x = a", " \\\n + a", ""),
    "type": ("type X = ", "lambda: ", "1"),
    "not-in-brackets": ("x = ", "(not " * 20 + "-" * 100, "1"),
}
#: One statement too many: what CPython does not read libcst is asked for.
BEHIND = ["", "def (:\n"]


@pytest.mark.parametrize("behind", BEHIND)
def test_whatever_nests_costs_one_file(tmp_path: Path, behind: str) -> None:
    for name, (before, again, after) in WAYS.items():
        for count in (1_000, 6_000):
            (tmp_path / f"{name}-{count}.py").write_text(f"{GOOD}{before}{again * count}{after}\n{behind}")
    (tmp_path / "many.py").write_text(GOOD + f"x = {'-' * 1_990}1\n" * 50 + behind)
    code = f"""
import sys
if sys.platform == "linux":
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
from veteran.frontends.cli import main
sys.exit(main(["check", "--no-cache", "-j1", "--output-format=concise", {str(tmp_path)!r}]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 1, done.stderr[-500:]
    assert "VET003" not in done.stdout
    for file in tmp_path.iterdir():
        lines = [line for line in done.stdout.splitlines() if file.name in line]
        assert lines, file.name
        assert behind == "" or "VET001" in lines[0]


@pytest.mark.parametrize("name", ["lambdas", "in-a-call", "in-a-dictionary", "not", "conditional", "powers"])
def test_what_nests_too_deep_leaves_the_rest_of_its_file(name: str) -> None:
    before, again, after = WAYS[name]
    assert places(check(f"{GOOD}{before}{again * 6_000}{after}\n")) == FOUND


def test_what_only_looks_nested_is_read() -> None:
    long = ", ".join("lambda a=-1, b=not x: -a if a else {1: -b}" for _ in range(3_000))
    source = Source(f"x = [{long}]\ny = {{{long.replace('lambda', '1: lambda')}}}\nlambda {'a=-1, ' * 3_000}b: 1\n")
    assert source.parse_text == source.text
    assert not source.too_costly()


def test_other_files_are_untouched(tmp_path: Path) -> None:
    for name, text in READ.items():
        (tmp_path / f"{name}.py").write_bytes(text.encode())
    for name, (text, _, _) in REFUSED.items():
        (tmp_path / f"{name}.py").write_bytes(text.encode())
    for name, (data, _) in ENCODED.items():
        (tmp_path / f"{name}.py").write_bytes(data)
    files = sorted(tmp_path.iterdir())
    outcome = batch.run(files, lambda _: EVERYTHING, jobs=1)
    found: dict[str, list[tuple[int, str]]] = {path.stem: [] for path in files}
    for finding in outcome.findings:
        found[Path(finding.path).stem].append((finding.span.line, finding.code))
    expected = dict.fromkeys(READ, FOUND)
    expected |= {name: [(line, "VET001")] for name, (_, line, _) in REFUSED.items()}
    expected |= {name: places_ for name, (_, places_) in ENCODED.items()}
    assert found == expected


def test_on_a_thread_with_a_small_stack() -> None:
    """In a process of its own: the stack size of threads is the process's."""
    program = f"""
import sys, threading
sys.path.insert(0, {str(ROOT / "tests")!r})
from helpers import check, places
from test_bad_input import READ, REFUSED
results = []
def run():
    results.append([places(check(READ[n])) for n in ("90-parentheses", "lambdas", "elifs")])
    results.append([places(check(REFUSED[n][0])) for n in ("5000-parentheses", "indents")])
threading.stack_size(64 * 1024)
thread = threading.Thread(target=run)
thread.start()
thread.join()
assert threading.stack_size() == 64 * 1024
print(results)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == str([[FOUND] * 3, [[(4, "VET001")], [(104, "VET001")]]]), done.stderr


def test_stack_size_and_recursion_limit_are_left_as_they_were() -> None:
    before = threading.stack_size(), sys.getrecursionlimit()
    deep = "import time\nasync def f():\n    x = time.sleep(1)" + " + a" * 2_000 + "\n"
    assert places(check(deep)) == FOUND
    assert (threading.stack_size(), sys.getrecursionlimit()) == before
