// See README.md.
const style = new CSSStyleSheet();
style.replaceSync(`
:host { display: block; min-block-size: var(--nba-height, 22rem) }
:host([hidden]) { display: none !important }
section { display: grid }
[class=""], .full [part=spare], img:not([src]) { visibility: hidden }
[part=spare], div { display: block; grid-area: 2 / 1; min-inline-size: 0 }
.away [part=spare], [part=reason] { display: none }
ul { display: flex; gap: 1rem; overflow-x: auto; list-style: none; margin: 0; padding: 4px }
li { position: relative; flex: none; inline-size: var(--nba-width, 9rem) }
a { color: inherit }
img { display: block; inline-size: 100%; block-size: 8rem; object-fit: contain }
[part=title] { display: block; block-size: 2lh; margin: .5rem 0; overflow: hidden; overflow-wrap: anywhere }
p { margin: .5rem 0 0 }
[part=word], [part=reason] { position: absolute; inset: 0 0 auto; opacity: 0; pointer-events: none }
:host([explain]) [part=reason] { display: block; background: Canvas }
li:is(:hover, :focus-within) [part=reason] { opacity: 1 }
`);

const make = (tag, told, ...inside) => {
  const made = document.createElement(tag);
  made.append(...inside);
  return Object.assign(made, told);
};

// An address may be a script.
const safe = (name, told) => {
  const { protocol, href } = make("a", { href: told || "none:" });
  return /^https?:$/.test(protocol) && { [name]: href };
};

const ids = (text) => (text?.[0] == "[" ? JSON.parse(text) : text?.split(",") ?? []);

const PASSED = "limit category fallback placement exclude".split(" ");

const widget = (host) => {
  let asking, answer, cards;
  const said = host.getAttribute.bind(host);
  const list = make("div");
  const section = make("section", {}, make("slot", { name: "heading" }), make("slot", { part: "spare" }), list);
  const root = host.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [style];
  root.append(section);

  const tell = (name, detail) =>
    host.dispatchEvent(new CustomEvent(name, { detail, cancelable: true, bubbles: true, composed: true }));

  const to = (path, asked = []) => {
    const query = new URLSearchParams([...asked, ["key", said("key") ?? ""]]);
    return (said("endpoint") ?? "").replace(/\/*$/, "/v1/") + path + "?" + query;
  };

  const report = (type, items) => {
    if (said("no-report") != null || !items[0]) return;
    navigator.sendBeacon(to("events"), JSON.stringify(items.map((item) => ({
      type,
      event_id: type + Math.random(),
      product_id: item.product_id,
      position: item.rank,
      placement: said("placement"),
      recommendation_id: answer.recommendation_id,
    }))));
  };

  const watch = new IntersectionObserver((seen) => {
    report("shown", seen.filter((one) => one.intersectionRatio >= 0.5).map(({ target }) => {
      watch.unobserve(target);
      return cards.get(target);
    }));
  }, { threshold: 0.5 });

  const question = (signal) => {
    const product = said("product");
    const relation = said("relation") ?? "bought-together";
    const basket = ids(said("basket"));
    if (!product && !basket[0]) return;
    const asked = PASSED.filter(said).map((name) => [name, said(name)]);
    const options = { credentials: "omit", signal };
    if (product && relation != "complete") {
      asked.push(...basket.map((one) => ["in_basket", one]));
      return fetch(to(`products/${encodeURIComponent(product)}/${relation}`, asked), options);
    }
    options.method = "POST";
    options.body = JSON.stringify({
      ...Object.fromEntries(asked),
      exclude: [said("exclude") ?? ""],
      product_ids: basket[0] ? basket : [product],
      limit: +said("limit") || 10,
      target_total: +said("target") || null,
    });
    return fetch(to("baskets:complete"), options);
  };

  const draw = (answer) => {
    const lang = host.closest("[lang]")?.lang.replace("_", "-") || [];
    const money = (amount, currency) => {
      const digits = /BHD|IQD|JOD|KWD|LYD|OMR|TND/.test(currency) ? 3
        : /CLP|ISK|JPY|KRW|PYG|UGX|VND|XAF|XOF/.test(currency) ? 0 : 2;
      return new Intl.NumberFormat(lang, { style: "currency", currency }).format(amount / 10 ** digits);
    };
    let total = parseInt(said("price")), unit;
    const drawn = new Map(answer.items.map((item) => {
      const { product, reason } = item;
      const { price, currency } = product;
      const paid = product.sale_price ?? price;
      const onclick = (event) => {
        if (event.button > 1) return;
        report("clicked", [item]);
        if (!tell("nba-click", { item, answer })) event.preventDefault();
      };
      const card = make("li", { part: "item" },
        make("a", { part: "link", onclick, onauxclick: onclick, ...safe("href", product.link) },
          make("img", { part: "image", alt: "", loading: "lazy", ...safe("src", product.image_link) }),
          make("span", { part: "title" }, product.title)),
        make("span", { part: "reason" }, reason.text, said("explain") == null ? "" : ` (${answer.model.snapshot_id})`));
      if (currency && paid != null) {
        if (paid != price) {
          const was = make("span", { part: "word" }, said("was") ?? "was", " ");
          card.append(make("s", { part: "was" }, was, money(price, currency)), " ");
        }
        card.append(make("span", { part: "price" }, money(paid, currency)));
      }
      unit ??= currency;
      total += currency == unit ? paid ?? NaN : NaN;
      return [card, item];
    }));
    list.replaceChildren(make("ul", { part: "list", role: "list" }, ...drawn.keys()));
    if (total) list.append(make("p", { part: "total" }, said("total") ?? "Together", " ", money(total, unit)));
    return drawn;
  };

  const ask = async (now) => {
    if (now != asking) return;
    const spare = host.querySelector(":scope > :not([slot])") ? "spare" : "";
    section.className ||= spare;
    section.ariaLabel = host.querySelector("[slot=heading]")?.textContent;
    setTimeout(() => now.abort(), 8000);
    let detail, drawn = new Map();
    try {
      detail = await (await question(now.signal)).json();
      if (now == asking) drawn = draw(detail);
    } catch (error) {
      detail = { ...detail, error };
    }
    if (now != asking) return;
    [answer, cards] = [detail, drawn];
    // What is in view stays.
    const isBelow = host.getBoundingClientRect().top >= innerHeight;
    section.className = cards.size ? (isBelow ? "full away" : "full") : spare;
    host.hidden = !section.className && (isBelow || host.hidden);
    watch.disconnect();
    for (const card of cards.keys()) watch.observe(card);
    tell(cards.size ? "nba-load" : "nba-empty", detail);
  };

  return () => {
    asking?.abort();
    asking = new AbortController();
    if (host.isConnected) setTimeout(ask, 0, asking);
  };
};

customElements.define("nba-products", class extends HTMLElement {
  static observedAttributes = [...PASSED, ..."relation product basket target price key endpoint".split(" ")];
  #change = widget(this);
  connectedCallback() { this.#change(); }
  disconnectedCallback() { this.#change(); }
  attributeChangedCallback() { this.#change(); }
});
