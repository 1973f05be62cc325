"""Rank parameter-efficient fine-tuning methods for an image dataset."""
