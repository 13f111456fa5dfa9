"""A mapping said in words: which column of ours is filled by what."""

from __future__ import annotations

from nba.data.entries import FileMapping
from nba.data.mapping import SourceMapping


def explain_entry(entry: FileMapping) -> list[tuple[str, str]]:
    """Say how one kind of file is read.

    Returns:
        (our column, rule), in the order of our table, a required one marked `!`; before them the
        steps and derived columns, in brackets.
    """
    steps: list[tuple[str, str]] = [("(known by)", ", ".join(sorted(entry.detect)))]
    if entry.refuse:
        return [*steps, ("(refused)", entry.refuse)]
    if entry.query is not None:
        steps.append(("(query)", " ".join(entry.query.split())))
    if entry.zone is not None:
        steps.append(("(zone)", f"times without a zone are those of {entry.zone}"))
    if entry.fill_down is not None:
        cells = ", ".join(entry.fill_down.columns)
        steps.append(
            ("(fill down)", f"{cells}: from the rows above with the same {entry.fill_down.by}")
        )
    if entry.each is not None:
        steps.append(("(each)", f"one row per element of {entry.each}"))
    steps += [(f"({name})", " ".join(rule.words.split())) for name, rule in entry.derive.items()]
    if entry.only is not None:
        steps.append(("(only)", entry.only.sql))
    steps += [("(left out)", f"{one.because}: {one.sql}") for one in entry.skip]
    if entry.returns is not None:
        steps.append(("(takes back)", entry.returns.sql))
    columns = [
        (f"{name}!" if name in entry.table.required else name, " ".join(rule.words.split()))
        for name in entry.table.names
        if (rule := entry.columns.get(name)) is not None
    ]
    return [*steps, *columns]


def explain_words(mapping: SourceMapping) -> list[tuple[str, str]]:
    """Say what a mapping holds beside its kinds of files: words for statuses, personal columns."""
    said = [(f"status {word}", code) for word, code in mapping.statuses.items()]
    if mapping.personal:
        said.append(("(never stored)", ", ".join(dict.fromkeys(mapping.personal))))
    if mapping.keep:
        said.append(("(stored unread)", ", ".join(dict.fromkeys(mapping.keep))))
    return said
