"""Bank statement files: read as rows, recognised by their headings, turned into notices. Pure: no database, no disk."""
