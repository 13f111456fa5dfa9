import numpy as np
import pytest

from nba.learn.repurchase.packs import pack_sizes, read_title
from tests.shops import catalog


@pytest.mark.parametrize(
    ("title", "pieces"),
    [
        ("Cola 6 x 330 ml", 6),
        ("Cola 6x0,33 l", 6),
        ("4x Filter", 4),
        ("Filter x4", 4),
        ("Batteries 12-pack", 12),
        ("Batteries 8 pack AA", 8),
        ("Klingen 5er Pack", 5),
        ("Dust bag pack of four", 4),
        ("Dust bag, set of 3", 3),
        ("Dust bag double pack", 2),
        ("Dust bag single pack", 1),
        ("Razor blades 16 pcs", 16),
        ("Diapers 92 ct", 92),
        ("Батарейка АА 12 шт", 12),  # noqa: RUF001
        ("Фильтр уп. 6", 6),
        ("Сок 6 х 0,2 л", 6),  # noqa: RUF001
        ("Frame 20 x 30 cm", 0),
        ("Monitor 1920x1080", 0),
        ("Camera X100", 0),
        ("Tripod X10", 0),
        ("Binoculars 10x", 0),
        ("Рис уп. 800 г", 0),  # noqa: RUF001
        ("Backpack 30 l", 0),
        ("Confetti 5000 pcs", 0),
        (f"Confetti {'9' * 5000} pcs", 0),
        ("", 0),
    ],
)
def test_a_title_tells_the_pieces(title, pieces):
    assert read_title(title) == pieces


def test_attributes_go_before_the_title():
    listing = catalog(
        {"product_id": "a", "attributes": '{"pack_size": 6}', "title": "Tea 2 pack"},
        {"product_id": "b", "attributes": '{"pieces": "12"}', "title": "Tea"},
        {"product_id": "c", "attributes": '{"colour": "units"}', "title": "Tea 3 pack"},
        {"product_id": "d", "attributes": "units: 4", "title": "Tea"},
        {"product_id": "e", "attributes": '["units"]', "title": "Tea"},
        {"product_id": "f", "attributes": f"{'[' * 100_000}units", "title": "Tea 5 pack"},
    )

    assert pack_sizes(listing).tolist() == [6, 12, 3, 0, 0, 5]
    assert pack_sizes(listing).dtype == np.int32
