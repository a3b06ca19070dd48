#version 450
// Stochastic gradient descent with momentum and L2 decay, elementwise, as torch.optim.SGD:
//   g += weight_decay w;  b' = momentum b + (1 - dampening) g;  w' = w - lr (nesterov ? g + momentum b' : b')
// Without momentum w' = w - lr g, and neither b nor b' is there. Scalars: lr, momentum, 1 - dampening, weight_decay.
//   TENKA_PASS_fwd  0: w in   1: g in   2: b in   3: w' out   4: b' out   5: slot
// Relative accuracy 1e-6 of the update.
#include "common/kernel.glsl"

TENKA_PARAMS(int momentum; int nesterov;);
READS(0, w);
READS(1, g);
READS(2, b);
WRITES(3, w_out);
WRITES(4, b_out);
SCALARS(5);

void main()
{
    const float lr = SCALAR(0), momentum = SCALAR(1), weight_decay = SCALAR(3);
    FOR_EACH(i) {
        const float weight = LOAD(w, i);
        float gradient = LOAD(g, i);
        if (weight_decay != 0.0)
            gradient += weight_decay * weight;
        if (p.momentum != 0) {
            const float moment = momentum * LOAD(b, i) + SCALAR(2) * gradient;
            gradient = p.nesterov != 0 ? gradient + momentum * moment : moment;
            STORE(b_out, i, moment);
        }
        STORE(w_out, i, weight - lr * gradient);
    }
}
