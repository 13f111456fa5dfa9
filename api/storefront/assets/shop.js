// The shop's own hook on the widget: its products lead to the pages of this shop, and the basket
// goes along in their addresses.
document.addEventListener("nba-load", ({ target, detail }) => {
  const links = target.shadowRoot.querySelectorAll("[part~=link]");
  detail.items.forEach(({ product_id }, place) => {
    const address = new URL(document.body.dataset.productPage, document.baseURI);
    address.searchParams.set("id", product_id);
    links[place].href = address;
  });
});
