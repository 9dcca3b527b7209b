"""Sans-IO parsers: bytes of flagged flows in, messages out; no sockets, no clocks, no logging.

``conversation`` puts a flow's two directions together and asks the signatures; ``framing``
says how the messages are framed; the rest are one protocol a module.
"""
