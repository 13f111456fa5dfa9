"""The demonstration storefront: pages over whatever shop is trained, without a cookie."""
