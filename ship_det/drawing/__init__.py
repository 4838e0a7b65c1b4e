"""Boxes on images, and the look of charts."""
