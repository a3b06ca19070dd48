#version 450
// Adam (Kingma and Ba, 2015, algorithm 1) and, when p.decoupled, AdamW (Loshchilov and Hutter, 2019), elementwise.
//   m' = beta1 m + (1 - beta1) g   v' = beta2 v + (1 - beta2) g^2   w' = w - step_size m' / (sqrt(v') / sqrt_bc2 + eps)
// Scalars: step_size, beta1, 1 - beta1, beta2, 1 - beta2, eps, sqrt_bc2 = sqrt(bias correction 2), weight_decay,
// decay_factor. Adam adds weight_decay w to g; AdamW first multiplies w by decay_factor.
//   TENKA_PASS_fwd  0: w in   1: g in   2: m in   3: v in   4: w' out   5: m' out   6: v' out   7: slot, with jobs
// Relative accuracy 1e-6 of the update.
#include "common/jobs.glsl"

TENKA_PARAMS(int decoupled;);
READS_QUADS(0, w);
READS_QUADS(1, g);
READS_QUADS(2, m);
READS_QUADS(3, v);
WRITES_QUADS(4, w_out);
WRITES_QUADS(5, m_out);
WRITES_QUADS(6, v_out);
JOBS(7)

void main()
{
    FOR_EACH_QUAD(job, at) {
        const uint room = JOB_ELEMENTS(job) - 4u * at;
        const float weight_decay = JOB_SCALAR(job, 7);
        vec4 weight = w[JOB_QUAD(job, 0) + at], gradient = g[JOB_QUAD(job, 1) + at];
        vec4 first = m[JOB_QUAD(job, 2) + at], second = v[JOB_QUAD(job, 3) + at];
        if (p.decoupled != 0)
            weight *= JOB_SCALAR(job, 8);
        else if (weight_decay != 0.0)
            gradient += weight_decay * weight;
        first = first * JOB_SCALAR(job, 1) + gradient * JOB_SCALAR(job, 2);
        second = second * JOB_SCALAR(job, 3) + gradient * gradient * JOB_SCALAR(job, 4);
        weight -= JOB_SCALAR(job, 0) * first / (sqrt(second) / JOB_SCALAR(job, 6) + JOB_SCALAR(job, 5));
        STORE_QUAD(w_out, JOB_QUAD(job, 4) + at, room, weight);
        STORE_QUAD(m_out, JOB_QUAD(job, 5) + at, room, first);
        STORE_QUAD(v_out, JOB_QUAD(job, 6) + at, room, second);
    }
}
