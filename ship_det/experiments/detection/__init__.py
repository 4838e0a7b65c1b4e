"""Class losses and samplings compared on a detector: the same weights, crops and order for each, several seeds."""
