// What every kernel stands on: local size, push constants, storage, loops over work items, NaN.
//
// A pass sees its buffers in set 0: reads, then writes, then (where the operator has scalars) the step's slot. Every
// tensor begins at offset 0 of its binding. Writes may alias reads where ops.def says INPLACE: no `restrict` anywhere.
layout(local_size_x = 64, local_size_x_id = 0) in; // a power of two, at most 1024

// The members of the operator's struct in params.h, in order; each ends with a semicolon. items: the pass's work as
// ops.def counts it; scalars: the word of the slot that holds scalar 0.
#define TENKA_PARAMS(fields) layout(push_constant) uniform Params { uint items; uint scalars; fields } p
#define TENKA_NO_PARAMS layout(push_constant) uniform Params { uint items; uint scalars; } p

// The storage type (TENKA_STORED_ of src/op/op.h): of a real in memory, and of four; arithmetic is always float. What is
// stored otherwise in all of them, such as an index, is bound by READS_AS or WRITES_AS.
#ifdef TENKA_STORED_f32
#define STORAGE float
#define STORAGE_FOUR vec4
#endif
#define LOAD(array, i) float(array[i])
#define STORE(array, i, value) array[i] = STORAGE(value)

// The first `room` of four neighbours, by name: an index that varies would put v into memory on many GPUs.
#define STORE_FOUR(array, at, room, v)      \
    {                                       \
        if ((room) > 0)                     \
            STORE(array, (at), (v).x);      \
        if ((room) > 1)                     \
            STORE(array, (at) + 1, (v).y);  \
        if ((room) > 2)                     \
            STORE(array, (at) + 2, (v).z);  \
        if ((room) > 3)                     \
            STORE(array, (at) + 3, (v).w);  \
    }

// The first room elements of quad i, of an array of vectors of four.
#define STORE_QUAD(array, i, room, v)   \
    {                                   \
        if ((room) >= 4u) {             \
            array[i] = v;               \
        } else {                        \
            array[i].x = (v).x;         \
            if ((room) > 1u)            \
                array[i].y = (v).y;     \
            if ((room) > 2u)            \
                array[i].z = (v).z;     \
        }                               \
    }

#define READS_AS(type, slot, name) layout(set = 0, binding = slot) readonly buffer name##_buffer { type name[]; }
#define WRITES_AS(type, slot, name) layout(set = 0, binding = slot) writeonly buffer name##_buffer { type name[]; }
#define READS(slot, name) READS_AS(STORAGE, slot, name)
#define WRITES(slot, name) WRITES_AS(STORAGE, slot, name)

// The same array once more in fours, for kernels that know that what they load or store begins at a multiple of four.
#define READS_FOURS(slot, name)  \
    READS(slot, name);           \
    READS_AS(STORAGE_FOUR, slot, name##_four)
#define WRITES_FOURS(slot, name) \
    WRITES(slot, name);          \
    WRITES_AS(STORAGE_FOUR, slot, name##_four)
// The four elements from 4 i on.
#define LOAD_FOUR(array, i) LOAD_FOUR_(array, i)
#define LOAD_FOUR_(array, i) vec4(array##_four[i])
// Elements at .. at + 3, any where they are past the last; fours, a constant: at is a multiple of 4.
#define FOUR(array, fours, last, at)                                                                        \
    ((fours) ? LOAD_FOUR(array, uint(at) / 4u)                                                              \
             : vec4(LOAD(array, at), LOAD(array, min((at) + 1, last)), LOAD(array, min((at) + 2, last)),     \
                    LOAD(array, min((at) + 3, last))))
// Elements at .. at + 3, of which the first `room` exist; fours, a constant: at and room are multiples of 4.
#define STORE_FOURS(array, fours, at, room, v)                    \
    {                                                             \
        const int at_ = (at);                                     \
        if (fours)                                                \
            array##_four[uint(at_) / 4u] = STORAGE_FOUR(v);       \
        else                                                      \
            STORE_FOUR(array, at_, room, v)                       \
    }

#define SCALARS(slot) READS_AS(uint, slot, slot_words)
#define SCALAR(i) uintBitsToFloat(slot_words[p.scalars + i])
#define SCALAR_U(i) slot_words[p.scalars + i]

// Workgroups are numbered along x, then along y. Kernels do not loop over items: a software device runs a loop's body
// once more than its invocations need, with nobody in it.
uint group_number()
{
    return gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
}

// Once in a shader: what follows runs for each item, in an invocation of its own.
#define FOR_EACH(i)                                                                     \
    const uint i = group_number() * gl_WorkGroupSize.x + gl_LocalInvocationID.x;        \
    if (i < p.items)
// The same in a workgroup of its own; the same for all of its invocations, so barriers inside are legal.
#define FOR_EACH_GROUP(g)                                                               \
    const uint g = group_number();                                                      \
    if (g < p.items)

// Takes the last digit off a number written in a mixed base.
uint digit(inout uint rest, uint base)
{
    const uint quotient = rest / base;
    const uint last = rest - quotient * base;
    rest = quotient;
    return last;
}

// By bits, because a compiler may assume that no float is a NaN.
bool is_nan(float x)
{
    return (floatBitsToUint(x) & 0x7fffffffu) > 0x7f800000u;
}

float make_nan()
{
    return uintBitsToFloat(0x7fc00000u);
}

// Byte number i of a tensor of bytes, which are packed four to a word, the first in the lowest bits.
uint unpack_byte(uint word, uint i)
{
    return word >> 8u * (i & 3u) & 0xffu;
}
