#version 450
// z = a x + b y, elementwise. Scalars: a, b.
//   TENKA_PASS_fwd  0: x in   1: y in   2: z out   3: slot, with jobs
// The products and their sum are each correctly rounded.
#include "common/jobs.glsl"

TENKA_NO_PARAMS;
READS_QUADS(0, x);
READS_QUADS(1, y);
WRITES_QUADS(2, z);
JOBS(3)

void main()
{
    FOR_EACH_QUAD(job, at) {
        const vec4 of_x = x[JOB_QUAD(job, 0) + at], of_y = y[JOB_QUAD(job, 1) + at];
        precise const vec4 sum = JOB_SCALAR(job, 0) * of_x + JOB_SCALAR(job, 1) * of_y;
        STORE_QUAD(z, JOB_QUAD(job, 2) + at, JOB_ELEMENTS(job) - 4u * at, sum);
    }
}
