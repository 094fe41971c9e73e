"""Files that are small by what they are for, judged by the words of their paths and of the code around them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING

import libcst as cst

from veteran.analysis.semantics import scopes
from veteran.analysis.semantics.ir import At, first_parameter
from veteran.analysis.syntax.expressions import dotted
from veteran.analysis.syntax.nodes import children, string_value

if TYPE_CHECKING:
    from veteran.analysis.module import Module

#: Places whose files the system makes on the spot or people write, and hidden files.
_PLACES = re.compile(r"^(?:file://)?/(?:proc|sys|etc|dev|run|boot)\b|(?:^|/)\.[a-z][\w-]*(?:$|[/.])")
#: Kinds of files that people write, by their last extension.
_WRITTEN = re.compile(
    r"\.(?:env|cfg|cnf|conf|config|ini|toml|ya?ml|json5?|properties|props|pyi?|pyx|pxd|ipynb|cc?|cpp|cxx|hh?|hpp|java|jsx?"
    r"|tsx?|css|s[ac]ss|less|x?html?|jinja2?|j2|tmpl|mako|tpl|in|rst|md|markdown|tex|sty|bib|po|pot|sh|bat|ps1|rb|go|rs"
    r"|lua|pl|cmake|mk|make|am|ac|m4|spec|service|desktop|lock|pid|pem|crt|key|pub|lic|plist|rc|patch|diff|qrc|ui|g4"
    r"|proto|graphql|egg-info|dist-info|pth|deps?|version|ver|srt|vtt|f90|template|theme|rules|cron|dict|vocab)$",
    re.IGNORECASE,
)
#: Kinds of files that programs write and that grow.
_GROWN = re.compile(
    r"\.(?:log|csv|tsv|jsonl|ndjson|jsonlines|gz|bz2|xz|zst|fasta|fastq|fa|fq|sam|vcf|gff3?|gtf|bed|pcap|sql|dump|dat"
    r"|trace|warc|conllu?)(?:\.\d+)?$",
    re.IGNORECASE,
)
#: README, LICENSE, RECORD: files of a distribution.
_CAPITALS = re.compile(r"(?:^|/)[A-Z][A-Z0-9_-]{2,}$")
#: What a function or class is for, where its name holds one of these.
_PURPOSES = frozenset(
    """
    env dotenv environ requirement requirements reqs constraints ignore ignores gitignore dockerignore hosts
    resolv passwd fstab mtab mounts cgroup cgroups cpuinfo meminfo loadavg sysfs procfs
    cfg ini toml yaml yml conf configs config configuration configurations properties property props
    setting settings preference preferences prefs option options
    version versions license licenses licence licences readme changelog pid pidfile lockfile manifest metadata
    description pyproject makefile dockerfile template templates crontab cron inventory
    udev spec specs specification specifications
    blacklist whitelist blocklist allowlist denylist stopword stopwords environment option template
    cookies bookmarks password passwords credentials secrets shebang package packages cmake cpp fortran cython python
    """.split()  # noqa: SIM905
)
#: What a file is for, where its path or the names that are bound to it hold one of these.
_WORDS = _PURPOSES | frozenset(
    """
    ignored gitattributes host shadow cmdline proc sys etc json
    copying copyright authors contributors changes pkg pkginfo recipe pipfile procfile jenkinsfile setup lock
    skeleton boilerplate stub stubs vocab vocabulary wordlist dict module modules plugin code py python
    linecache lineno snippet
    fixture fixtures expected golden cert certs certificate key keys passphrase secret credential auth authorized
    playbook allowed exclude excludes excluded include includes pattern patterns rule rules filter filters
    selected selection tokens abbreviations suffixes tld tlds useragents proxies proxy
    label labels class classes classnames categories synset synsets
    docstring docstrings documentation help usage header headers footer resource resources
    dependency dependencies deps theme style todo prompt prompts motd banner history cookie bookmark
    shell bashrc profile rc release releases revision branch branches commit git hg svn
    tempfile mkstemp mktemp status state marker flag flags pgid systemd unit control
    """.split()  # noqa: SIM905
)
#: The same without a mark between the words.
_PARTS = re.compile(
    r"ignore|requirement|config|settings|licen[sc]e|readme|changelog|lockfile|pidfile|stopword|envfile|hostsfile"
    r"|(?:rpm|bash|zsh|vim|npm|pypi|net|pylint|flake8|mypy)rc\b|args_?file|token_?list|(?:api|access)_?token|class_?list"
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
#: Programs that build, release or document a project.
_HELPERS = frozenset(("setup.py", "conf.py", "noxfile.py", "versioneer.py", "conftest.py", "fabfile.py", "tasks.py"))
#: Methods that give the same path or name in another form.
_FORMS = frozenset(
    "absolute expanduser format joinpath lower replace resolve strip with_name with_suffix open read_text".split()  # noqa: SIM905
)
#: Methods whose arguments are what names end with.
_ENDINGS = frozenset(("with_suffix", "endswith", "removesuffix", "replace", "rstrip"))
_MAX_NODES = 200
_MAX_DEPTH = 4


def is_small(
    module: Module, path: cst.BaseExpression | None, at: At, names: Iterable[str], purposes: Iterable[str]
) -> bool:
    """Whether the program itself, a path or what stands around its read says that the file is small.

    names: those bound to the file or to its lines. purposes: those of the functions and classes around it.
    """
    if PurePath(module.path).name in _HELPERS:
        return True
    if any(not _PURPOSES.isdisjoint(_words(name)) for name in purposes):
        return True
    if any(map(_says_small, names)):
        return True
    return path is not None and any(_judged(module, path, at))


def _words(name: str) -> Iterator[str]:
    return (word.lower() for word in _WORD.findall(name))


def _says_small(name: str) -> bool:
    return bool(_PARTS.search(name.lower())) or not _WORDS.isdisjoint(_words(name))


def _literal(text: str, *, ends: bool = False) -> bool:
    """Whether a part of a path says small. ends: it is what a name ends with, so that a dot is no hidden file's."""
    if ends and text[:1] == ".":
        return bool(_WRITTEN.search(text)) and not _GROWN.search(text)
    if _PLACES.search(text):
        return True
    if _GROWN.search(text):
        return False
    if _WRITTEN.search(text) or _CAPITALS.search(text):
        return True
    return _says_small(re.sub(r"\.\w+$", "", text))


