/* What every room of the library stands on: memory, errors, log, shapes, random numbers. */
#ifndef TENKA_CORE_H
#define TENKA_CORE_H

#include <stdarg.h>
#include <string.h>

#include "tenka/context.h"
#include "tenka/tensor.h"

/* ---- Memory: the library's one allocator, so that tests can count it and make it fail ---- */

void *tenka_alloc(size_t bytes);                                 /* zeroed; NULL when out of memory */
void *tenka_alloc_array(size_t count, size_t each);              /* zeroed; NULL also when the product overflows */
void *tenka_realloc_array(void *old, size_t count, size_t each); /* not zeroed; old stays valid on NULL */
void tenka_free(void *memory);
char *tenka_strdup(const char *text);
char *tenka_sprintf(const char *format, ...) TENKA_PRINTF(1, 2); /* an allocated string, or NULL */

uint64_t tenka_alloc_count(void); /* allocations since the start of the process */
/* Tests: blocks that were allocated and not yet freed. */
TENKA_API int64_t tenka_alloc_live(void);
/* Tests: allocation number k from now on (1: the next one) fails; 0: none. Not for library code. */
TENKA_API void tenka_alloc_fail_at(uint64_t k);

/* Grows *items (count of them used, *capacity allocated) so that one more fits. */
bool tenka_grow(void *items, size_t *capacity, size_t count, size_t each);

/* Memory that is freed all at once. Pointers stay valid until reset. */
struct tenka_arena {
    struct tenka_arena_block *first, *current;
};
void *tenka_arena_alloc(struct tenka_arena *arena, size_t bytes); /* zeroed, 16-byte aligned; NULL: no memory */
void tenka_arena_reset(struct tenka_arena *arena);                /* keeps the blocks */
void tenka_arena_finish(struct tenka_arena *arena);

/* ---- Errors: a status and the sentence, written once, where the cause is known ---- */

struct tenka_error {
    tenka_status status;
    char text[1024];
};

/* Writes the sentence and returns status, so that `return tenka_fail(...)` reads well. */
tenka_status tenka_fail(struct tenka_error *err, tenka_status status, const char *format, ...) TENKA_PRINTF(3, 4);
tenka_status tenka_fail_nomem(struct tenka_error *err);

/* Copies a caller's options, which begin with their size in bytes, over own, which holds the defaults and its own size:
 * what a program does not know of that was built when there were fewer options stays as it is. given NULL: nothing is
 * copied. E_INVALID, with what's name and that of the macro of defaults, when the size was not set or is that of a newer
 * version. */
tenka_status tenka_take_params(struct tenka_error *err, const char *what, const char *defaults, void *own,
                               const void *given);
/* The same the other way: fills a caller's struct with what it has room for. */
tenka_status tenka_give_result(struct tenka_error *err, const char *what, const char *defaults, void *given,
                               const void *own);

#define TENKA_TRY(expr)                   \
    do {                                  \
        const tenka_status try_ = (expr); \
        if (try_ != TENKA_OK)             \
            return try_;                  \
    } while (0)

/* ---- Log ---- */

struct tenka_log {
    tenka_log_fn fn; /* NULL: silence */
    void *user;
    tenka_progress_fn progress; /* NULL: nobody is told */
    void *progress_user;
};
void tenka_say(const struct tenka_log *log, enum tenka_log_level level, const char *format, ...) TENKA_PRINTF(3, 4);

/* ---- Shapes ---- */

struct tenka_desc {
    enum tenka_dtype dtype;
    struct tenka_shape shape;
};

#define TENKA_MAX_ELEMENTS 2147483647u

uint64_t tenka_shape_count(const struct tenka_shape *shape); /* elements; saturates at UINT64_MAX */
bool tenka_shape_equal(const struct tenka_shape *a, const struct tenka_shape *b);
/* E_SHAPE when rank or element count is beyond the limits; what names the tensor in the sentence. */
tenka_status tenka_shape_check(struct tenka_error *err, const char *what, const struct tenka_shape *shape);
/* "[100, 1, 28, 28]" into buf; returns buf. */
#define TENKA_SHAPE_TEXT 80
const char *tenka_shape_text(const struct tenka_shape *shape, char buf[TENKA_SHAPE_TEXT]);
const char *tenka_dtype_name(enum tenka_dtype dtype); /* "f32", "i32", "u8" */
/* Bytes of count elements on a device whose real numbers take real_bytes (4, or 8 on the f64 backend). */
size_t tenka_dtype_bytes(enum tenka_dtype dtype, size_t count, size_t real_bytes);

static inline size_t tenka_align(size_t bytes, size_t alignment)
{
    return (bytes + alignment - 1) / alignment * alignment;
}

/* ---- Random numbers: MT19937 with PyTorch's ways of using it ---- */

struct tenka_rng {
    uint32_t state[624];
    uint32_t next;   /* index of the next state word; 624: generate first */
    bool has_normal; /* of the last pair of few normal numbers one is left */
    double normal;
};
void tenka_rng_seed(struct tenka_rng *rng, uint64_t seed); /* the low 32 bits count */
uint32_t tenka_rng_u32(struct tenka_rng *rng);
uint64_t tenka_rng_u63(struct tenka_rng *rng); /* torch: random_() of an int64 */
/* n doubles as torch's uniform_(0, 1), in memory order; each takes two words. */
void tenka_rng_units(struct tenka_rng *rng, double *out, size_t n);
/* n floats as torch's uniform_(lo, hi), in memory order. */
void tenka_rng_uniform(struct tenka_rng *rng, float *out, size_t n, double lo, double hi);
/* n floats as torch's normal_(mean, std), in memory order: from 16 on by pairs of uniform floats, below by pairs of
 * doubles, of which one may be left for the next call. */
void tenka_rng_normal(struct tenka_rng *rng, float *out, size_t n, double mean, double std);
/* 0 .. n-1 in the order of torch.randperm(n) with a generator seeded with seed. n < 2^32. */
void tenka_rng_permutation(uint64_t seed, int32_t *out, size_t n);

#endif
