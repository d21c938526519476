"""Password Pusher's own clients, as they are on PyPI, against a real server.

Each is installed from a lock file of its own. To take newer ones: `uv pip compile --universal --python-version 3.11
--generate-hashes --no-header --no-annotate - -o pwpush.txt <<< pwpush`.
"""
