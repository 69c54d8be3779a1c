"""One file per feature group; a feature's function name is its column name."""
