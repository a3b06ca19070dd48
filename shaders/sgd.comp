#version 450
// Stochastic gradient descent with momentum and L2 decay, elementwise, as torch.optim.SGD:
//   g += weight_decay w;  b' = momentum b + (1 - dampening) g;  w' = w - lr (nesterov ? g + momentum b' : b')
// Without momentum w' = w - lr g, and neither b nor b' is there. Scalars: lr, momentum, 1 - dampening, weight_decay.
//   TENKA_PASS_fwd  0: w in   1: g in   2: b in   3: w' out   4: b' out   5: slot, with jobs
// Relative accuracy 1e-6 of the update.
#include "common/jobs.glsl"

TENKA_PARAMS(int momentum; int nesterov;);
READS_QUADS(0, w);
READS_QUADS(1, g);
READS_QUADS(2, b);
WRITES_QUADS(3, w_out);
WRITES_QUADS(4, b_out);
JOBS(5)

void main()
{
    FOR_EACH_QUAD(job, at) {
        const uint room = JOB_ELEMENTS(job) - 4u * at;
        const float weight_decay = JOB_SCALAR(job, 3);
        const vec4 weight = w[JOB_QUAD(job, 0) + at];
        vec4 gradient = g[JOB_QUAD(job, 1) + at];
        if (weight_decay != 0.0)
            gradient += weight_decay * weight;
        if (p.momentum != 0) {
            const vec4 moment = JOB_SCALAR(job, 1) * b[JOB_QUAD(job, 2) + at] + JOB_SCALAR(job, 2) * gradient;
            gradient = p.nesterov != 0 ? gradient + JOB_SCALAR(job, 1) * moment : moment;
            STORE_QUAD(b_out, JOB_QUAD(job, 4) + at, room, moment);
        }
        STORE_QUAD(w_out, JOB_QUAD(job, 3) + at, room, weight - JOB_SCALAR(job, 0) * gradient);
    }
}
