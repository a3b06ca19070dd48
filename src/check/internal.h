/* What the parts of the harness share. */
#ifndef TENKA_CHECK_INTERNAL_H
#define TENKA_CHECK_INTERNAL_H

#include "check/check.h"

/* The seed of a case's data: of the operator's name, so that a new row in ops.def changes no other operator's test. */
uint64_t tenka_check_seed(enum tenka_op op, uint32_t index);
/* Numbers for tests: 0 <= u < 1. */
double tenka_check_uniform(struct tenka_rng *rng);
/* n values of an input, as doubles; reals are rounded to float, so that every device sees the same numbers. */
void tenka_check_fill(struct tenka_rng *rng, const struct tenka_case_input *in, double *out, size_t n);
/* n doubles as elements of a device whose reals take real_bytes. */
void tenka_check_encode(enum tenka_dtype dtype, size_t real_bytes, const double *src, void *dst, size_t n);
/* The scalars of a case, as words of such a device. */
void tenka_check_scalars(enum tenka_op op, const struct tenka_op_case *c, size_t real_bytes, unsigned char *dst);
/* The call that a case describes, inferred. Errors: those of the operator's rule. */
tenka_status tenka_check_call(enum tenka_op op, const struct tenka_op_case *c, struct tenka_call *call,
                              struct tenka_error *err);

/* One comparison: got of n elements against ref. */
struct tenka_comparison {
    enum tenka_dtype dtype;
    const double *got, *ref;
    size_t n;
    double rtol, atol; /* as in a case: 0 is the default */
};
/* A number as a sentence shows it: the sign of a NaN means nothing. */
double tenka_check_shown(double x);
/* The largest share of its bound that an error takes (> 1: failed); says in text, if it fails, what is wrong first. */
double tenka_check_compare(const struct tenka_comparison *what, char *text, size_t bytes);

/* Notes one result: where in short, and the sentence when it failed. */
void tenka_check_note(struct tenka_check_report *report, double share, const char *where, const char *sentence);

#endif
