"""VietQR payloads and their pictures; knows no web, no database and none of the other packages."""
