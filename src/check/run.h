/* A pass of a case, run once on a device. */
#ifndef TENKA_CHECK_RUN_H
#define TENKA_CHECK_RUN_H

#include "check/internal.h"

/* One case of one operator: values of all operands. */
struct tenka_subject {
    enum tenka_op op;
    uint32_t index;
    const struct tenka_op_case *c;
    tenka_device *dev, *reference;
    struct tenka_call call;
    double *value[TENKA_OPERANDS];
    struct tenka_check_report *report;
};

struct tenka_run {
    tenka_device *dev;
    const struct tenka_subject *s;
    enum tenka_kernel kernel;
    bool input_reads;        /* reads lie in the input bytes of the submission */
    int over[TENKA_MAX_OUT]; /* the read that an output overwrites, or -1 */
};

/* Allocates and fills out[k] with the results, which tenka_check_free_results frees; of an absent one, which comes
 * last, it stays NULL. text receives what is wrong beside the numbers, or "". Errors are those of the device. */
tenka_status tenka_check_run(const struct tenka_run *settings, double *out[TENKA_MAX_OUT], char *text, size_t bytes);
void tenka_check_free_results(double *out[TENKA_MAX_OUT]);

#endif
