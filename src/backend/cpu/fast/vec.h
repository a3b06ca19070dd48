/* A vector of floats as wide as the registers of the instruction set that this file is compiled for. Arithmetic is
 * written with C's operators on vectors (a gcc and clang extension): a * b + c becomes a fused multiply-add where there
 * is one, since the files of this folder are compiled with -ffp-contract=fast. */
#ifndef TENKA_FAST_VEC_H
#define TENKA_FAST_VEC_H

#include <stdint.h>
#include <string.h>
#ifdef __AVX2__
#include <immintrin.h>
#endif

/* TENKA_FAST(name): the name of a function or table of this instruction set. */
#define TENKA_FAST_JOIN(isa, name) tenka_##isa##_##name
#define TENKA_FAST_NAME(isa, name) TENKA_FAST_JOIN(isa, name)
#define TENKA_FAST(name) TENKA_FAST_NAME(TENKA_ISA, name)

/* TENKA_HALF(name): the same of half as many lanes, for what is too short for all of them, where files are compiled so
 * as well (cpu_half_sources): AVX-512 has its masks and registers for vectors of either width. */
#if defined __AVX512F__
#define TENKA_HALF(name) TENKA_FAST_NAME(avx512_half, name)
#else
#define TENKA_HALF(name) TENKA_FAST(name)
#endif

#if defined __AVX512F__ && defined TENKA_HALF_VECTORS
#define TENKA_LANES 8
enum { LANES = 8, LANES_LOG2 = 3, REGISTERS = 32 };
#elif defined __AVX512F__
#define TENKA_LANES 16
enum { LANES = 16, LANES_LOG2 = 4, REGISTERS = 32 };
#elif defined __AVX2__
#define TENKA_LANES 8
enum { LANES = 8, LANES_LOG2 = 3, REGISTERS = 16 };
#else
#define TENKA_LANES 4
enum { LANES = 4, LANES_LOG2 = 2, REGISTERS = 16 };
#endif

typedef float vec __attribute__((vector_size(4 * LANES)));
typedef int32_t ivec __attribute__((vector_size(4 * LANES))); /* comparisons of vec: 0 or -1 in each lane */
typedef float vec_unaligned __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Before a loop with few iterations, known at compile time, whose arrays shall become registers. */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

ALWAYS_INLINE vec load(const float *p)
{
    return *(const vec_unaligned *)p;
}

ALWAYS_INLINE void store(float *p, vec v)
{
    *(vec_unaligned *)p = v;
}

ALWAYS_INLINE vec splat(float x)
{
    return x - (vec){0}; /* not +, which would make 0 of -0 */
}

/* a in the lanes where mask is -1, b where it is 0 */
ALWAYS_INLINE vec select(ivec mask, vec a, vec b)
{
    return (vec)(((ivec)a & mask) | ((ivec)b & ~mask));
}

/* 0, 1, 2, ... */
ALWAYS_INLINE ivec lane_numbers(void)
{
    ivec v;
    UNROLL
    for (int i = 0; i < LANES; i++)
        v[i] = i;
    return v;
}

/* ---- Parts of vectors: only the lanes from .. end-1 are read or written, the others are read as 0 ---- */

#if TENKA_LANES == 16
#define OF_WIDTH(name) _mm512_##name
typedef __m512 register_ps;
typedef __m512i register_int;
typedef __mmask16 lane_mask;
#elif defined __AVX512F__
#define OF_WIDTH(name) _mm256_##name
typedef __m256 register_ps;
typedef __m256i register_int;
typedef __mmask8 lane_mask;
#endif

#if defined __AVX512F__

ALWAYS_INLINE lane_mask mask_lanes(int from, int end)
{
    return (lane_mask)(((1u << end) - 1) & ~((1u << from) - 1));
}

ALWAYS_INLINE vec load_masked(const float *p, lane_mask mask)
{
    return (vec)OF_WIDTH(maskz_loadu_ps)(mask, p);
}

