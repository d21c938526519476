"""The nouns of the product: what passes between the database, the product's rules and the dialects."""
