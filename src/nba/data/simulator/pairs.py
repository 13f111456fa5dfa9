"""The planted relations between product types, and the traps beside them, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class AccessoryPair:
    """Owners of `main` come to need `accessory`, `lag_days` after their main was delivered.

    Attributes:
        lag_days: median of the lag. spread: sigma of its logarithm.
        share: of owners that the effect touches, 0.05..0.25.
        needs_model: only products that name the main's model fit.
        relation: `accessory` or `spare_part`.
    """

    main: str
    accessory: str
    lag_days: float
    spread: float
    share: float
    needs_model: bool
    relation: str


@dataclass(frozen=True, slots=True)
class TogetherPair:
    """`share` of the baskets with `first` also get `second` for that reason."""

    first: str
    second: str
    share: float


@dataclass(frozen=True, slots=True)
class DecoyPair:
    """Two types that co-occur for the reason `why`, without any relation.

    Attributes:
        why: `season`, `popularity`, `same_customers` or `same_day_promotion`.
        share: of the orders where the reason holds that get either type, independently.
        months: 1..12, where the reason is a season.
    """

    first: str
    second: str
    why: str
    share: float
    months: tuple[int, ...] = ()


# main             accessory         lag spread share model relation
_ACCESSORIES: Final = """
laptop           laptop case         7  .45 .22 yes accessory
laptop           mouse               4  .50 .16 no  accessory
laptop           usb hub            12  .55 .12 no  accessory
laptop           laptop stand       21  .60 .09 no  accessory
laptop           laptop charger    240  .30 .09 yes spare_part
laptop           laptop battery    400  .20 .14 yes spare_part
laptop           external drive     45  .60 .10 no  accessory
monitor          hdmi cable          3  .50 .14 no  accessory
phone            phone case          3  .50 .24 yes accessory
phone            screen protector    4  .50 .18 yes accessory
phone            phone charger      60  .55 .10 no  accessory
phone            power bank         30  .60 .11 no  accessory
phone            car holder         18  .60 .08 no  accessory
phone            phone battery     270  .18 .17 yes spare_part
tablet           tablet case         6  .50 .22 yes accessory
tablet           tablet keyboard    25  .55 .10 yes accessory
smartwatch       watch strap        50  .55 .18 yes accessory
headphones       ear tips          120  .40 .09 no  spare_part
earbuds          ear tips           75  .45 .13 no  spare_part
television       wall mount          5  .50 .18 no  accessory
television       streaming stick    14  .60 .13 no  accessory
camera           memory card         2  .50 .22 no  accessory
camera           camera bag          8  .50 .17 no  accessory
camera           camera lens        90  .50 .13 yes accessory
camera           tripod             35  .60 .11 no  accessory
camera           camera battery    150  .40 .14 yes spare_part
game console     controller         20  .60 .19 yes accessory
game console     charging dock      35  .55 .12 yes accessory
game console     gaming headset     28  .60 .11 no  accessory
printer          ink cartridge      55  .35 .25 yes accessory
printer          printer paper      10  .55 .14 no  accessory
coffee machine   coffee beans        6  .50 .20 no  accessory
coffee machine   descaler           70  .30 .18 no  accessory
coffee machine   water filter       55  .30 .16 yes accessory
coffee machine   milk frother       24  .60 .10 no  accessory
vacuum cleaner   dust bag           45  .35 .21 yes accessory
vacuum cleaner   vacuum filter     190  .25 .13 yes spare_part
robot vacuum     robot brush       180  .25 .16 yes spare_part
robot vacuum     robot filter       95  .30 .17 yes accessory
robot vacuum     mop pad            60  .40 .12 no  accessory
electric brush   brush head         80  .25 .22 yes accessory
shaver           shaver head       300  .20 .16 yes spare_part
air fryer        fryer liner         9  .50 .17 no  accessory
stand mixer      mixer attachment   32  .55 .17 yes accessory
soda maker       gas cylinder       40  .35 .24 no  accessory
refrigerator     fridge filter     165  .20 .15 yes accessory
washing machine  hose kit          380  .25 .06 no  spare_part
air purifier     purifier filter   160  .20 .20 yes accessory
"""

TOGETHER: Final = (
    TogetherPair("printer", "photo paper", 0.14),
    TogetherPair("television", "hdmi cable", 0.18),
    TogetherPair("phone case", "screen protector", 0.16),
    TogetherPair("mouse", "mouse pad", 0.13),
    TogetherPair("laptop", "keyboard", 0.08),
    TogetherPair("coffee beans", "descaler", 0.07),
    TogetherPair("dish tablets", "detergent", 0.12),
    TogetherPair("string lights", "batteries", 0.15),
    TogetherPair("webcam", "headphones", 0.10),
    TogetherPair("hair dryer", "electric brush", 0.06),
    TogetherPair("game console", "video game", 0.25),
    TogetherPair("camera", "camera bag", 0.10),
)

_SUMMER: Final = (6, 7, 8)
_WINTER: Final = (11, 12, 1)

DECOYS: Final = (
    DecoyPair("fan", "cool box", "season", 0.030, _SUMMER),
    DecoyPair("camping light", "soda maker", "season", 0.025, _SUMMER),
    DecoyPair("heater", "string lights", "season", 0.030, _WINTER),
    DecoyPair("humidifier", "video game", "season", 0.030, _WINTER),
    DecoyPair("batteries", "coffee beans", "popularity", 0.010),
    DecoyPair("detergent", "phone case", "popularity", 0.010),
    DecoyPair("hdmi cable", "dish tablets", "popularity", 0.010),
    DecoyPair("memory card", "light bulb", "popularity", 0.010),
    DecoyPair("smart plug", "kettle", "same_customers", 0.060),
    DecoyPair("gaming headset", "blender", "same_customers", 0.060),
    DecoyPair("tripod", "fryer liner", "same_customers", 0.050),
    DecoyPair("keyboard", "milk frother", "same_customers", 0.050),
    DecoyPair("speaker", "microwave", "same_day_promotion", 0.160),
    DecoyPair("earbuds", "detergent", "same_day_promotion", 0.160),
    DecoyPair("power bank", "knife set", "same_day_promotion", 0.160),
)


def _read(line: str) -> AccessoryPair:
    main, accessory, cells = line[:17].strip(), line[17:34].strip(), line[34:].split()
    lag, spread, share, model, relation = cells
    return AccessoryPair(
        main, accessory, float(lag), float(spread), float(share), model == "yes", relation
    )


ACCESSORIES: Final = tuple(_read(line) for line in _ACCESSORIES.strip().splitlines())
"""Planted accessories and spare parts: direction, lag, share."""
