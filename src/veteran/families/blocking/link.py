"""What the rules say of calls that block in other modules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from veteran.catalog import Catalog
from veteran.families.blocking.call_chains import Chain, Chains, Direct
from veteran.project.family import Heard, Linking
from veteran.project.world import World
from veteran.registry import Subscription


class Blocked(NamedTuple):
    """What a rule hears of: a coroutine's call that reaches a blocking one."""

    chain: Chain
    catalog: Catalog


class LinkedCall(NamedTuple):
    """What a rule hears of: a coroutine's own call that blocks, as other modules tell."""

    direct: Direct
    catalog: Catalog
    table: str


def chains_of(world: World) -> Chains:
    """The chains of a program; by `World.once`."""
    return Chains(world.program)


def events(file: Linking, on: Subscription) -> Iterator[Heard]:
    """The chains that begin in a file, or its own calls that block by what others tell."""
    world = file.world
    chains = world.once(chains_of)
    module = world.program.module_at(file.path)
    if module is None:
        return
    if on.table == "blocking.chains":
        for chain in chains.of(module):
            yield Heard(Blocked(chain, world.catalog), chain.coroutine.fact.contexts)
    else:
        for direct in chains.direct(module, on.lists):
            yield Heard(LinkedCall(direct, world.catalog, on.lists), direct.coroutine.fact.contexts)
