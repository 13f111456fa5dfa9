"""A shop small enough for the command line, and how its verbs are run and read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Run = Callable[..., tuple[int, str, str]]
"""Runs `nba` with some words and gives exit code, stdout and stderr."""

Prepared = Callable[[str, Callable[[], None]], None]
"""Takes named steps in the folder of a test; the second time it copies what they left."""

FLAT = """order_id,customer_id,ordered_at,product_id,quantity,unit_price,title
o1,ann,2026-01-01T10:00:00Z,kettle,1,39.90,Steel kettle
o1,ann,2026-01-01T10:00:00Z,filter,2,4.50,Water filter
o2,bob,2026-01-05T09:30:00+02:00,kettle,1,39.90,Steel kettle
o2,bob,2026-01-05T09:30:00+02:00,filter,1,4.50,Water filter
o3,,2026-01-09T12:00:00Z,kettle,1,35.00,Steel kettle
o3,,2026-01-09T12:00:00Z,tea,1,5.00,Green tea
o4,ann,2026-02-01T10:00:00Z,tea,3,5.00,Green tea
o4,ann,2026-02-01T10:00:00Z,kettle,1,35.00,Steel kettle
"""

CONSENTS = """customer_id,channel,granted,at
ann,email,true,2026-01-01T10:00:00Z
bob,email,true,2026-01-05T07:30:00Z
"""


def document(result: tuple[int, str, str]) -> Any:
    """Read the JSON of a verb that succeeded."""
    code, out, err = result
    assert code == 0, err
    return json.loads(out)
