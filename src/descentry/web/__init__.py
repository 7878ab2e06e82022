"""The dashboard's server: runs below folders, as pages and as an API, for who holds the token."""
