"""One small pure module a provider: the body it posts, read into notices."""
