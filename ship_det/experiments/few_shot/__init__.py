"""Few-shot learning from imbalanced support sets: episodes with any split, MAML, and CI loss against cross-entropy."""
