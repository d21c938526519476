"""A self-hosted, Pixeldrain-compatible file host.

    leaves      batching errors model settings plans clock ids keyring threads: they import only one another
    stores      db (SQL text in, model out), blobs (bytes by SHA-256), media (bytes to facts, in confined processes)
    core, site  the product's rules; Site is one running pixelhost
    wire        HTTP: parameters, bodies, ranges, sockets; it knows no endpoint
    dialects    pixeldrain (the API), web (the pages)
    top         jobs, app (a Site with the dialects' routes), worker (one process), serve (their supervisor), cli

Bytes are placed by a hard link, so that what a crash left between placing and commit shows. They are deleted only under
the lock of their blob's row; whoever inserts a reference has that lock too, and looks whether they are still there.
"""

__version__ = "0.1.0"
