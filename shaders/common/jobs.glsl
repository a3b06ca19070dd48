// One dispatch for several nodes, its jobs (flag JOBS of ops.def). Elementwise: an item is four neighbours, a quad.
//
// p.items counts blocks, a workgroup of quads each, and p.scalars is the word of the slot where the table of jobs
// begins (src/backend/vulkan/jobs.c). All operands of a role are one binding, in which each job's begins at a quad of
// its own.
#include "common/kernel.glsl"

// What jobs work on, variables and what belongs to them, is float in every storage type.
#define READS_QUADS(slot, name) READS_AS(vec4, slot, name)
#define WRITES_QUADS(slot, name) WRITES_AS(vec4, slot, name)

// The table's columns.
#define JOB_ELEMENTS(job) slot_words[(job) + 1u]
#define JOB_READ_ELEMENTS(job) slot_words[(job) + 2u]
#define JOB_SCALAR(job, i) uintBitsToFloat(slot_words[slot_words[(job) + 3u] + (i)])
// The quad of an operand's binding at which the job's own begins; operand: its binding.
#define JOB_QUAD(job, operand) (slot_words[(job) + 4u + (operand)] / 4u)

// The slot, behind the pass's operands, and job_of(block): where the entry of the job begins that has a block.
#define JOBS(operands)                                                          \
    SCALARS(operands);                                                          \
    const uint job_words = 4u + operands;                                       \
    uint job_of(uint block)                                                     \
    {                                                                           \
        uint low = 0u, high = slot_words[p.scalars];                            \
        while (high - low > 1u) {                                               \
            const uint middle = (low + high) / 2u;                              \
            if (slot_words[p.scalars + 1u + middle * job_words] <= block)       \
                low = middle;                                                   \
            else                                                                \
                high = middle;                                                  \
        }                                                                       \
        return p.scalars + 1u + low * job_words;                                \
    }

// Quad number at of a job. Not all of its elements need be the job's: JOB_ELEMENTS(job) - 4 * at are.
#define FOR_EACH_QUAD(job, at)                                                                              \
    const uint block = group_number(), job = block < p.items ? job_of(block) : p.scalars + 1u;              \
    const uint at = (block - slot_words[job]) * gl_WorkGroupSize.x + gl_LocalInvocationID.x;                \
    if (block < p.items && 4u * at < JOB_ELEMENTS(job))
