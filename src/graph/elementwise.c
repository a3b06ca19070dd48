/* The public functions of the elementwise operators, made from their rows. */
#include "graph/internal.h"

static tenka_tensor of_one(tenka_tensor x, enum tenka_op op, double first, double second)
{
    return tenka_trace(x.ctx, op, &x, 1, NULL, 0, NULL, (const double[]){first, second}, NULL);
}

#define BODY_0(name)                             \
    tenka_tensor tenka_##name(tenka_tensor x)    \
    {                                            \
        return of_one(x, TENKA_OP_##name, 0, 0); \
    }
#define BODY_1(name)                                        \
    tenka_tensor tenka_##name(tenka_tensor x, double first) \
    {                                                       \
        return of_one(x, TENKA_OP_##name, first, 0);        \
    }
#define BODY_2(name)                                                       \
    tenka_tensor tenka_##name(tenka_tensor x, double first, double second) \
    {                                                                      \
        return of_one(x, TENKA_OP_##name, first, second);                  \
    }
#define TENKA_UNARY(name, back, count, ...) BODY_##count(name)
#define TENKA_ACTIVATION(name, back, count, ...) BODY_##count(name)
#define TENKA_BINARY(name, ...)                                                                                 \
    tenka_tensor tenka_##name(tenka_tensor a, tenka_tensor b)                                                   \
    {                                                                                                           \
        return tenka_trace(a.ctx, TENKA_OP_##name, (const tenka_tensor[]){a, b}, 2, NULL, 0, NULL, NULL, NULL); \
    }
#include "shaders/common/elementwise.def"

/* ---- Made of several ---- */

tenka_tensor tenka_where(tenka_tensor condition, tenka_tensor a, tenka_tensor b)
{
    return tenka_add(tenka_keep_where(condition, a), tenka_keep_unless(condition, b));
}
