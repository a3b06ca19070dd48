// Sums over a workgroup: a tree of fixed order that depends on the local size alone, never on the subgroup size, so
// that results repeat bit for bit. Define REDUCED before the include to sum vectors or matrices.
#ifndef REDUCED
#define REDUCED float
#endif
shared REDUCED reduce_partial[gl_WorkGroupSize.x];

// The sum of value over the workgroup, for every invocation. All invocations must call it.
REDUCED reduce_sum(REDUCED value)
{
    const uint me = gl_LocalInvocationID.x;
    barrier(); // an earlier sum may still be being read
    reduce_partial[me] = value;
    barrier();
    for (uint width = gl_WorkGroupSize.x / 2u; width > 0u; width /= 2u) {
        if (me < width)
            reduce_partial[me] += reduce_partial[me + width];
        barrier();
    }
    return reduce_partial[0];
}
