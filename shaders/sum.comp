#version 450
// y[k] = sum over r of x[kept(k) + reduced(r)], divided by their number when p.mean. One workgroup an element of y.
//   TENKA_PASS_fwd  0: x in   1: y out
// Each lane adds every WIDTH-th term, then a tree: within terms / WIDTH + 10 ulp of the sum of the absolute terms.
#include "common/kernel.glsl"
#include "common/reduce.glsl"

TENKA_PARAMS(int keep_n; int reduce_n; int kdim[3]; int kstride[3]; int rdim[3]; int rstride[3]; int mean; int axes;
             int keepdim;);
layout(constant_id = 9) const uint FLAT = 0u; // reduced(r) is r times a stride
READS(0, x);
WRITES(1, y);

uint kept(uint k)
{
    uint at = digit(k, p.kdim[2]) * p.kstride[2];
    at += digit(k, p.kdim[1]) * p.kstride[1];
    return at + k * p.kstride[0];
}

uint reduced(uint r)
{
    if (FLAT != 0u)
        return r * p.rstride[2];
    uint at = digit(r, p.rdim[2]) * p.rstride[2];
    at += digit(r, p.rdim[1]) * p.rstride[1];
    return at + r * p.rstride[0];
}

void main()
{
    const uint count = p.reduce_n;
    FOR_EACH_GROUP(k) {
        const uint first = kept(k);
        lanes_begin();
        FOR_TERMS(r, lane, count) {
            const float v = LOAD(x, first + reduced(min(r, count - 1u)));
            lane_add(lane, r < count ? v : 0.0);
        }
        const float total = lanes_sum();
        if (gl_LocalInvocationID.x == 0u)
            STORE(y, k, p.mean != 0 ? total / float(count) : total);
    }
}
