"""Adversarial training: losses, discriminators that are no plain network, data, and the loop."""
