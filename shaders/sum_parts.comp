#version 450
// y[i] = 0 + parts[0, i] + parts[1, i] + ..., in this order: what the passes for parts leave to be added up.
//   TENKA_PASS_fwd  0: parts in [count, ...]   1: y out   2: the slot, with jobs
#include "common/jobs.glsl"
#extension GL_EXT_control_flow_attributes : require

TENKA_NO_PARAMS;
READS_AS(float, 0, parts);
READS_QUADS(0, parts4);
WRITES_QUADS(1, y);
JOBS(2)

const uint AT_ONCE = 4u; // parts whose loads are on their way together
#define FOR(i, count) [[unroll]] for (uint i = 0u; i < (count); i++)

// Elements from `at` on of a part whose first is number `first`; whole: quads of all parts begin at quads of memory.
vec4 quad_of(uint first, uint at, uint elements, bool whole)
{
    if (whole)
        return parts4[(first + at) / 4u];
    const uint last = first + elements - 1u, begin = first + at;
    return vec4(parts[begin], parts[min(begin + 1u, last)], parts[min(begin + 2u, last)], parts[min(begin + 3u, last)]);
}

void main()
{
    FOR_EACH_QUAD(job, at) {
        const uint elements = JOB_ELEMENTS(job), count = JOB_READ_ELEMENTS(job) / elements;
        const uint begin = 4u * JOB_QUAD(job, 0), room = elements - 4u * at;
        const bool whole = elements % 4u == 0u;
        vec4 total = vec4(0.0);
        uint part = 0u;
        do {
            vec4 read[AT_ONCE];
            FOR(i, AT_ONCE)
                read[i] = quad_of(begin + min(part + i, count - 1u) * elements, 4u * at, elements, whole);
            FOR(i, AT_ONCE)
                if (part + i < count)
                    total += read[i];
        } while ((part += AT_ONCE) < count);
        STORE_QUAD(y, JOB_QUAD(job, 1) + at, room, total);
    }
}