ALWAYS_INLINE void store_masked(float *p, vec v, lane_mask mask)
{
    OF_WIDTH(mask_storeu_ps)(p, mask, (register_ps)v);
}

#elif defined __AVX2__

typedef __m256i lane_mask;

ALWAYS_INLINE lane_mask mask_lanes(int from, int end)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_and_si256(_mm256_cmpgt_epi32(_mm256_set1_epi32(end), lane),
                            _mm256_cmpgt_epi32(lane, _mm256_set1_epi32(from - 1)));
}

ALWAYS_INLINE vec load_masked(const float *p, lane_mask mask)
{
    return (vec)_mm256_maskload_ps(p, mask);
}

ALWAYS_INLINE void store_masked(float *p, vec v, lane_mask mask)
{
    _mm256_maskstore_ps(p, mask, (__m256)v);
}

#else

typedef struct {
    int from, end;
} lane_mask;

ALWAYS_INLINE lane_mask mask_lanes(int from, int end)
{
    return (lane_mask){from, end};
}

ALWAYS_INLINE vec load_masked(const float *p, lane_mask mask)
{
    vec v = {0};
    memcpy((float *)&v + mask.from, p + mask.from, (size_t)(mask.end - mask.from) * sizeof(float));
    return v;
}

ALWAYS_INLINE void store_masked(float *p, vec v, lane_mask mask)
{
    memcpy(p + mask.from, (const float *)&v + mask.from, (size_t)(mask.end - mask.from) * sizeof(float));
}

#endif

ALWAYS_INLINE vec load_lanes(const float *p, int from, int end)
{
    return load_masked(p, mask_lanes(from, end));
}

ALWAYS_INLINE void store_lanes(float *p, vec v, int from, int end)
{
    store_masked(p, v, mask_lanes(from, end));
}

ALWAYS_INLINE ivec load_int_lanes(const int32_t *p, int from, int end)
{
    return (ivec)load_lanes((const float *)p, from, end);
}

ALWAYS_INLINE void store_int_lanes(int32_t *p, ivec v, int from, int end)
{
    store_lanes((float *)p, (vec)v, from, end);
}

/* Lane at[i] of a in lane i, or from LANES on lane at[i] - LANES of b. */
ALWAYS_INLINE vec pick_both(vec a, vec b, ivec at)
{
#if defined __AVX512F__
    return (vec)OF_WIDTH(permutex2var_ps)((register_ps)a, (register_int)at, (register_ps)b);
#elif defined __AVX2__
    const __m256 low = _mm256_permutevar8x32_ps((__m256)a, (__m256i)at);
    const __m256 high = _mm256_permutevar8x32_ps((__m256)b, (__m256i)at);
    return select(at >= LANES, (vec)high, (vec)low);
#else
    vec picked;
    UNROLL
    for (int i = 0; i < LANES; i++)
        picked[i] = at[i] < LANES ? a[at[i]] : b[at[i] - LANES];
    return picked;
#endif
}

/* p[at[i]] in lane i, where all of at are from 0 to 2 LANES - 1, and so many floats are there */
ALWAYS_INLINE vec pick_lanes(const float *p, ivec at)
{
    return pick_both(load(p), load(p + LANES), at);
}

/* Lane i of the result is lane at[i] of v; 0 where at[i] is -1. */
ALWAYS_INLINE vec shuffle_lanes(vec v, ivec at)
{
#if defined __AVX512F__
    return (vec)OF_WIDTH(maskz_permutexvar_ps)(OF_WIDTH(movepi32_mask)((register_int)~at), (register_int)at,
                                               (register_ps)v);
#elif defined __AVX2__
    return select(at < 0, (vec){0}, (vec)_mm256_permutevar8x32_ps((__m256)v, (__m256i)at));
#else
    vec picked = {0};
    UNROLL
    for (int i = 0; i < LANES; i++)
        picked[i] = at[i] < 0 ? 0 : v[at[i]];
    return picked;
#endif
}

