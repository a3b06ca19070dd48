"""Text of torchvision's models, for Tenka to read."""
import dis
import sys

import torch


class Tracer(torch.fx.Tracer):
    """What torch.fx of PyTorch 1.13 cannot trace under Python 3.11, sizes that are unpacked, this can."""

    proxy_buffer_attributes = True  # buffers keep their names: MaxViT's indices would become constants

    def iter(self, obj):
        frame = sys._getframe(2)  # of "n, c, h, w = x.shape"
        unpack = next(step for step in dis.get_instructions(frame.f_code) if step.offset == frame.f_lasti)
        return iter([obj[i] for i in range(unpack.argval)])


torch.fx.Proxy.__iter__ = lambda self: self.tracer.iter(self)  # 1.13's own fails under Python 3.11

# What print does not show of a MultiheadAttention.
torch.nn.MultiheadAttention.extra_repr = (
    lambda m: f"num_heads={m.num_heads}, dropout={m.dropout}, batch_first={m.batch_first}")


def traced(model):
    return str(torch.fx.GraphModule(model, Tracer().trace(model)))
