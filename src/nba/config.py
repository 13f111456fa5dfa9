"""Training configuration: every number a shop may want to change, with its default and unit."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nba.errors import ConfigError
from nba.segmentation import SegmentsConfig

BASKET_SIZE_CAP: Final = 200
"""Baskets above this size weigh as one of this size."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class CoPurchaseConfig(_Section):
    """The bought-together graph."""

    top_k: int = Field(50, ge=1, le=1000)
    """Neighbours kept a product."""
    fill_to: int = Field(5, ge=0, le=1000)
    """Neighbours up to which a short list is filled from the lower rungs of the evidence ladder."""
    min_orders: int = Field(2, ge=1)
    """Orders, or customers, with both products below which a pair only fills a short list."""
    smoothing: float = Field(300.0, ge=0)
    """Pseudo-orders of popularity mixed into each product's neighbours, at most."""
    smoothing_share: float = Field(1.0, ge=0, le=1)
    """The same as a share of the shop's orders; the smaller of the two holds."""
    discovery: float = Field(0.18, ge=0, le=1)
    """Popularity exponent: 0 = most likely next product, 0.3 = more specific ones."""
    trend: float = Field(0.25, ge=0, le=2)
    """Exponent of a product's recent share of the orders over its share ever; 0 = no trend."""
    trend_days: int = Field(30, ge=1)
    """Days that are recent."""
    customer_cap: int = Field(5, ge=1, le=127)
    """Orders of one customer that count towards a pair's weight."""
    spell_weight: float = Field(0.25, ge=0, le=4)
    """Weight of a customer's orders of one spell taken together, beside one order."""
    spell_days: int = Field(90, ge=0)
    """Days from the first to the last order of a spell, at most; 0 = single orders only."""
    spell_orders: float = Field(8.0, ge=0)
    """Median orders a customer from which on spells no longer count."""
    proving_days: int = Field(7, ge=0)
    """Days an order of a customer must have stood before the customer counts as evidence; in a
    history shorter than four times that, a quarter of it."""


class AccessoriesConfig(_Section):
    """The accessory graph and the lags it learns."""

    top_k: int = Field(50, ge=1, le=1000)
    """Accessories kept a product."""
    window_days: int = Field(90, ge=1, le=3650)
    """Days after the main product within which an accessory without a learned lag counts."""
    smoothing: float = Field(50.0, ge=0)
    """Pseudo-customers spread over the accessory types as often as they follow, by popularity."""
    discovery: float = Field(0.05, ge=0, le=1)
    """Popularity exponent, as for bought together."""
    false_discoveries: float = Field(0.03, gt=0, lt=1)
    """Share of wrong pairs among the type pairs found that is accepted."""
    min_lift: float = Field(1.3, ge=1)
    """Lower 5 % bound of a type pair's lift below which it is no accessory."""
    min_share: float = Field(0.02, ge=0, le=1)
    """Share of a main type's owners who come to need the accessory below which it is none."""
    price_ratio: float = Field(0.6, gt=0, le=1)
    """Accessory price over main price above which a type pair is hardly believed."""
    variety: float = Field(0.25, ge=0, le=2)
    """How much the second and third product of one type yield to other types: 0 = not at all."""
    part_days: int = Field(60, ge=1)
    """Median lag from which on an accessory is a spare part or refill."""


class SimilarConfig(_Section):
    """The graph of products for the same need."""

    top_k: int = Field(30, ge=1, le=1000)
    """Neighbours kept a product."""
    views: float = Field(1.0, ge=0)
    """Weight of what sessions viewed together, beside the other two."""
    customers: float = Field(1.0, ge=0)
    """Weight of what the same customers buy in different orders."""
    content: float = Field(1.0, ge=0)
    """Weight of what the catalogue says alike."""


class ReplacementsConfig(_Section):
    """Successors and upsell."""

    price_band: float = Field(2.0, gt=1)
    """Successor price over old price, and its inverse, beyond which it is no successor."""
    upsell_band: float = Field(1.5, gt=1)
    """Price of an upsell over that of the product, at most."""


class CollaborativeConfig(_Section):
    """Alternating least squares over customers and products."""

    factors: int = Field(64, ge=1, le=1024)
    iterations: int = Field(15, ge=1, le=200)
    regularization: float = Field(0.05, gt=0)
    alpha: float = Field(1.0, gt=0)
    """Confidence a purchase adds."""


PicksModel = Literal["rp3beta", "item-item", "together", "als", "spark-als", "ease"]


