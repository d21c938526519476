"""Bytes to facts: types, thumbnails, icons, the layout of archives.

Everything here is pure and blocking and imports nothing else of pixelhost. What decodes bytes that a stranger uploaded
is called through `workers.MediaPool`, in a process that may crash.
"""
