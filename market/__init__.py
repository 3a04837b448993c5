"""The application: joins `merchants`, `ledger` and `qr` behind the command line and the web."""
