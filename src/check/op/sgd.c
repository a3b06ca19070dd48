#include "check/check.h"

/* Scalars: lr, momentum, 1 - dampening, weight_decay. */
#define X(...) F32(DIMS(__VA_ARGS__))

const struct tenka_op_case tenka_cases_sgd[] = {
    { .why = "one element, no momentum", .in = { X(1), X(1) }, .scalars = { 0.1, 0, 1, 0 } },
    { .why = "no momentum", .in = { X(65), X(65) }, .scalars = { 0.1, 0, 1, 0 } },
    { .why = "no momentum, weight decay", .in = { X(257), X(257) }, .scalars = { 0.1, 0, 1, 0.05 } },
    { .why = "one element, momentum", .in = { X(1), X(1), X(1) }, PARAMS(sgd, .momentum = 1),
      .scalars = { 0.1, 0.9, 1, 0 } },
    { .why = "momentum, one less than a workgroup", .in = { X(63), X(63), X(63) }, PARAMS(sgd, .momentum = 1),
      .scalars = { 0.1, 0.9, 1, 0 } },
    { .why = "dampening and decay", .in = { X(64), X(64), X(64) }, PARAMS(sgd, .momentum = 1),
      .scalars = { 0.1, 0.9, 0.5, 0.05 } },
    { .why = "Nesterov", .in = { X(5, 13), X(5, 13), X(5, 13) }, PARAMS(sgd, .momentum = 1, .nesterov = 1),
      .scalars = { 0.1, 0.9, 1, 0 } },
    { .why = "Nesterov and decay, a prime", .in = { X(1009), X(1009), X(1009) },
      PARAMS(sgd, .momentum = 1, .nesterov = 1),
      .scalars = { 0.1, 0.9, 1, 0.05 } },
    { .why = "a gradient of NaN", .in = { X(30), F32(DIMS(30), .fill = TENKA_FILL_NAN), X(30) },
      PARAMS(sgd, .momentum = 1),
      .scalars = { 0.1, 0.9, 1, 0 } },
    { 0 },
};
