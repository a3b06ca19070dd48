/* Philox4x32-10: four random words that are a function of a counter and a key alone, so that any of them can be drawn at
 * any time on any thread. Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011). */
#ifndef TENKA_PHILOX_H
#define TENKA_PHILOX_H

#include <stdint.h>

/* word: the counter, which becomes the random words. */
static inline void tenka_philox(uint32_t word[4], uint32_t low, uint32_t high)
{
    for (int round = 0; round < 10; round++) {
        const uint64_t a = (uint64_t)word[0] * 0xD2511F53u, b = (uint64_t)word[2] * 0xCD9E8D57u;
        word[0] = (uint32_t)(b >> 32) ^ word[1] ^ low;
        word[2] = (uint32_t)(a >> 32) ^ word[3] ^ high;
        word[1] = (uint32_t)b;
        word[3] = (uint32_t)a;
        low += 0x9E3779B9u;
        high += 0xBB67AE85u;
    }
}

#endif
