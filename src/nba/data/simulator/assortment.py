"""What the simulated shop sells: product types, brands, colours and seasons, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LEVELS: Final = {
    "computers": "Electronics > Computers",
    "phones": "Electronics > Phones and tablets",
    "wear": "Electronics > Wearables",
    "sound": "Electronics > Sound",
    "screens": "Electronics > Television",
    "photo": "Electronics > Photo",
    "games": "Electronics > Gaming",
    "printing": "Electronics > Printing",
    "coffee": "Household > Coffee and tea",
    "cleaning": "Household > Cleaning",
    "kitchen": "Household > Kitchen",
    "large": "Household > Large appliances",
    "care": "Household > Personal care",
    "climate": "Household > Climate",
    "light": "Household > Light and power",
    "outdoor": "Household > Outdoor and feasts",
}
"""Department → the two upper levels of the category tree; the type is the third."""

BRANDS: Final = {
    "Electronics": "Norvik Aldera Quantis Helion Orbita Tessa Veldt Lumo Karst Fennix Ostra Zephar",
    "Household": "Brixen Casella Domova Eldt Fjorda Hestia Kobalt Linna Marlo Olvik Pernat Runa",
}

SEASONS: Final = {
    #          Jan  Feb  Mar  Apr  May  Jun  Jul  Aug  Sep  Oct  Nov  Dec
    "flat": (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
    "summer": (0.2, 0.2, 0.5, 1.0, 1.8, 2.6, 2.8, 1.8, 0.6, 0.2, 0.1, 0.2),
    "winter": (1.9, 1.7, 1.1, 0.5, 0.2, 0.1, 0.1, 0.2, 0.6, 1.5, 2.0, 2.1),
    "gifts": (0.7, 0.8, 0.7, 0.7, 0.8, 0.8, 0.7, 0.7, 0.8, 0.9, 1.9, 2.5),
    "school": (0.9, 0.8, 0.8, 0.8, 0.8, 0.9, 1.2, 1.9, 1.6, 0.8, 0.7, 0.8),
}
"""How demand for a type moves over the year, by month; the mean is about 1."""

# name, code, department, nature, range, price, sigma, margin, life, refill, weight, season, fits.
# `range` is families x generations x variants of a type with models, lines x variants of another,
# and lines x variants a model of one that fits only some models. Prices are euros.
_TYPES: Final = """
laptop           LAP computers durable    9x4x4  899 .40 .12 1500   - 2.0 school -
monitor          MON computers durable    22x3   229 .40 .15 2200   - 1.4 school -
laptop case      LCS computers accessory  2x2     29 .35 .45    -   - 1.1 school laptop
laptop battery   LBT computers spare_part 1x2     69 .30 .35    -   - 0.4 flat   laptop
laptop charger   LCH computers spare_part 1x2     45 .30 .40    -   - 0.6 flat   laptop
laptop stand     LST computers accessory  20x3    35 .40 .45    -   - 0.7 flat   -
mouse            MOU computers accessory  30x3    24 .55 .40    -   - 1.9 school -
mouse pad        MPD computers accessory  24x3     9 .40 .55    -   - 0.9 flat   -
keyboard         KEY computers accessory  24x3    49 .55 .35    -   - 1.3 school -
usb hub          HUB computers accessory  20x3    32 .45 .40    -   - 0.9 flat   -
external drive   EXD computers durable    20x3    89 .40 .18 1800   - 0.9 flat   -
webcam           WEB computers durable    16x2    59 .45 .30 1600   - 0.5 flat   -
phone            PHO phones    durable    10x4x4 549 .50 .11  760   - 2.6 gifts  -
phone case       PCS phones    accessory  2x3     19 .35 .55    -   - 3.2 flat   phone
screen protector PSP phones    accessory  1x2     12 .30 .60    -   - 2.2 flat   phone
phone battery    PBT phones    spare_part 1x1     39 .25 .40    -   - 0.5 flat   phone
phone charger    PCH phones    accessory  28x2    22 .40 .45    -   - 1.8 flat   -
power bank       PWB phones    accessory  26x3    35 .40 .38    -   - 1.6 summer -
car holder       CAR phones    accessory  22x2    19 .40 .50    -   - 0.9 summer -
tablet           TAB phones    durable    6x4x3  399 .40 .12 1100   - 0.9 gifts  -
tablet case      TCS phones    accessory  2x3     27 .30 .50    -   - 0.8 flat   tablet
tablet keyboard  TKB phones    accessory  1x2     89 .30 .32    -   - 0.3 flat   tablet
smartwatch       WAT wear      durable    6x4x3  229 .40 .18  900   - 1.1 gifts  -
watch strap      WST wear      accessory  2x3     22 .35 .60    -   - 0.9 flat   smartwatch
headphones       HPH sound     durable    28x3   119 .55 .25 1200   - 1.5 gifts  -
earbuds          EBD sound     durable    26x3    79 .50 .25  600   - 1.9 gifts  -
ear tips         EAR sound     consumable 16x3     9 .30 .60    - 150 0.6 flat   -
speaker          SPK sound     durable    24x3    89 .50 .25 1500   - 1.2 summer -
television       TVS screens   durable    26x3   599 .50 .12 2400   - 0.9 gifts  -
wall mount       WMT screens   accessory  20x2    39 .40 .45    -   - 0.5 flat   -
hdmi cable       HDM screens   accessory  26x3    12 .40 .60    -   - 2.1 flat   -
streaming stick  STK screens   durable    12x2    49 .30 .22 1400   - 0.8 gifts  -
camera           CAM photo     durable    6x4x2  749 .45 .14 1900   - 0.5 gifts  -
camera battery   CBT photo     spare_part 1x2     45 .30 .42    -   - 0.3 flat   camera
camera lens      LNS photo     accessory  2x1    349 .45 .18    -   - 0.2 flat   camera
camera bag       CBG photo     accessory  20x3    49 .40 .45    -   - 0.4 summer -
memory card      MEM photo     accessory  26x3    22 .50 .35    -   - 1.8 summer -
tripod           TRI photo     accessory  18x2    59 .50 .38    -   - 0.4 summer -
game console     GAM games     durable    4x4x3  449 .20 .08 2000   - 0.7 gifts  -
controller       CTL games     accessory  2x3     59 .20 .25    -   - 0.7 gifts  game console
charging dock    DCK games     accessory  1x2     29 .30 .45    -   - 0.3 flat   game console
video game       GME games     accessory  40x2    49 .35 .20    -   - 2.2 gifts  -
gaming headset   GHS games     durable    20x2    79 .45 .28 1100   - 0.7 gifts  -
printer          PRN printing  durable    7x4x2  159 .45 .12 1700   - 0.8 school -
ink cartridge    INK printing  consumable 2x3     29 .25 .40    -  75 1.5 flat   printer
printer paper    PAP printing  consumable 24x3     9 .35 .30    -  60 1.9 flat   -
photo paper      PHP printing  consumable 16x3    14 .35 .45    - 120 0.5 flat   -
coffee machine   COF coffee    durable    7x4x2  379 .50 .17 1800   - 0.8 gifts  -
coffee beans     BNS coffee    consumable 36x3    17 .35 .30    -  24 3.4 flat   -
descaler         DSC coffee    consumable 16x3    12 .30 .55    -  80 1.1 flat   -
water filter     WFL coffee    consumable 1x3     15 .25 .45    -  60 0.8 flat   coffee machine
milk frother     FRO coffee    accessory  18x2    45 .45 .35    -   - 0.5 gifts  -
kettle           KET coffee    durable    24x3    45 .45 .30 1500   - 0.9 winter -
vacuum cleaner   VAC cleaning  durable    7x4x2  229 .45 .18 2000   - 0.7 flat   -
dust bag         BAG cleaning  consumable 2x2     15 .25 .50    -  70 1.1 flat   vacuum cleaner
vacuum filter    VFL cleaning  spare_part 1x2     22 .25 .50    -   - 0.4 flat   vacuum cleaner
robot vacuum     ROB cleaning  durable    6x4x2  399 .40 .16 1400   - 0.7 gifts  -
robot brush      RBR cleaning  spare_part 1x2     25 .25 .55    -   - 0.4 flat   robot vacuum
robot filter     RFL cleaning  consumable 1x2     19 .25 .55    - 100 0.6 flat   robot vacuum
mop pad          MOP cleaning  consumable 18x3    14 .30 .50    -  90 0.7 flat   -
dish tablets     DSH cleaning  consumable 28x3    15 .35 .28    -  45 2.4 flat   -
detergent        DET cleaning  consumable 30x3    13 .35 .28    -  40 2.6 flat   -
air fryer        FRY kitchen   durable    20x3   119 .40 .22 1500   - 0.9 gifts  -
fryer liner      LIN kitchen   consumable 16x3     9 .30 .60    -  45 0.9 flat   -
blender          BLE kitchen   durable    22x3    79 .50 .26 1500   - 0.8 flat   -
stand mixer      MIX kitchen   durable    6x4x2  349 .40 .18 2600   - 0.4 gifts  -
mixer attachment ATT kitchen   accessory  3x1     69 .40 .35    -   - 0.4 gifts  stand mixer
soda maker       SOD kitchen   durable    12x3    89 .35 .22 1700   - 0.5 summer -
gas cylinder     GAS kitchen   consumable 10x2    15 .15 .35    -  50 1.0 summer -
knife set        KNF kitchen   durable    20x3    79 .55 .35 2600   - 0.5 gifts  -
microwave        MIC kitchen   durable    22x3   129 .40 .18 2300   - 0.6 flat   -
refrigerator     REF large     durable    6x4x2  749 .40 .13 3600   - 0.4 summer -
fridge filter    FFL large     consumable 1x2     35 .25 .50    - 170 0.3 flat   refrigerator
washing machine  WAS large     durable    24x3   549 .35 .13 3300   - 0.5 flat   -
hose kit         HOS large     spare_part 14x2    19 .35 .55    -   - 0.3 flat   -
electric brush   TBR care      durable    6x4x3   89 .40 .22 1000   - 0.8 gifts  -
brush head       BHD care      consumable 1x3     22 .25 .50    -  90 1.4 flat   electric brush
shaver           SHV care      durable    5x4x2  149 .40 .20 1500   - 0.5 gifts  -
shaver head      SHH care      spare_part 1x2     39 .25 .45    -   - 0.4 flat   shaver
hair dryer       HDR care      durable    22x3    59 .50 .30 1500   - 0.8 winter -
fan              FAN climate   durable    22x3    59 .45 .28 1800   - 0.8 summer -
heater           HEA climate   durable    20x3    79 .45 .26 2000   - 0.7 winter -
humidifier       HUM climate   durable    18x3    65 .45 .28 1400   - 0.6 winter -
air purifier     AIR climate   durable    5x4x2  229 .40 .20 1900   - 0.5 winter -
purifier filter  PFL climate   consumable 1x2     39 .25 .50    - 170 0.6 winter air purifier
light bulb       BLB light     consumable 26x3     8 .40 .50    - 200 1.8 winter -
smart plug       PLG light     accessory  20x3    25 .35 .40    -   - 1.0 flat   -
batteries        BAT light     consumable 24x3    10 .35 .50    - 110 2.9 flat   -
string lights    STR outdoor   accessory  24x3    19 .40 .55    -   - 1.2 winter -
cool box         COB outdoor   durable    18x3    55 .45 .30 2200   - 0.8 summer -
camping light    CMP outdoor   durable    20x3    29 .45 .40 1500   - 0.9 summer -
"""


@dataclass(frozen=True, slots=True)
class ProductType:
    """One product type, the leaf of the category tree.

    Attributes:
        name: the type; its category leaf is the same with a capital.
        code: three letters, the first part of its product ids.
        department: a key of `LEVELS`.
        nature: `durable`, `consumable`, `accessory` or `spare_part`.
        family_count, generation_count, variant_count: the range; generations are 0 where the type
            has no models, and families are lines there.
        price: median, euros. price_sigma: of its logarithm. margin: share of the price.
        life_days: mean life until it is replaced, 0 where it is not.
        refill_days: mean interval between purchases, 0 where it is not used up.
        weight: how often it is bought on its own, the mean is about 1.
        season: a key of `SEASONS`.
        fits: the type whose models it fits, empty where it fits any.
    """

    name: str
    code: str
    department: str
    nature: str
    family_count: int
    generation_count: int
    variant_count: int
    price: float
    price_sigma: float
    margin: float
    life_days: int
    refill_days: int
    weight: float
    season: str
    fits: str

    @property
    def category(self) -> str:
        """The full path in the category tree."""
        return f"{LEVELS[self.department]} > {self.name.capitalize()}"


def _read(line: str) -> ProductType:
    name, cells = line[:17].strip(), line[17:].split()
    code, department, nature, extent, price, sigma, margin, life, refill, weight = cells[:10]
    season, fits = cells[10], " ".join(cells[11:])
    counts = [int(count) for count in extent.split("x")]
    families, generations, variants = counts if len(counts) == 3 else (counts[0], 0, counts[1])
    return ProductType(
        name,
        code,
        department,
        nature,
        families,
        generations,
        variants,
        float(price),
        float(sigma),
        float(margin),
        0 if life == "-" else int(life),
        0 if refill == "-" else int(refill),
        float(weight),
        season,
        "" if fits == "-" else fits,
    )


TYPES: Final = tuple(_read(line) for line in _TYPES.strip().splitlines())
"""All product types; the position of one is its code."""

TYPE_CODE: Final = {one.name: code for code, one in enumerate(TYPES)}

COLOURS: Final = (("BLK", "black"), ("SLV", "silver"), ("WHT", "white"), ("BLU", "blue"))
PACKS: Final = (("1", "single pack"), ("2", "double pack"), ("4", "pack of four"))
MEMORIES: Final = ("8", "16", "32", "64")
"""Words of variants: colours of things, packs of consumables, memory sizes of models."""
