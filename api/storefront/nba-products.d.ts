/** A product as the shop shows it; null where the catalogue does not say. Prices are minor units. */
export interface ProductCard {
  title: string;
  category: string | null;
  price: number | null;
  sale_price: number | null;
  currency: string | null;
  link: string | null;
  image_link: string | null;
  availability: string;
}

/** One product of an answer, and why it stands there. */
export interface ProductItem {
  product_id: string;
  rank: number;
  score: number;
  source: string;
  product: ProductCard;
  reason: { code: string; text: string; percent?: number };
}

/** What the server answers. */
export interface ProductsAnswer {
  recommendation_id: string;
  type: string;
  request: Record<string, unknown>;
  items: ProductItem[];
  fallback: string | null;
  missing_ids: string[];
  excluded: Record<string, number>;
  model: { snapshot_id: string; trained_at: string | null; data_until: string };
}

export type ProductsRelation =
  | "bought-together"
  | "accessories"
  | "similar"
  | "replacements"
  | "upsell"
  | "complete";

/** The attributes of `<nba-products>`, all of them text as in HTML. */
export interface NbaProductsAttributes {
  /** What to show; by default `bought-together`, and `complete` of a basket without a product. */
  relation?: ProductsRelation;
  /** The product of the page. */
  product?: string;
  /** The products in the basket, `A,B`, or a JSON list where an id has a comma. */
  basket?: string;
  /** The server's root; by default the site of the page. */
  endpoint?: string;
  /** The publishable key, `pk_…`. */
  key?: string;
  /** How many products at most, 1 to 50; by default 10. */
  limit?: string;
  /** Products never to show, `A,B`. */
  exclude?: string;
  /** A category path; products in it or below it stay. */
  category?: string;
  /** `popular` fills up a short list. */
  fallback?: string;
  /** Where the element stands; told with what was shown and clicked. */
  placement?: string;
  /** Of a basket: the total to reach, minor units, such as that from which delivery is free. */
  target?: string;
  /** The price of the page's own product, minor units: shows what all cost together. */
  price?: string;
  /** The word before that total; by default `Together`. */
  total?: string;
  /** The word that is read before a former price; by default `was`. */
  was?: string;
  /** Shows reason and snapshot over a product that the pointer or the focus is on. */
  explain?: string;
  /** Reports neither what was shown nor what was clicked. */
  "no-report"?: string;
}

export interface NbaProductsEventMap {
  /** The list is there. */
  "nba-load": CustomEvent<ProductsAnswer>;
  /** There is nothing to show; `error` says why where the server gave no list. */
  "nba-empty": CustomEvent<ProductsAnswer | { error: unknown; status?: number; detail?: string }>;
  /** A product was clicked; cancelled, the link is not followed. */
  "nba-click": CustomEvent<{ item: ProductItem; answer: ProductsAnswer }>;
}

export interface NbaProductsElement extends HTMLElement {
  addEventListener<K extends keyof NbaProductsEventMap>(
    type: K,
    listener: (this: NbaProductsElement, event: NbaProductsEventMap[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener<K extends keyof HTMLElementEventMap>(
    type: K,
    listener: (this: HTMLElement, event: HTMLElementEventMap[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "nba-products": NbaProductsElement;
  }
}