/* ---- Lanes of two vectors ---- */

#if TENKA_LANES == 16
#define EVEN 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define ODD 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#define LOW_HALVES 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH_HALVES 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif TENKA_LANES == 8
#define EVEN 0, 2, 4, 6, 8, 10, 12, 14
#define ODD 1, 3, 5, 7, 9, 11, 13, 15
#define LOW_HALVES 0, 8, 1, 9, 2, 10, 3, 11
#define HIGH_HALVES 4, 12, 5, 13, 6, 14, 7, 15
#else
#define EVEN 0, 2, 4, 6
#define ODD 1, 3, 5, 7
#define LOW_HALVES 0, 4, 1, 5
#define HIGH_HALVES 2, 6, 3, 7
#endif

/* Lanes 0, 2, 4 .. of a, then of b. */
ALWAYS_INLINE vec even_lanes(vec a, vec b)
{
    return __builtin_shufflevector(a, b, EVEN);
}

/* Lanes 1, 3, 5 .. of a, then of b. */
ALWAYS_INLINE vec odd_lanes(vec a, vec b)
{
    return __builtin_shufflevector(a, b, ODD);
}

/* a's and b's lanes in turn: first half, second half. */
ALWAYS_INLINE vec interleave_low(vec a, vec b)
{
    return __builtin_shufflevector(a, b, LOW_HALVES);
}

ALWAYS_INLINE vec interleave_high(vec a, vec b)
{
    return __builtin_shufflevector(a, b, HIGH_HALVES);
}

/* Cuts the count * LANES values of v in half and brings the halves' values together in turns, so many times: LANES_LOG2
 * times make of LANES rows of `count` values their columns, vector i being column i; log2(count) more, rows again. */
ALWAYS_INLINE void riffle(vec *v, int count, int times)
{
    vec old[8];
    UNROLL
    for (int i = 0; i < times; i++) {
        UNROLL
        for (int k = 0; k < count; k++)
            old[k] = v[k];
        UNROLL
        for (int k = 0; k < count / 2; k++) {
            v[2 * k] = interleave_low(old[k], old[k + count / 2]);
            v[2 * k + 1] = interleave_high(old[k], old[k + count / 2]);
        }
    }
}

/* Vector i of 8 gets value i of the 8 at each base + at[0 .. LANES-1]. */
ALWAYS_INLINE void load_eights(vec v[8], const float *base, const int32_t *at)
{
    UNROLL
    for (int i = 0; i < 8; i++) {
#if TENKA_LANES == 16
        const __m512 low = _mm512_castps256_ps512(_mm256_loadu_ps(base + at[2 * i]));
        v[i] = (vec)_mm512_insertf32x8(low, _mm256_loadu_ps(base + at[2 * i + 1]), 1);
#elif TENKA_LANES == 8
        v[i] = load(base + at[i]);
#else
        v[i] = load(base + at[i / 2] + i % 2 * LANES);
#endif
    }
    riffle(v, 8, LANES_LOG2);
}

/* Lane i of the result is the sum of all lanes of v[i]; v[count] and later are taken as 0. Each round adds the halves
 * of two vectors and interleaves what remains of them. */
ALWAYS_INLINE vec lane_sums(const vec *v, int count)
{
    vec part[LANES];
    UNROLL
    for (int i = 0; i < LANES; i++)
        part[i] = i < count ? v[i] : (vec){0};
    UNROLL
    for (int half = LANES / 2; half > 0; half /= 2) {
        UNROLL
        for (int i = 0; i < half; i++)
            part[i] = interleave_low(part[i], part[i + half]) + interleave_high(part[i], part[i + half]);
    }
    return part[0];
}

ALWAYS_INLINE float sum_lanes(vec v)
{
    return lane_sums(&v, 1)[0];
}

#endif
