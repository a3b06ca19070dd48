#version 450
// y = 0 with probability p, else x / (1 - p). Scalars: probability, key's low word (u), key's high word (u).
// Element i is dropped when u(i) < probability, u(i) = (word i % 4 of Philox4x32-10 at counter {i / 4, 0, 0, 0}) >> 8,
// times 2^-24. Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011). A block of four elements
// an invocation; the gradient draws the same mask again.
//   TENKA_PASS_fwd  0: x in    1: y out    2: slot
//   TENKA_PASS_dx   0: dy in   1: dx out   2: slot
// The mask is exact, the quotient within 2.5 ulp.
#include "common/kernel.glsl"

TENKA_NO_PARAMS;
READS(0, x);
WRITES(1, y);
SCALARS(2);

uvec4 philox(uint block, uvec2 key)
{
    uvec4 c = uvec4(block, 0u, 0u, 0u);
    for (int turn = 0; turn < 10; turn++) {
        uvec2 high, low;
        umulExtended(uvec2(0xD2511F53u, 0xCD9E8D57u), c.xz, high, low);
        c = uvec4(high.y ^ c.y ^ key.x, low.y, high.x ^ c.w ^ key.y, low.x);
        key += uvec2(0x9E3779B9u, 0xBB67AE85u);
    }
    return c;
}

void main()
{
    const float probability = SCALAR(0), keep = 1.0 - probability;
    const uvec2 key = uvec2(SCALAR_U(1), SCALAR_U(2));
    // p.items counts elements; with a block an invocation, the last three quarters of the grid have none.
    const uint blocks = (p.items + 3u) / 4u;
    FOR_EACH(block) {
        if (block >= blocks)
            return;
        const uvec4 word = philox(block, key);
        for (uint k = 0u; k < 4u && 4u * block + k < p.items; k++) {
            const uint i = 4u * block + k;
            const float u = float(word[k] >> 8) * (1.0 / 16777216.0);
            STORE(y, i, u < probability ? 0.0 : LOAD(x, i) / keep);
        }
    }
}
