"""The networks that ganedit trains, by the name that a recipe and a snapshot give them.

Pictures are (N, C, R, R) in [-1, 1]; z is (N, z_dim) standard normal; a condition is (N, c_dim): a one-hot class,
multi-hot attributes or a text vector. The painter starts from a picture instead of z, and span from a small one, in
[0, 1] as what it gives. Every network holds the arguments that it was built from in ``config``:
``type(network)(**config)`` builds its twin. Generators of pictures draw in the two steps of ``styled``. All run under
bfloat16 autocast and in channels last, and give float32.
"""

from collections.abc import Mapping

from torch import nn

from ganedit.models.archs import dcgan, fastgan, mlp, painter, r3gan, span

GENERATORS: Mapping[str, type[nn.Module]] = {
    "r3gan": r3gan.Generator,
    "fastgan": fastgan.Generator,
    "dcgan": dcgan.Generator,
    "mlp": mlp.Generator,
    "painter": painter.Painter,
    "span": span.Span,
}

DISCRIMINATORS: Mapping[str, type[nn.Module]] = {
    "r3gan": r3gan.Discriminator,
    "dcgan": dcgan.Discriminator,
    "mlp": mlp.Discriminator,
}
