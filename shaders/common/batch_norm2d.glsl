// Batch normalisation, one workgroup a channel; after common/channels.glsl and the operands x, weight, mean, variance
// and the slot. y goes through the activation; GRADIENT(at) is dy as it is behind that. `precise`, so that a compiler
// rounds alike in all variants.

// array[at] = finish(result(at)) for each element of channel c. All loads of a turn come first, since a compiler must
// take a store for one into what is loaded.
#define STORE_CHANNEL(array, c, result, finish)                                     \
    {                                                                               \
        const uint count_ = CHANNEL_COUNT, last_ = CHANNEL_LAST(c);                 \
        walk_begin(c, 0u);                                                          \
        FOR_TURNS(first_, count_) {                                                 \
            float v_[TURN];                                                         \
            uint at_[TURN];                                                         \
            FOR_TURN(r, k, first_) {                                                \
                const uint at = min(walk(), last_);                                 \
                precise const float v = result(at);                                 \
                at_[k] = at;                                                        \
                v_[k] = v;                                                          \
            }                                                                       \
            FOR_TURN(r, k, first_)                                                  \
                if (r < count_)                                                     \
                    STORE(array, at_[k], finish(v_[k]));                            \
        }                                                                           \
    }

#ifdef TENKA_PASS_fwd
#include "common/numbers.glsl"

// The mean over a channel of x - m and, when wanted, of its square.
vec2 channel_means(uint c, float m, bool squared)
{
    const uint count = CHANNEL_COUNT, last = CHANNEL_LAST(c);
    lanes_begin();
    walk_begin(c, 0u);
    FOR_TERMS(r, k, count) {
        const float v = LOAD(x, min(walk(), last)), d = r < count ? v - m : 0.0;
        precise const float square = squared ? d * d : 0.0;
        lane_add(k, vec2(d, square));
    }
    return lanes_sum() / float(count);
}

void main()
{
    FOR_EACH_GROUP(c) {
        const float guess = channel_means(c, 0.0, false).x;
        const vec2 off = channel_means(c, guess, true);
        // What a sum loses to the size of its terms, their distances from it show. A guess that is infinite stays so.
        precise const float m = is_nan(off.x) ? guess : guess + off.x, around = off.y - off.x * off.x;
        const float v = larger(around, 0.0);
        const float gain = 1.0 / sqrt(v + SCALAR(0)) * LOAD(weight, c), base = LOAD(bias, c);
#define RESULT(at) (LOAD(x, at) - m) * gain + base
        STORE_CHANNEL(y, c, RESULT, activated)
        if (gl_LocalInvocationID.x == 0u) {
            STORE(mean, c, m);
            STORE(variance, c, v);
        }
    }
}
#endif

#ifdef TENKA_PASS_dx
#include "common/channel_sums.glsl"
#include "common/norm_slope.glsl"
void main()
{
    FOR_EACH_GROUP(c) {
        const float m = LOAD(mean, c);
        const Slope s = slope_of(LOAD(weight, c), LOAD(variance, c), channel_gradients(c, m, LOAD(variance, c)));
#define RESULT(at) slope_at(s, GRADIENT(at), LOAD(x, at) - m)
        STORE_CHANNEL(dx, c, RESULT, float)
    }
}
#endif