class PicksConfig(_Section):
    """Personal lists: what is bought again, and what is new to a customer."""

    models: tuple[PicksModel, ...] = ("rp3beta", "item-item", "als", "ease")
    """Collaborative models to choose from; the first one where nothing can be tried. `together`
    needs pair counts alone, which any engine adds up, and `spark-als` is fitted by Spark."""
    validation_customers: int = Field(2_000, ge=1, le=100_000)
    """Customers on whom the collaborative models are compared, at most."""
    ease_products: int = Field(8_000, ge=0, le=20_000)
    """Products in the catalogue up to which EASE is among the models tried."""
    ease_ridge: float = Field(200.0, gt=0)
    """Its ridge."""
    variety: float = Field(0.05, ge=0, lt=1)
    """How much each further product of a category yields to other categories: 0 = not at all."""


class PopularConfig(_Section):
    """The labelled last step."""

    window_days: int = Field(90, ge=1)
    top_k: int = Field(500, ge=1)


class RhythmConfig(_Section):
    """How often customers buy, when a silence says that they left, and what they will be worth."""

    at_risk_below: float = Field(0.2, gt=0, lt=1)
    """Chance of so long a silence, in a customer who goes on as before, below which the customer
    is at risk."""
    lost_below: float = Field(0.05, gt=0, lt=1)
    """The same below which the customer is lost."""
    at_risk_alive: float = Field(0.5, gt=0, lt=1)
    """Probability of not having left below which the customer is at risk."""
    lost_alive: float = Field(0.2, gt=0, lt=1)
    """The same below which the customer is lost."""
    discount: float = Field(0.1, ge=0, le=1)
    """What profit loses of its worth with every year that it comes later."""
    sample: int = Field(200_000, ge=1000)
    """Customers a model is fitted on, at most; more of them no longer move it."""


class RepurchaseConfig(_Section):
    """When customers are due to buy a product again."""

    horizon_days: int = Field(365, ge=1, le=3650)
    """Days within which a purchase that is no refill counts as buying again."""
    passed_share: float = Field(0.25, ge=0, lt=1)
    """Share of refills that the shop does not see, as they are bought elsewhere or as another
    product. Orders alone hardly tell it: a customer who passes over every fourth refill looks like
    one whose intervals vary more. With 0 dates are those of the next purchase here, not of the next
    need."""
    sample: int = Field(200_000, ge=1000)
    """Gaps between purchases that tell how refills are distributed, at most."""


class ResponsesConfig(_Section):
    """How customers answer messages."""

    uplift_days: int = Field(28, ge=1, le=365)
    """Days after a decision whose profit tells what a message adds, where chance chose between it
    and nothing."""


class TrainConfig(_Section):
    """One training run; equal configuration and input give an equal snapshot.

    Raises:
        ConfigError: from `from_toml`, when a key is unknown or a value out of range.
    """

    seed: int = Field(7, ge=0, lt=2**31)
    default_delivery_days: int = Field(3, ge=0)
    """Days from order to delivery where the shop does not say."""
    default_margin: float = Field(0.3, gt=0, le=1)
    """Share of revenue that is profit where no product cost is known."""
    copurchase: CoPurchaseConfig = CoPurchaseConfig()
    accessories: AccessoriesConfig = AccessoriesConfig()
    similar: SimilarConfig = SimilarConfig()
    replacements: ReplacementsConfig = ReplacementsConfig()
    collaborative: CollaborativeConfig = CollaborativeConfig()
    picks: PicksConfig = PicksConfig()
    popular: PopularConfig = PopularConfig()
    rhythm: RhythmConfig = RhythmConfig()
    segments: SegmentsConfig = SegmentsConfig()
    repurchase: RepurchaseConfig = RepurchaseConfig()
    responses: ResponsesConfig = ResponsesConfig()

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Read a recipe: TOML with the fields above."""
        try:
            document = tomllib.loads(Path(path).read_text("utf-8"))
            return cls.model_validate(document)
        except OSError as error:
            raise ConfigError(f"the recipe {path} cannot be read: {error.strerror}") from None
        except (ValueError, RecursionError) as error:  # no UTF-8, no TOML, or no such fields
            raise ConfigError(f"the recipe {path} is not valid: {described(error)}") from None


def described(error: Exception) -> str:
    """Say what is wrong with a file, without the checker's own trimmings."""
    if not isinstance(error, ValidationError):
        return str(error)
    found = (
        (".".join(str(part) for part in one["loc"]), one["msg"].removeprefix("Value error, "))
        for one in error.errors()
    )
    return "; ".join(f"{where}: {problem}" if where else problem for where, problem in found)


def shipped(kind: str, name: str) -> Path:
    """Find a recipe or playbook that ships, in the wheel or in a checkout.

    Raises:
        ConfigError: there is no such file.
    """
    packaged = Path(str(files("nba"))) / kind / f"{name}.toml"
    checkout = Path(str(files("nba"))).parents[1] / "models" / kind / f"{name}.toml"
    for path in (packaged, checkout):
        if path.is_file():
            return path
    raise ConfigError(f"no {kind.removesuffix('s')} named {name} ships with this version")
