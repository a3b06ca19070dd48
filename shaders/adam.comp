#version 450
// Adam (Kingma and Ba, 2015, algorithm 1) and, when p.decoupled, AdamW (Loshchilov and Hutter, 2019), elementwise.
//   m' = beta1 m + (1 - beta1) g   v' = beta2 v + (1 - beta2) g^2   w' = w - step_size m' / (sqrt(v') / sqrt_bc2 + eps)
// Scalars: step_size, beta1, 1 - beta1, beta2, 1 - beta2, eps, sqrt_bc2 = sqrt(bias correction 2), weight_decay,
// decay_factor. Adam adds weight_decay w to g; AdamW first multiplies w by decay_factor.
//   TENKA_PASS_fwd  0: w in   1: g in   2: m in   3: v in   4: w' out   5: m' out   6: v' out   7: slot
// Relative accuracy 1e-6 of the update.
#include "common/kernel.glsl"

TENKA_PARAMS(int decoupled;);
READS(0, w);
READS(1, g);
READS(2, m);
READS(3, v);
WRITES(4, w_out);
WRITES(5, m_out);
WRITES(6, v_out);
SCALARS(7);

void main()
{
    const float weight_decay = SCALAR(7);
    FOR_EACH(i) {
        float weight = LOAD(w, i), gradient = LOAD(g, i), first = LOAD(m, i), second = LOAD(v, i);
        if (p.decoupled != 0)
            weight *= SCALAR(8);
        else if (weight_decay != 0.0)
            gradient += weight_decay * weight;
        first = first * SCALAR(1) + gradient * SCALAR(2);
        second = second * SCALAR(3) + gradient * gradient * SCALAR(4);
        weight -= SCALAR(0) * first / (sqrt(second) / SCALAR(6) + SCALAR(5));
        STORE(w_out, i, weight);
        STORE(m_out, i, first);
        STORE(v_out, i, second);
    }
}
