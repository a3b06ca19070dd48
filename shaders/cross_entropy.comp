#version 450
// The negative log-likelihood of log_softmax(x) along the rows of x [n, c], reduced by p.reduction as nll_loss.comp.
//   TENKA_PASS_fwd  0: x in   1: target in (int)   2: y out   3: logp out
//   TENKA_PASS_dx   0: target in (int)   1: logp in   2: dy in   3: dx = (exp(logp) - 1 at the target) dy, / n for the
// mean fwd: an invocation takes whole rows; mean and sum are one workgroup's, in a fixed order.
#include "common/kernel.glsl"
#include "common/reduce.glsl"

TENKA_PARAMS(int n; int c; int reduction;);
const int MEAN = 0, NONE = 2; // of enum tenka_reduction

#ifdef TENKA_PASS_fwd
#include "common/numbers.glsl"
READS(0, x);
READS_AS(int, 1, target);
WRITES(2, y);
WRITES(3, logp);

// Elements of a row are taken four at a time, whose loads are on their way at once; beyond the end the last one again.
#define FOR_FOURS(at, begin, end) for (uint at = begin; at < end; at += 4u)
#define FOR_EACH_OF_FOUR(q) [[unroll]] for (uint q = 0u; q < 4u; q++)

vec4 four(uint at, uint last)
{
    return vec4(LOAD(x, at), LOAD(x, min(at + 1u, last)), LOAD(x, min(at + 2u, last)), LOAD(x, min(at + 3u, last)));
}

float loss(uint row)
{
    const uint begin = row * p.c, end = begin + p.c, last = end - 1u, wanted = begin + uint(target[row]);
    float largest = LOAD(x, begin), total = 0.0, result = make_nan();
    FOR_FOURS(at, begin, end) {
        const vec4 v = four(at, last);
        FOR_EACH_OF_FOUR(q) largest = larger(largest, v[q]);
    }
    const bool good = is_finite(largest);
    FOR_FOURS(at, begin, end) {
        const vec4 v = four(at, last);
        FOR_EACH_OF_FOUR(q) total += at + q < end ? exp(v[q] - largest) : 0.0;
    }
    const float log_total = log(total);
    FOR_FOURS(at, begin, end) {
        const vec4 v = four(at, last);
        FOR_EACH_OF_FOUR(q) {
            const float one = good ? v[q] - largest - log_total : make_nan();
            if (at + q < end)
                STORE(logp, at + q, one);
            result = at + q == wanted && at + q < end ? -one : result;
        }
    }
    return result;
}

void main()
{
    FOR_EACH_GROUP(g) {
        if (p.reduction == NONE) {
            for (uint i = g * 64u + gl_LocalInvocationID.x; i < min(g * 64u + 64u, p.n); i += gl_WorkGroupSize.x)
                STORE(y, i, loss(i));
        } else {
            lanes_begin();
            for (uint i = gl_LocalInvocationID.x, k = 0u; i < p.n; i += gl_WorkGroupSize.x, k++)
                any_lane_add(k % LANES, loss(i));
            const float total = lanes_sum();
            if (gl_LocalInvocationID.x == 0u)
                STORE(y, 0, p.reduction == MEAN ? total / float(p.n) : total);
        }
    }
}
#endif

#ifdef TENKA_PASS_dx
READS_AS(int, 0, target);
READS(1, logp);
READS(2, dy);
WRITES(3, dx);

void main()
{
    const float share = p.reduction == MEAN ? float(p.n) : 1.0;
    FOR_EACH(i) {
        uint row = i;
        const int column = int(digit(row, p.c)), label = target[row];
        const bool counts = label >= 0 && label < p.c;
        const float d = counts ? LOAD(dy, p.reduction == NONE ? row : 0u) / share : 0.0, v = LOAD(logp, i);
        STORE(dx, i, is_nan(v) ? v : (exp(v) - (column == label ? 1.0 : 0.0)) * d);
    }
}
#endif
