"""ganedit: edit pictures with GANs, and train them."""

__version__ = "0.1.0"
