"""What each command of the command line does; `serving.cli` only parses and prints."""
