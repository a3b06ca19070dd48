/* What the parts of `tenka verify` share. */
#ifndef TENKA_CHECK_VERIFY_H
#define TENKA_CHECK_VERIFY_H

#include "check/internal.h"
#include "tenka/verify.h"

/* A context on the CPU in double precision; ctx receives the sentence of a failure. */
tenka_status tenka_verify_reference(tenka_ctx *ctx, tenka_ctx **out);

#define TENKA_VERIFY_PARAMETERS 8 /* of the reference network */
#define TENKA_VERIFY_REPEATS 200

/* The checks of whole steps; report as for tenka_check_op. */
tenka_status tenka_verify_training_step(tenka_ctx *ctx, struct tenka_check_report *report);
tenka_status tenka_verify_repeatability(tenka_ctx *ctx, struct tenka_check_report *report);
tenka_status tenka_verify_order(tenka_ctx *ctx, struct tenka_check_report *report);

#endif
