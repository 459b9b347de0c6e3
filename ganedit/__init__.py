"""ganedit: edit pictures with GANs, and train them."""

import os

__version__ = "0.2.0"

# Read by OpenMP when torch is loaded. Threads that wait for one another spin for so many rounds before they sleep, by
# default for ever so long: measured on two cores with one other busy program, a training step then takes 18 times as
# long as alone, with this 4 times; alone it takes the same.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
