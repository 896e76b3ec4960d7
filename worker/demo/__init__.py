"""The demo: one run of the whole system, its checks, and the page that shows them."""
