#version 450
// y[c, index[c, i]] = x[c, i], 0 where no index says; of several that say the same the last. x: p.nc planes of [oh, ow],
// y: of [h, w]. One workgroup a plane of y, in which each element first says who claims it.
//   TENKA_PASS_fwd  0: x in   1: index in (int)   2: y out
//   TENKA_PASS_dx   0: index in (int)   1: dy in   2: dx out: dy at the index
// Exact.
#include "common/kernel.glsl"

TENKA_PARAMS(int nc; int h; int w; int oh; int ow;);

#ifdef TENKA_PASS_fwd
READS(0, x);
READS_AS(int, 1, index);
WRITES(2, y);
layout(set = 0, binding = 2) coherent buffer claims_buffer { uint claims[]; };

void main()
{
    const uint inputs = p.oh * p.ow, outputs = p.h * p.w, local = gl_WorkGroupSize.x;
    FOR_EACH_GROUP(c) {
        for (uint k = gl_LocalInvocationID.x; k < outputs; k += local)
            claims[c * outputs + k] = 0u;
        memoryBarrierBuffer();
        barrier();
        for (uint i = gl_LocalInvocationID.x; i < inputs; i += local) {
            const uint k = index[c * inputs + i];
            if (k < outputs)
                atomicMax(claims[c * outputs + k], i + 1u);
        }
        memoryBarrierBuffer();
        barrier();
        for (uint k = gl_LocalInvocationID.x; k < outputs; k += local) {
            const uint claim = claims[c * outputs + k];
            STORE(y, c * outputs + k, claim > 0u ? LOAD(x, c * inputs + claim - 1u) : 0.0);
        }
    }
}
#endif

#ifdef TENKA_PASS_dx
READS_AS(int, 0, index);
READS(1, dy);
WRITES(2, dx);

void main()
{
    FOR_EACH(i) {
        const uint outputs = p.h * p.w, plane = i / uint(p.oh * p.ow), k = index[i];
        STORE(dx, i, k < outputs ? LOAD(dy, plane * outputs + k) : 0.0);
    }
}
#endif
