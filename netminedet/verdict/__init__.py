"""Weighs evidence into one verdict a host.

``findings`` keeps what was found so that it merges; ``flows`` judges one connection,
``sessions`` TLS sessions, ``weigh`` a host, ``size`` how big it is, ``explain`` why.
"""
