"""What the names of functions say of what they do: conventions of projects, where nothing else is known."""

from __future__ import annotations

import re

#: Decorators that call a function again or later, and give what it gives.
REPEATS = re.compile(r"(?i)retr(?:y|ies)|backoff|throttle|rate_?limit")
#: Decorators that run it on another thread, or hand out a coroutine in its place.
OFFLOADS = re.compile(
    r"(?i)thread|executor|offload|background|sync_to_async|asyncify|awaitable|defer|in_loop|coroutine"
)
#: Functions and classes that import the module they are given the name of, now or later.
IMPORTS = re.compile(r"(?i)_*(?:lazy_?(?:import|module)|import_module|importorskip|optional_import|try_import)")
