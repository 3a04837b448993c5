"""The web: one blueprint a kind of person, over the same functions as the command line."""
