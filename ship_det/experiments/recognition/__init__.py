"""Imbalanced image classification: the CI loss paper's MNIST and MSTAR experiments, many trials trained together."""
