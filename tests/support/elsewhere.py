"""What somebody else does to the database while the server runs."""

from pixelhost.site import Site


async def change_rows(site: Site, statement: str, *values: object) -> None:
    """Change rows as another machine would, and wait until this one has heard of it."""
    await site.db.execute(statement, *values)
    site.changes.note()
