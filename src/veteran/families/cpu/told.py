"""What files tell of jobs on threads."""

from __future__ import annotations

from veteran.project.kinds import IMPORTS, Kind

#: The functions of a file, by dotted names, that hand a parameter of theirs to threads; and its pools.
SPREADS: Kind[tuple[str, ...]] = Kind("spreads", tuple[str, ...], (), IMPORTS)
#: Names, as imported, that decide whether there is more to find in a file. No other file asks.
ASKS: Kind[tuple[str, ...]] = Kind("asks", tuple[str, ...], ())
