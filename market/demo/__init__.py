"""The sample province: made by the same functions as real data, deterministic by seed."""
