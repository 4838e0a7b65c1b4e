"""The papers' experiments on one floor: results on disk, statistics, tables, charts and losses by name."""