def _judged(module: Module, path: cst.BaseExpression, at: At) -> Iterator[bool]:
    """What every literal and name says that a path is made of, through assignments, loops and defaults."""
    pending: list[tuple[cst.CSTNode, At, int]] = [(path, at, 0)]
    endings: set[cst.CSTNode] = set()
    for _ in range(_MAX_NODES):
        if not pending:
            return
        node, where, depth = pending.pop()
        if isinstance(node, cst.SimpleString):
            text = string_value(node)
            yield _literal(text if isinstance(text, str) else text.decode("latin-1"), ends=node in endings)
        elif isinstance(node, cst.FormattedStringText):
            yield _literal(node.value, ends=node in endings)
        elif isinstance(node, cst.Name):
            yield node.value == "__file__" or _says_small(node.value)
            pending += _origins(node, where, depth)
        elif isinstance(node, cst.Attribute):
            yield _says_small(node.attr.value)
            pending += _assigned(node, where, depth)
        elif isinstance(node, cst.Subscript):  # the key says more than the mapping
            pending += [(element.slice, where, depth) for element in node.slice]
            if isinstance(node.value, cst.Name):
                pending += _origins(node.value, where, depth)
        elif isinstance(node, cst.FormattedString):
            pairs = zip(node.parts, node.parts[1:], strict=False)
            endings.update(second for first, second in pairs if isinstance(first, cst.FormattedStringExpression))
            pending += [(part, where, depth) for part in node.parts]
        elif isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add):
            if not (isinstance(node.left, cst.SimpleString) and str(string_value(node.left))[-1:] in "/\\"):
                endings.add(node.right)
            pending += [(node.left, where, depth), (node.right, where, depth)]
        elif isinstance(node, cst.Call):
            func = node.func
            if isinstance(func, cst.Attribute) and func.attr.value in _ENDINGS:
                endings.update(arg.value for arg in node.args)
            yield _says_small((dotted(func) or "").rpartition(".")[2])
            pending += [(arg.value, where, depth) for arg in node.args]
            if isinstance(func, cst.Attribute) and (
                func.attr.value in _FORMS or not isinstance(func.value, (cst.Name, cst.Attribute))
            ):
                pending.append((func.value, where, depth))
        else:
            pending += [(child, where, depth) for child in children(node)]


def _origins(node: cst.Name, at: At, depth: int) -> Iterator[tuple[cst.CSTNode, At, int]]:
    """What a name is bound from."""
    if depth < _MAX_DEPTH:
        for binding in scopes.lookup(node.value, at).bindings:
            value = binding.value.default if binding.kind == "parameter" else binding.value
            if binding.kind in ("assign", "walrus", "with", "for", "parameter") and isinstance(value, cst.CSTNode):
                yield value, binding, depth + 1


def _assigned(node: cst.Attribute, at: At, depth: int) -> Iterator[tuple[cst.CSTNode, At, int]]:
    """What `self.x` is set to; else what the attribute is taken of, unless that is a name for many things."""
    owner = at.scope.function.parent
    if isinstance(node.value, cst.Name):
        own = owner is not None and node.value.value == first_parameter(at.scope.function)
        for binding in owner.attributes.get(node.attr.value, ()) if own and owner and depth < _MAX_DEPTH else ():
            if isinstance(binding.value, cst.BaseExpression):
                yield binding.value, binding, depth + 1
    else:
        yield node.value, at, depth
