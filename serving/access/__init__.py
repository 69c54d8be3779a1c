"""Who may use the server, how often, and whether a repeated write was done before.

Nothing in here knows a web framework: what a request brings comes in as bytes and text, so that any
server can ask.
"""
