"""Segments by rule: whoever meets all conditions is in."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from nba.domain import Texts
from nba.learn.segmenting.attributes import attribute
from nba.segmentation import ATTRIBUTE, ORDERING, Condition, SegmentRule, Value

_COMPARE: Final[Mapping[str, Callable[[Any, float], Any]]] = {
    "at_least": operator.ge,
    "at_most": operator.le,
    "above": operator.gt,
    "below": operator.lt,
}


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A field of all customers.

    Attributes:
        known: bool per customer: the field is there.
        numbers: float64 per customer; anything where it is no number.
        is_number: bool per customer.
        equals: gives, for a value, bool per customer; of no account where the field is missing.
    """

    known: NDArray[np.bool_]
    numbers: NDArray[np.float64]
    is_number: NDArray[np.bool_]
    equals: Callable[[Value], NDArray[np.bool_]]

    @classmethod
    def of_numbers(cls, values: NDArray[Any], known: NDArray[np.bool_] | None = None) -> Self:
        """See numbers, known everywhere unless said otherwise."""
        known = np.ones(len(values), np.bool_) if known is None else known
        numbers = values.astype(np.float64)
        return cls(known, numbers, known, lambda value: np.asarray(numbers == value))

    @classmethod
    def of_flags(cls, values: NDArray[np.bool_]) -> Self:
        """See flags, known everywhere."""
        everybody, nobody = np.ones(len(values), np.bool_), np.zeros(len(values), np.bool_)
        return cls(everybody, np.zeros(len(values)), nobody, lambda value: values == bool(value))

    @classmethod
    def of_words(
        cls, words: Sequence[str], code: NDArray[np.integer], known: NDArray[np.bool_]
    ) -> Self:
        """See codes of a few words."""
        place = {word: number for number, word in enumerate(words)}
        return cls(
            known,
            np.zeros(len(code)),
            np.zeros(len(code), np.bool_),
            lambda value: np.asarray(code == place.get(str(value), len(words))),
        )

    @classmethod
    def of_texts(cls, texts: Texts) -> Self:
        """See texts; an empty one is missing."""
        known = np.diff(texts.offsets) > 0
        nothing = np.zeros(len(texts), np.bool_)
        return cls(
            known, np.zeros(len(texts)), nothing, lambda value: _equal_texts(texts, str(value))
        )

    @classmethod
    def of_attribute(cls, attributes: Texts, key: str) -> Self:
        """See one key of the attributes; where a value is of another kind it equals nothing."""
        found = attribute(attributes, key)
        count = len(attributes)
        known, is_number = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
        numbers = np.zeros(count)
        known[list(found)] = True
        for place, value in found.items():
            if not isinstance(value, bool | str):
                numbers[place], is_number[place] = value, True

        def equals(value: Value) -> NDArray[np.bool_]:
            equal = np.zeros(count, np.bool_)
            # Of Python's own, True equals 1.
            is_text = isinstance(value, str), isinstance(value, bool)
            equal[
                [
                    place
                    for place, one in found.items()
                    if one == value and (isinstance(one, str), isinstance(one, bool)) == is_text
                ]
            ] = True
            return np.asarray(equal, np.bool_)

        return cls(known, numbers, is_number, equals)


def members(
    rules: Sequence[SegmentRule],
    fields: Mapping[str, Callable[[], Column]],
    attributes: Texts,
) -> NDArray[np.bool_]:
    """Tell who is in which segment.

    Args:
        rules: the segments.
        fields: the fields of `segmentation.FIELDS`; only those that rules name are looked at.
        attributes: the JSON of every customer, empty where there is none.

    Returns:
        bool[customers, rules].
    """
    columns: dict[str, Column] = {}
    found = np.ones((len(attributes), len(rules)), np.bool_)
    for number, rule in enumerate(rules):
        for condition in rule.where:
            name = condition.field
            if name not in columns:
                columns[name] = (
                    Column.of_attribute(attributes, name.removeprefix(ATTRIBUTE))
                    if name.startswith(ATTRIBUTE)
                    else fields[name]()
                )
            found[:, number] &= meets(condition, columns[name])
    return found


def meets(condition: Condition, column: Column) -> NDArray[np.bool_]:
    """Tell, per customer, whether a field meets all that a condition says of it."""
    met = ~column.known if condition.has is False else column.known.copy()
    for name in ORDERING:
        bound = getattr(condition, name)
        if bound is not None:
            met &= column.is_number & _COMPARE[name](column.numbers, bound)
    if condition.is_ is not None:
        met &= _any_of(column, condition.is_)
    if condition.is_not is not None:
        met &= column.known & ~_any_of(column, condition.is_not)
    return np.asarray(met, np.bool_)


def _any_of(column: Column, values: Sequence[Value]) -> NDArray[np.bool_]:
    found = [column.known & column.equals(value) for value in values]
    return np.asarray(np.logical_or.reduce(found), np.bool_)


def _equal_texts(texts: Texts, text: str) -> NDArray[np.bool_]:
    """Compare packed texts with one, byte by byte, without decoding them."""
    wanted = np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)
    equal = np.diff(texts.offsets) == len(wanted)
    begins = texts.offsets[:-1]
    for place, byte in enumerate(wanted):
        alike = np.flatnonzero(equal)
        equal[alike] = texts.data[begins[alike] + place] == byte
    return np.asarray(equal, np.bool_)
