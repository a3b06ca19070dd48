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

static void planes(const uint8_t *restrict row, uint32_t width, size_t plane, uint8_t *restrict out)
{
    uint8_t *restrict const red = out, *restrict const green = out + plane, *restrict const blue = out + 2 * plane;
    for (uint32_t x = 0; x < width; x++) {
        red[x] = row[3 * (size_t)x];
        green[x] = row[3 * (size_t)x + 1];
        blue[x] = row[3 * (size_t)x + 2];
    }
}

#if defined(__AVX2__)
#include <immintrin.h>

/* Eight bytes as integers. */
static inline __m256i widen(const uint8_t *bytes)
{
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)bytes));
}

/* In the lower half. */
static inline __m256i four_of(const int16_t *weights)
{
    return _mm256_castsi128_si256(_mm_loadl_epi64((const __m128i *)(const void *)weights));
}

/* Bytes of four sums, which are shifted and held within 0 and 255. */
static inline uint32_t narrow(__m128i sum)
{
    const __m128i words = _mm_packs_epi32(_mm_srai_epi32(sum, TENKA_RESAMPLE_PLACES), _mm_setzero_si128());
    return (uint32_t)_mm_cvtsi128_si32(_mm_packus_epi16(words, words));
}

/* Sums of products of 16 bits, two taps in a lane, of the weights' lower and upper parts: a sum is that of the whole
 * weights, modulo 2^32. Lanes 0 to 3 are red, green, blue and nothing of two pixels, 4 to 7 of the next two. */
static void across_colours(const struct tenka_taps *t, const uint8_t *padded, uint8_t *out)
{
    const __m128i pick = _mm_setr_epi8(0, 3, 1, 4, 2, 5, -1, -1, 6, 9, 7, 10, 8, 11, -1, -1);
    const __m256i pair = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
    for (uint32_t x = 0; x < t->count; x++, out += 3) {
        const uint8_t *const from = padded + (size_t)t->first[x] * 3;
        const int16_t *const low = t->low + x * t->each, *const high = t->high + x * t->each;
        __m256i lower = _mm256_setzero_si256(), upper = lower;
        for (uint32_t k = 0; k < t->length[x]; k += 4) {
            const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(from + (size_t)k * 3));
            const __m256i pixels = _mm256_cvtepu8_epi16(_mm_shuffle_epi8(bytes, pick));
            const __m256i a = _mm256_permutevar8x32_epi32(four_of(low + k), pair);
            const __m256i b = _mm256_permutevar8x32_epi32(four_of(high + k), pair);
            lower = _mm256_add_epi32(lower, _mm256_madd_epi16(pixels, a));
            upper = _mm256_add_epi32(upper, _mm256_madd_epi16(pixels, b));
        }
        const __m256i sum = _mm256_add_epi32(lower, _mm256_slli_epi32(upper, TENKA_RESAMPLE_LOW_PLACES));
        const __m128i both = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
        const uint32_t bytes = narrow(_mm_add_epi32(both, _mm_set1_epi32(ROUND)));
        memcpy(out, &bytes, 3);
    }
}

static void across_grey(const struct tenka_taps *t, const uint8_t *padded, uint8_t *out)
{
    for (uint32_t x = 0; x < t->count; x++) {
        const uint8_t *const from = padded + t->first[x];
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
                   uint8_t *padded, uint8_t *out)
{
    const size_t bytes = (size_t)width * channels;
    memcpy(padded, row, bytes);
    memset(padded + bytes, 0, TENKA_RESAMPLE_SLACK);
    if (channels == 3)
        across_colours(taps, padded, out);
    else
        across_grey(taps, padded, out);
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

const struct tenka_resample_lines tenka_resample_lines_avx2 = {across, down, planes};

#else

static void across(const uint8_t *row, uint32_t width, uint32_t channels, const struct tenka_taps *taps,
                   uint8_t *padded, uint8_t *out)
{
    (void)width;
    (void)padded;
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

const struct tenka_resample_lines tenka_resample_lines_plain = {across, down, planes};
#endif
