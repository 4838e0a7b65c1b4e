"""The papers' experiments on one floor: statistics, losses by name, class folders; each experiment is a folder."""
