"""The product: what may be done, by whom, and what happens then. It has never heard of HTTP."""
