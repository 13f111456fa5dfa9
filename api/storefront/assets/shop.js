// The shop's own hook on the widget: its products lead to the pages of this shop, whose addresses
// carry the basket along, and what has no picture gets one.
const SPARE = "/assets/no-picture.svg";

document.addEventListener("nba-load", ({ target, detail }) => {
  const part = (name) => target.shadowRoot.querySelectorAll(`[part~=${name}]`);
  const links = part("link");
  detail.items.forEach(({ product_id }, place) => {
    const address = new URL(document.body.dataset.productPage, document.baseURI);
    address.searchParams.set("id", product_id);
    links[place].href = address;
  });
  for (const image of part("image")) {
    image.addEventListener("error", () => { image.src = SPARE; }, { once: true });
    image.src ||= SPARE;
  }
});
