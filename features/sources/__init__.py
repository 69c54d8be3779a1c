"""Where orders come from: files of the business and public sets with data cards.

Reading order: `reading` (the one entry: a file in, a Reading out), `text` and `parquet` (a file as
rows of text), `columns` (its header), `values` and `clock` (what a text means), `reasons` (why a
row was refused), `guess` (what an unknown file probably holds), `cdnow` (a public set).
"""
