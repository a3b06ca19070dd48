#include "check/check.h"

/* Scalars: step_size, beta1, 1 - beta1, beta2, 1 - beta2, eps, sqrt(bias correction 2), weight_decay, decay_factor. */
#define STEP(decay, factor) { 1e-3, 0.9, 0.1, 0.999, 0.001, 1e-8, 0.0316, decay, factor }
#define ADAM(how, text, decay, factor, ...)                                                                  \
    { .why = text, .in = { F32(DIMS(__VA_ARGS__)), F32(DIMS(__VA_ARGS__)), F32(DIMS(__VA_ARGS__), RANGE(-0.1, 0.1)), \
                           F32(DIMS(__VA_ARGS__), RANGE(0, 0.1)) },                                         \
      PARAMS(adam, .decoupled = how), .scalars = STEP(decay, factor) }

const struct tenka_op_case tenka_cases_adam[] = {
    ADAM(0, "one element", 0, 1, 1),
    ADAM(0, "one less than a workgroup", 0, 1, 63),
    ADAM(0, "a workgroup", 0, 1, 64),
    ADAM(0, "one more than a workgroup", 0, 1, 65),
    ADAM(0, "a prime", 0, 1, 1009),
    ADAM(0, "weights of a convolution", 0, 1, 20, 1, 5, 5),
    ADAM(0, "decay added to the gradient", 0.01, 0.999, 257),
    ADAM(1, "decay of AdamW", 0.01, 0.999, 257),
    { .why = "the first step: moments of 0; their sums of two terms cancel nowhere",
      .in = { F32(DIMS(100)), F32(DIMS(100), RANGE(-1e-3, 1e-3)), F32(DIMS(100), RANGE(0, 1e-30)),
              F32(DIMS(100), RANGE(0, 1e-30)) },
      PARAMS(adam, .decoupled = 0), .scalars = STEP(0, 1) },
    { .why = "a gradient of NaN", .in = { F32(DIMS(30)), F32(DIMS(30), .fill = TENKA_FILL_NAN), F32(DIMS(30)),
      F32(DIMS(30), RANGE(0, 1)) }, PARAMS(adam, .decoupled = 0), .scalars = STEP(0, 1) },
    { 0 },
};
