"""ganedit: edit pictures with GANs, and train them."""

__version__ = "0.2.0"
