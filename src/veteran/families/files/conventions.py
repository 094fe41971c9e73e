"""What names and paths say of files: conventions that serve as evidence, never as proof."""

from __future__ import annotations

import re

#: Places whose files the system makes on the spot or people write, and hidden files: all of them small.
PLACES = re.compile(r"^(?:file://)?/(?:proc|sys|etc|dev|run|boot)\b|(?:^|/)\.[a-z][\w-]*(?:$|[/.])")
#: Kinds of files that people write, by their last extension: as long as somebody likes to read.
WRITTEN = re.compile(
    r"\.(?:env|cfg|cnf|conf|config|ini|toml|ya?ml|json5?|properties|props|pyi?|pyx|pxd|ipynb|cc?|cpp|cxx|hh?|hpp|java|jsx?"
    r"|tsx?|css|s[ac]ss|less|x?html?|jinja2?|j2|tmpl|mako|tpl|in|rst|md|markdown|tex|sty|bib|po|pot|sh|bat|ps1|rb|go|rs"
    r"|lua|pl|cmake|mk|make|am|ac|m4|spec|service|desktop|lock|pid|pem|crt|key|pub|lic|plist|rc|patch|diff|qrc|ui|g4"
    r"|proto|graphql|egg-info|dist-info|pth|deps?|version|ver|srt|vtt|f90|template|theme|rules|cron|dict|vocab)$",
    re.IGNORECASE,
)
#: Kinds of files that programs write and that grow.
GROWN = re.compile(
    r"\.(?:log|csv|tsv|jsonl|ndjson|jsonlines|gz|bz2|xz|zst|fasta|fastq|fa|fq|sam|vcf|gff3?|gtf|bed|pcap|sql|dump|dat"
    r"|trace|warc|conllu?)(?:\.\d+)?$",
    re.IGNORECASE,
)
#: README, LICENSE, RECORD: files of a distribution.
CAPITALS = re.compile(r"(?:^|/)[A-Z][A-Z0-9_-]{2,}$")
#: What a function or class is for, where its name holds one of these: lists that people write, facts of the system.
PURPOSES = frozenset(
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
#: What a file is for, where its path or the names that are bound to it hold one of these. As names of functions
#: they would say too little.
WORDS = PURPOSES | frozenset(
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
PARTS = re.compile(
    r"ignore|requirement|config|settings|licen[sc]e|readme|changelog|lockfile|pidfile|stopword|envfile|hostsfile"
    r"|(?:rpm|bash|zsh|vim|npm|pypi|net|pylint|flake8|mypy)rc\b|args_?file|token_?list|(?:api|access)_?token|class_?list"
)
#: Programs that build, release or document a project: they read its own files.
HELPERS = frozenset(("setup.py", "conf.py", "noxfile.py", "versioneer.py", "conftest.py", "fabfile.py", "tasks.py"))
#: Functions that change a file: one that is written anew has to be read whole before.
CHANGES = re.compile(r"write|save|dump|update|modif|patch|edit|truncate|persist|store", re.IGNORECASE)
#: What is held while a file is read: the shorter, the better.
LOCKS = re.compile(r"lock|mutex|semaphore|acquire", re.IGNORECASE)
#: Functions that read what a person has written.
CONFIGURES = ("config", "setting", "environment", "dotenv", "requirement", "option", "preference", "template")
