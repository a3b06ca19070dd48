#version 450
// The updates of optimizers. The build says which one: TENKA_NAME, with at most TENKA_STATES tensors of state, of which
// STATES are there. That and HOW, the row's flag, are specialisation constants. Scalars: the gradient's sign, the decay
// that is added to the gradient, the factor of the parameter, then the row's numbers.
//   TENKA_PASS_fwd  w, g, states in, then w, states out, and the slot, with jobs
// Relative accuracy 1e-6 of the update.
#include "common/jobs.glsl"
#include "common/elementwise.glsl"

layout(constant_id = 8) const int STATES = 0;
layout(constant_id = 9) const int HOW = 0;

TENKA_PARAMS(int states; int how;);
READS_QUADS(0, w);
READS_QUADS(1, g);
READS_QUADS(2, a);
#if TENKA_STATES > 1
READS_QUADS(3, b);
#endif
#if TENKA_STATES > 2
READS_QUADS(4, c);
#endif
#if TENKA_STATES == 1
WRITES_QUADS(3, w_out);
WRITES_QUADS(4, a_out);
JOBS(5)
#elif TENKA_STATES == 2
WRITES_QUADS(4, w_out);
WRITES_QUADS(5, a_out);
WRITES_QUADS(6, b_out);
JOBS(7)
#else
WRITES_QUADS(5, w_out);
WRITES_QUADS(6, a_out);
WRITES_QUADS(7, b_out);
WRITES_QUADS(8, c_out);
JOBS(9)
#endif
#define WRITE_AT(k) (2 + TENKA_STATES + (k))

struct Updated {
    float w, a, b, c;
};
#define UPDATE(name) Updated name##_update(float w, float g, float a, float b, float c, uint job)
#define NUMBER(i) JOB_SCALAR(job, 3 + (i))
#define RESULT(w_, a_, b_, c_) return Updated(w_, a_, b_, c_)
#include "common/updates.h"

#define JOIN_(x, y) x##y
#define JOIN(x, y) JOIN_(x, y)

Updated updated(float w, float g, float a, float b, float c, uint job)
{
    precise const float gradient = directed_gradient(w, g, JOB_SCALAR(job, 0), JOB_SCALAR(job, 1));
    precise const float kept = w * JOB_SCALAR(job, 2);
    return JOIN(TENKA_NAME, _update)(kept, gradient, a, b, c, job);
}

void main()
{
    FOR_EACH_QUAD(job, at) {
        const uint room = JOB_ELEMENTS(job) - 4u * at;
        const vec4 weight = w[JOB_QUAD(job, 0) + at], gradient = g[JOB_QUAD(job, 1) + at];
        vec4 first = vec4(0.0), second = vec4(0.0), third = vec4(0.0);
        if (STATES > 0)
            first = a[JOB_QUAD(job, 2) + at];
#if TENKA_STATES > 1
        if (STATES > 1)
            second = b[JOB_QUAD(job, 3) + at];
#endif
#if TENKA_STATES > 2
        if (STATES > 2)
            third = c[JOB_QUAD(job, 4) + at];
#endif
        const Updated x = updated(weight.x, gradient.x, first.x, second.x, third.x, job);
        const Updated y = updated(weight.y, gradient.y, first.y, second.y, third.y, job);
        const Updated z = updated(weight.z, gradient.z, first.z, second.z, third.z, job);
        const Updated u = updated(weight.w, gradient.w, first.w, second.w, third.w, job);
        STORE_QUAD(w_out, JOB_QUAD(job, WRITE_AT(0)) + at, room, vec4(x.w, y.w, z.w, u.w));
        if (STATES > 0)
            STORE_QUAD(a_out, JOB_QUAD(job, WRITE_AT(1)) + at, room, vec4(x.a, y.a, z.a, u.a));
#if TENKA_STATES > 1
        if (STATES > 1)
            STORE_QUAD(b_out, JOB_QUAD(job, WRITE_AT(2)) + at, room, vec4(x.b, y.b, z.b, u.b));
#endif
#if TENKA_STATES > 2
        if (STATES > 2)
            STORE_QUAD(c_out, JOB_QUAD(job, WRITE_AT(3)) + at, room, vec4(x.c, y.c, z.c, u.c));
#endif
    }
}
