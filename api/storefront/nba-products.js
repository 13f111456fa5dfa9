// <nba-products>: what goes with a product or basket, as a list of links.
customElements.define("nba-products", class extends HTMLElement {});
