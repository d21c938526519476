"""`python -m pixelhost` is the command `pixelhost`."""

from pixelhost.cli import main

main()
