"""Every record of a CSV file is either read with its line or rejected with its line."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from nba.data import records
from nba.data.readers import connect, read_file
from tests.effort import times

GOOD_CELL = st.sampled_from(
    ["x", "", "a\nb", 'say "hi"', "p,q", "p;q", "é", "a\r\nb", '""', "y z", "\t"]
)
RULES = ("missing_cells", "extra_cells", "not_utf8", "stray_quote", "stray_carriage_return")
piece = st.one_of(
    st.tuples(st.just("good"), st.lists(GOOD_CELL, min_size=2, max_size=2)),
    st.tuples(st.just("inches"), st.just([])),
    st.tuples(st.just("blank"), st.just([])),
    st.tuples(st.sampled_from(RULES), st.lists(GOOD_CELL, min_size=2, max_size=2)),
)


def quote(text: str, delimiter: str, always: bool) -> str:
    if always or any(mark in text for mark in f'"\n\r{delimiter}'):
        return '"' + text.replace('"', '""') + '"'
    return text


def broken(rule: str, key: str, cells: list[str], delimiter: str) -> bytes:
    quoted = [quote(cell, delimiter, True) for cell in cells]
    match rule:
        case "missing_cells":
            found = [key, quoted[0]]
        case "extra_cells":
            found = [key, *quoted, "more"]
        case "not_utf8":
            found = [key, quoted[0], "caf\udce9"]
        case "stray_quote":
            found = [key, '"never closed', "x"]
        case _:
            found = [key, "a\rb", "x"]
    return delimiter.join(found).encode("utf-8", "surrogateescape")


@settings(max_examples=times(60, 1_000))
@given(
    st.lists(piece, max_size=10),
    st.sampled_from(",;\t|"),
    st.sampled_from([b"\n", b"\r\n", b"mixed"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([1 << 24, 300]),
)
def test_records_are_read_or_rejected_with_the_line_an_editor_shows(
    pieces, delimiter, line_end, always, ends_with_newline, block
):
    content, line = delimiter.join(["key", "one", "two"]).encode(), 1
    rows, rejects = [], []
    for number, (kind, cells) in enumerate(pieces):
        end = (b"\n", b"\r\n")[number % 2] if line_end == b"mixed" else line_end
        content += end
        line = content.count(b"\n") + 1
        key = f"k{number}"
        if kind == "good":
            texts = [quote(cell, delimiter, always) for cell in [key, *cells]]
            content += delimiter.join(texts).encode()
            rows.append((line, key, *(cell.strip(" ") or None for cell in cells)))
        elif kind == "inches":
            content += delimiter.join([key, '5" disk', '7"']).encode()
            rows.append((line, key, '5" disk', '7"'))
        elif kind != "blank":
            content += broken(kind, key, cells, delimiter)
            rejects.append((line, kind))
    content += b"\n" if ends_with_newline else b""
    with TemporaryDirectory() as folder, connect() as connection:
        path = Path(folder) / "a.csv"
        path.write_bytes(content)
        whole = records.BLOCK_BYTES, records.RECORD_BYTES
        records.BLOCK_BYTES, records.RECORD_BYTES = block, block // 2
        try:
            raw = read_file(connection, path, "raw")
        finally:
            records.BLOCK_BYTES, records.RECORD_BYTES = whole
        read = connection.execute("SELECT key, one, two FROM raw ORDER BY _n_row").fetchall()
    lines = raw.lines_of(range(1, raw.row_count + 1))
    assert [(at, *row) for at, row in zip(lines, read, strict=True)] == rows
    assert [(at, rule) for at, _, rule, _, _ in raw.rejects] == rejects
