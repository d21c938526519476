"""A self-hosted, Pixeldrain-compatible file host.

    leaves      errors model settings plans clock ids keyring threads: they import nothing of ours but one another
    stores      db (SQL text in, model out), blobs (bytes by SHA-256), media (bytes to facts, in confined processes)
    core, site  the product's rules; Site is one running pixelhost
    wire        HTTP: parameters, bodies, ranges, sockets; it knows no endpoint
    dialects    pixeldrain (the API), web (the pages)
    top         jobs, app (a Site with the dialects' routes), worker (one process), serve (their supervisor), cli

Bytes are placed by a hard link, so that what a crash left between placing and commit shows; a digest is locked by an
advisory lock of the database rather than by its row, which saves an upload two round trips.
"""

__version__ = "0.1.0"
