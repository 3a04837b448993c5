"""Bank statement files: read as rows, recognised by their headings, turned into notices. No database, no disk; a
workbook is read in a process of its own."""
