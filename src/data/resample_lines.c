/* The two passes of resampling, compiled once for each instruction set; all give the same bits. */
#include "data/resample.h"

#define ROUND (1 << (TENKA_RESAMPLE_PLACES - 1))

static inline uint8_t to_byte(int32_t sum)
{
    const int32_t value = sum >> TENKA_RESAMPLE_PLACES;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void down_from(size_t i, const uint8_t *from, size_t stride, size_t bytes, const int32_t *weight,
                      uint32_t length, uint8_t *out)
{
    for (; i < bytes; i++) {
        int32_t sum = ROUND;
        for (uint32_t k = 0; k < length; k++)
            sum += from[k * stride + i] * weight[k];
        out[i] = to_byte(sum);
    }
}

#if defined(__AVX2__)
#include <immintrin.h>

/* Eight bytes as integers. */
static inline __m256i widen(const uint8_t *bytes)
{
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)bytes));
}

/* Bytes of four sums, which are shifted and held within 0 and 255. */
static inline uint32_t narrow(__m128i sum)
{
    const __m128i words = _mm_packs_epi32(_mm_srai_epi32(sum, TENKA_RESAMPLE_PLACES), _mm_setzero_si128());
    return (uint32_t)_mm_cvtsi128_si32(_mm_packus_epi16(words, words));
}

/* Four bytes a pixel, so that eight are two pixels. */
static void spread_colours(const uint8_t *row, uint32_t width, uint8_t *spread)
{
    for (uint32_t x = 0; x + 1 < width; x++, row += 3, spread += 4)
        memcpy(spread, row, 4);
    memcpy(spread, row, 3);
    memset(spread + 3, 0, TENKA_RESAMPLE_SLACK);
}

/* Weights 0 to 3 are those of red, green, blue and nothing of one pixel, 4 to 7 of the next. */
static void across_colours(const struct tenka_taps *t, const uint8_t *spread, uint8_t *out)
{
    const __m256i pair = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
    for (uint32_t x = 0; x < t->count; x++, out += 3) {
        const uint8_t *const from = spread + (size_t)t->first[x] * 4;
        const int32_t *const weight = t->weight + x * t->each;
        __m256i sum = _mm256_setzero_si256();
        for (uint32_t k = 0; k < t->length[x]; k += 2) {
            const __m256i two = _mm256_castsi128_si256(_mm_loadl_epi64((const __m128i *)(const void *)(weight + k)));
            sum =
                _mm256_add_epi32(sum, _mm256_mullo_epi32(widen(from + 4 * k), _mm256_permutevar8x32_epi32(two, pair)));
        }
        const __m128i both = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
        const uint32_t bytes = narrow(_mm_add_epi32(both, _mm_set1_epi32(ROUND)));
        out[0] = (uint8_t)bytes;
        out[1] = (uint8_t)(bytes >> 8);
        out[2] = (uint8_t)(bytes >> 16);
    }
}

static void across_grey(const struct tenka_taps *t, const uint8_t *spread, uint8_t *out)
{
    for (uint32_t x = 0; x < t->count; x++) {
        const uint8_t *const from = spread + t->first[x];
        const int32_t *const weight = t->weight + x * t->each;
        __m256i sum = _mm256_setzero_si256();
        for (uint32_t k = 0; k < t->length[x]; k += 8) {
            const __m256i eight = _mm256_loadu_si256((const __m256i *)(const void *)(weight + k));
            sum = _mm256_add_epi32(sum, _mm256_mullo_epi32(widen(from + k), eight));
        }
        __m128i four = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
        four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4E));
        four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0xB1));
        out[x] = to_byte(_mm_cvtsi128_si32(four) + ROUND);
    }
}

static void across(const uint8_t *row, uint32_t width, uint32_t channels, const struct tenka_taps *taps,
                   uint8_t *spread, uint8_t *out)
{
    if (channels == 3) {
        spread_colours(row, width, spread);
        across_colours(taps, spread, out);
        return;
    }
    memcpy(spread, row, width);
    memset(spread + width, 0, TENKA_RESAMPLE_SLACK);
    across_grey(taps, spread, out);
}

static void down(const uint8_t *from, size_t stride, size_t bytes, const int32_t *weight, uint32_t length, uint8_t *out)
{
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    size_t i = 0;
    for (; i + 32 <= bytes; i += 32) {
        __m256i a = _mm256_set1_epi32(ROUND), b = a, c = a, d = a;
        for (uint32_t k = 0; k < length; k++) {
            const uint8_t *const row = from + k * stride + i;
            const __m256i w = _mm256_set1_epi32(weight[k]);
            a = _mm256_add_epi32(a, _mm256_mullo_epi32(widen(row), w));
            b = _mm256_add_epi32(b, _mm256_mullo_epi32(widen(row + 8), w));
            c = _mm256_add_epi32(c, _mm256_mullo_epi32(widen(row + 16), w));
            d = _mm256_add_epi32(d, _mm256_mullo_epi32(widen(row + 24), w));
        }
        a = _mm256_packs_epi32(_mm256_srai_epi32(a, TENKA_RESAMPLE_PLACES),
                               _mm256_srai_epi32(b, TENKA_RESAMPLE_PLACES));
        c = _mm256_packs_epi32(_mm256_srai_epi32(c, TENKA_RESAMPLE_PLACES),
                               _mm256_srai_epi32(d, TENKA_RESAMPLE_PLACES));
        const __m256i packed = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(a, c), order);
        _mm256_storeu_si256((__m256i *)(void *)(out + i), packed);
    }
    down_from(i, from, stride, bytes, weight, length, out);
}

const struct tenka_resample_lines tenka_resample_lines_avx2 = {across, down};

#else

static void across(const uint8_t *row, uint32_t width, uint32_t channels, const struct tenka_taps *taps,
                   uint8_t *spread, uint8_t *out)
{
    (void)width;
    (void)spread;
    for (uint32_t x = 0; x < taps->count; x++)
        for (uint32_t c = 0; c < channels; c++) {
            const uint8_t *const from = row + (size_t)taps->first[x] * channels + c;
            const int32_t *const weight = taps->weight + x * taps->each;
            int32_t sum = ROUND;
            for (uint32_t k = 0; k < taps->length[x]; k++)
                sum += from[(size_t)k * channels] * weight[k];
            *out++ = to_byte(sum);
        }
}

static void down(const uint8_t *from, size_t stride, size_t bytes, const int32_t *weight, uint32_t length, uint8_t *out)
{
    down_from(0, from, stride, bytes, weight, length, out);
}

const struct tenka_resample_lines tenka_resample_lines_plain = {across, down};
#endif
