"""A shop whose products go together for more than enough customers, and one that means harm."""

from __future__ import annotations

from typing import Final

AS_OF: Final = "2026-03-01T12:00Z"
SHOP: Final = "https://shop.example"
"""Where its product pages are; nobody is there, so tests answer in its place."""
PICTURES: Final = "https://pictures.example"
"""Where the pictures of its products are, likewise."""
ODD_PRODUCT: Final = "tea/50 % größe,x"
EVIL_PRODUCT: Final = "evil"
EVIL_TITLE: Final = '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>'
EVIL_LINK: Final = "javascript:window.harmed=1"
LONG_TITLE: Final = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamten-Tasse"

PRODUCTS: Final = f"""\
product_id,title,category,price,sale_price,currency,availability,link,image_link
kettle,Kettle,Kitchen > Kettles,3000,,EUR,in_stock,{SHOP}/p/kettle,{PICTURES}/kettle.png
filter,Filter,Kitchen > Filters,500,,EUR,in_stock,{SHOP}/p/filter,{PICTURES}/filter.png
cup,Cup,Kitchen > Cups,800,600,EUR,in_stock,{SHOP}/p/cup,
mug,{LONG_TITLE},Kitchen > Cups,900,,EUR,in_stock,/p/mug,{PICTURES}/mug.png
"{ODD_PRODUCT}",Tea,Food,,,EUR,in_stock,{SHOP}/p/tea,
{EVIL_PRODUCT},"{EVIL_TITLE.replace('"', '""')}",Food,100,,EUR,in_stock,{EVIL_LINK},{EVIL_LINK}
alone,Alone,Elsewhere,700,,EUR,in_stock,{SHOP}/p/alone,
"""
_BASKETS: Final = (
    ("kettle", "filter", "cup"),
    ("kettle", "filter", "mug"),
    ("kettle", "filter", ODD_PRODUCT),
    ("kettle", "cup"),
    (EVIL_PRODUCT, "cup", "mug"),
    ("mug", ODD_PRODUCT),
)
"""What twenty-four customers bought, one after the other, so each of these four times."""


def orders_csv() -> str:
    """Write an order a customer as the flat entry, all delivered."""
    lines = ["order_id,customer_id,ordered_at,product_id,quantity,unit_price,status,delivered_at"]
    for number in range(4 * len(_BASKETS)):
        day = f"2026-01-{number + 1:02}"
        lines += [
            f'o{number},c{number},{day}T10:00:00Z,"{product}",1,500,delivered,{day}T20:00:00Z'
            for product in _BASKETS[number % len(_BASKETS)]
        ]
    return "\n".join(lines) + "\n"
