"""Bytes by their SHA-256. No SQL and no HTTP here: a small contract and the stores that keep it.

`contract.py` says what a store is, `disk.py` keeps bytes in a local directory. One test suite is run against all.
"""
