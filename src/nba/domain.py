"""Identifiers, packed texts and instants: the ground the other rooms stand on."""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate, pairwise
from typing import Final, Self, overload

import numpy as np
from numpy.typing import NDArray

from nba.errors import DataError

Instants = NDArray[np.datetime64]
"""UTC instants in microseconds, dtype datetime64[us]; a missing one is NaT."""

DAY: Final = np.timedelta64(86_400_000_000, "us")
MICROSECOND: Final = np.timedelta64(1, "us")
INT32_LIMIT: Final = 2**31 - 1
REMEMBERED: Final = 1 << 16
"""Look-ups that a set of identifiers remembers."""


class Texts(Sequence[str]):
    """Strings packed as one UTF-8 byte array and offsets, so that opening them builds nothing.

    Attributes:
        data: uint8, the bytes of all strings, one after the other.
        offsets: int64, length n + 1; string i is data[offsets[i]:offsets[i + 1]].
    """

    __slots__ = ("_bytes", "_ends", "data", "offsets")

    def __init__(self, data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> None:
        """Wrap arrays that already hold packed strings."""
        self.data = data
        self.offsets = offsets
        self._bytes = memoryview(data)  # type: ignore[arg-type]
        self._ends = memoryview(offsets)  # type: ignore[arg-type]

    @classmethod
    def of(cls, strings: Iterable[str]) -> Self:
        """Pack strings in the given order."""
        told = list(strings)
        text = "".join(told)
        if not text.isascii():
            # Only characters of ASCII are a byte each, as those of most identifiers are.
            encoded = [one.encode("utf-8", "surrogatepass") for one in told]
            return cls(np.frombuffer(b"".join(encoded), np.uint8), _ends(encoded))
        return cls(np.frombuffer(text.encode("ascii"), np.uint8), _ends(told))

    def __len__(self) -> int:
        """Count the strings."""
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        """Decode one string, or those of a slice."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(index)
        return str(self._raw(index), "utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        """Decode the strings in order."""
        # Bytes are cut in half the time that views of an array take.
        data, ends = self.data.tobytes(), self.offsets.tolist()
        return (data[begin:end].decode("utf-8", "surrogatepass") for begin, end in pairwise(ends))

    def __eq__(self, other: object) -> bool:
        """Compare byte by byte."""
        if not isinstance(other, Texts):
            return NotImplemented
        return np.array_equal(self.offsets, other.offsets) and np.array_equal(self.data, other.data)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """Show how many there are."""
        return f"{type(self).__name__}({len(self)})"

    def take(self, codes: NDArray[np.integer] | slice) -> Self:
        """Repack the strings at `codes`, in that order; a slice from one to another is a view."""
        if isinstance(codes, slice):
            offsets = self.offsets[codes.start : codes.stop + 1]
            return type(self)(self.data[offsets[0] : offsets[-1]], offsets - offsets[0])
        start = self.offsets[codes]
        return type(self)(*_gathered(self.data, start, self.offsets[1:][codes] - start))

    def spread(self, places: NDArray[np.integer], count: int) -> Texts:
        """Put the strings at ascending places among `count`; all others are empty."""
        length = np.zeros(count, np.int64)
        length[places] = np.diff(self.offsets)
        return Texts(self.data, np.append(0, np.cumsum(length)))

    def filled(self, others: Texts) -> Texts:
        """Put the string of `others`, which are as many, wherever one is empty."""
        # Byte by byte, since decoding and encoding a million titles takes seconds.
        own = np.diff(self.offsets)
        length = np.where(own > 0, own, np.diff(others.offsets))
        start = np.where(own > 0, self.offsets[:-1], len(self.data) + others.offsets[:-1])
        return Texts(*_gathered(np.concatenate([self.data, others.data]), start, length))

    def _raw(self, index: int) -> bytes:
        return bytes(self._bytes[self._ends[index] : self._ends[index + 1]])


def _gathered(
    data: NDArray[np.uint8], start: NDArray[np.int64], length: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Pack the runs of bytes that begin at `start`."""
    offsets = np.append(0, np.cumsum(length))
    byte = np.arange(offsets[-1]) + np.repeat(start - offsets[:-1], length)
    return data[byte], offsets


def _ends(strings: Sequence[str | bytes]) -> NDArray[np.int64]:
    return np.fromiter(accumulate(map(len, strings), initial=0), np.int64, len(strings) + 1)


class Ids(Texts):
    """Distinct identifiers in byte order; the position of one is its code (int32)."""

    __slots__ = ("_code", "_found")

    def __init__(self, data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> None:
        """Wrap arrays that already hold sorted, distinct, packed strings."""
        super().__init__(data, offsets)
        self._found: dict[str, int | None] = {}
        self._code: dict[str, int] | None = None

    @classmethod
    def of(cls, strings: Iterable[str]) -> Self:
        """Sort, drop repetitions and pack."""
        # UTF-8 byte order equals code-point order, which is what Python sorts str by.
        named = sorted(set(strings))
        ids = super().of(named)
        if len(named) <= REMEMBERED:
            ids._code = dict(zip(named, range(len(named)), strict=True))
        return ids

    def __iter__(self) -> Iterator[str]:
        """Give the identifiers in order."""
        return super().__iter__() if self._code is None else iter(self._code)

    def codes(self) -> Mapping[str, int]:
        """Give the code of every identifier."""
        if self._code is not None:
            return self._code
        return {identifier: code for code, identifier in enumerate(self)}

    def find(self, identifier: str) -> int | None:
        """Give the code of an identifier, or None: a binary search, remembered for the next time.

        What is remembered has a bound, so that nobody fills the memory by asking. Of few ids that
        were packed from strings all codes are known.
        """
        if self._code is not None:
            return self._code.get(identifier)
        try:
            return self._found[identifier]
        except KeyError:
            if len(self._found) >= REMEMBERED:
                self._found.clear()
            return self._found.setdefault(identifier, self._search(identifier))

    def _search(self, identifier: str) -> int | None:
        wanted = identifier.encode("utf-8", "surrogatepass")
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self._raw(middle) < wanted:
                low = middle + 1
            else:
                high = middle
        return low if low < len(self) and self._raw(low) == wanted else None

    def codes_of(self, others: Ids) -> NDArray[np.int32]:
        """Map codes of `others` to codes here.

        Returns:
            int32, one per id of `others`.

        Raises:
            DataError: an id of `others` is not here.
        """
        mine = self.codes()
        try:
            return np.fromiter((mine[one] for one in others), np.int32, len(others))
        except KeyError as missing:
            raise DataError(f"id {missing} is not among the {len(self)} known ones") from None

    def union(self, others: Ids) -> Ids:
        """Merge two sets of identifiers."""
        return Ids.of([*self, *others])


def to_instant(value: str | datetime | np.datetime64) -> np.datetime64:
    """Read an instant with a zone as UTC microseconds.

    Args:
        value: an ISO 8601 text or an aware datetime; a datetime64 is taken as UTC.

    Raises:
        DataError: the text is no instant, or it carries no zone.
    """
    if isinstance(value, np.datetime64):
        instant: np.datetime64 = value.astype("datetime64[us]")
        return instant
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise DataError(
                f"{value!r} is not an instant; expected ISO 8601 such as 2026-10-01T00:00Z"
            ) from None
    if value.tzinfo is None:
        raise DataError(
            f"{value.isoformat()} has no zone; write 2026-10-01T00:00Z or +02:00 after it"
        )
    try:
        return np.datetime64(value.astimezone(UTC).replace(tzinfo=None), "us")
    except OverflowError:
        raise DataError(f"{value.isoformat()} lies outside the years 1 to 9999 of UTC") from None


def iso(instant: np.datetime64) -> str | None:
    """Write an instant as ISO 8601 with `Z`, without needless zeros; None for NaT."""
    if np.isnat(instant):
        return None
    text = str(instant.astype("datetime64[us]"))
    return text.removesuffix(".000000") + "Z"


def significant(value: float) -> float:
    """Round to 9 significant digits, so that ranks and printed numbers agree between runs."""
    return float(f"{value:.9g}")


def uniform(seed: int, *names: str) -> float:
    """Draw a number that depends on seed and names alone: neither on order, batch nor other draws.

    The first 53 bits of BLAKE2b over them, as texts joined by the unit separator.

    Returns:
        0 <= u < 1.
    """
    named = "\x1f".join((str(seed), *names)).encode("utf-8", "surrogatepass")
    bits = int.from_bytes(hashlib.blake2b(named, digest_size=8).digest(), "big")
    return (bits >> 11) / 2**53


@dataclass(frozen=True, slots=True)
class Part:
    """One of several parts of a shop's customers, each of whom is in one of them.

    Attributes:
        number: 1 <= number <= count.
        count: how many parts there are.
    """

    number: int
    count: int

    def holds(self, customer: str) -> bool:
        """Tell whether a customer is in it, wherever and whenever it is asked.

        The first 16 hexadecimal digits of SHA-256 over the id in UTF-8, as a number, leave a
        remainder by `count` that is one less than `number`.
        """
        named = customer.encode("utf-8", "surrogatepass")
        digits = hashlib.sha256(named).hexdigest()[:16]
        return int(digits, 16) % self.count == self.number - 1


def keyed_hash(key: bytes, *names: str) -> str:
    """Hash names so that nobody without the key can find them by trying, in hexadecimal.

    HMAC-SHA256 (RFC 2104) over them, joined by the unit separator.
    """
    named = "\x1f".join(names).encode("utf-8", "surrogatepass")
    return hmac.digest(key, named, "sha256").hex()


_DIGITS: Final = 9
_LEAST_POWER: Final = [
    min(max(math.floor((bits - 1023) * math.log10(2.0)), -300), 300) for bits in range(2048)
]
"""By the exponent bits of a double: the power of ten that it, or the next one, begins with."""
_NEXT: Final = np.array([float(f"1e{power + 1}") for power in _LEAST_POWER])
_UP, _DOWN = (
    np.array([float(f"1e{max(sign * (_DIGITS - 1 - power), 0)}") for power in _LEAST_POWER])
    for sign in (1, -1)
)
_MOST_FINE: Final = 10.0**_DIGITS
"""Below it digits are rounded after the point, or not at all."""
_LAST_EXACT: Final = 1e22
_TIE: Final = 1e-6
"""How near to a half a number of 9 digits may lie for its rounding to be told by floats."""


def rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round to 9 significant digits, each number to the same bits as `significant` does one."""
    size = np.abs(values)
    bits = size.view(np.int64) >> 52
    carries = size >= _NEXT[bits]
    up = _UP[bits]
    if size.max(initial=0.0) < _MOST_FINE:
        np.divide(up, 10.0, out=up, where=carries)
        whole = values * up
        digits = np.rint(whole)
        found = digits / up
    else:
        down = _DOWN[bits]
        np.multiply(down, 10.0, out=down, where=carries & (up <= 1))
        np.divide(up, 10.0, out=up, where=carries & (up > 1))
        whole = values * up / down
        digits = np.rint(whole)
        found = digits / up * down
    # Up to 10^22 a power of ten is exact, and so what it divides or multiplies is the nearest
    # double to the decimal.
    odd = (up > _LAST_EXACT) & (size > 0)
    odd |= (size >= _LAST_EXACT) | (np.abs(np.abs(whole - digits) - 0.5) < _TIE)
    if odd.any():
        found[odd] = [significant(one) for one in values[odd].tolist()]
    return np.asarray(found, np.float64)
