/* Measuring: a call of an operator whose kernels are run over and over. On top of the cases of src/check, which it
 * shares the words with. */
#ifndef TENKA_BENCH_INTERNAL_H
#define TENKA_BENCH_INTERNAL_H

#include "backend/rig.h"
#include "check/internal.h"
#include "tenka/bench.h"

/* ---- shapes.c ---- */

struct tenka_bench_shape {
    enum tenka_op op;
    bool quick, from_tests;
    struct tenka_op_case c;
};
/* Shape number index; false when there are no more. */
bool tenka_bench_shape(size_t index, struct tenka_bench_shape *out);

/* ---- subject.c ---- */

/* A call with each of its operands in a buffer of its own. */
struct tenka_bench_subject {
    tenka_device *dev;
    const struct tenka_op_case *c;
    struct tenka_call call;
    size_t real;                          /* bytes of a device word */
    tenka_buffer *buffer[TENKA_OPERANDS]; /* by operand; NULL where no pass needs it */
};
/* Allocates and fills the operands. c must outlive it. tenka_bench_finish is due in any case. */
tenka_status tenka_bench_init(tenka_device *dev, enum tenka_op op, const struct tenka_op_case *c,
                              struct tenka_bench_subject *out);
void tenka_bench_finish(struct tenka_bench_subject *s);
/* Runs one pass for about so many seconds, but at least twice after a first time that does not count. The forward pass
 * must have run before others, which read its results. */
tenka_status tenka_bench_time(struct tenka_bench_subject *s, enum tenka_kernel kernel, double seconds,
                              struct tenka_kernel_time *out);
/* Brings a device that rests to its full clock, before a measurement of so many seconds. */
tenka_status tenka_bench_ready(tenka_device *dev, double seconds);
/* Whether a pass writes anything in this call. */
bool tenka_bench_has(const struct tenka_bench_subject *s, enum tenka_kernel kernel);

#endif
