"""Learning: from a table of features and labels to two models whose worth has been measured.

Reads what `features` builds and hands `serving` a folder it can score from. Start with
`training.models` for the models themselves.
"""
