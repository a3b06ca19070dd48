/* Shape rules: results of good calls, and for each way to be wrong a typed error with numbers in its sentence. */
#include "support.h"

#include "check/check.h"
#include "op/variant.h"

/* A call as a row: the inputs' and parameters' words are those of the case files. */
struct row {
    enum tenka_op op;
    struct tenka_op_case c;
    tenka_status status;
    const char *part;          /* of the sentence */
    struct tenka_shape result; /* when the status is OK */
};

#define OP(name) .op = TENKA_OP_##name
#define BAD(kind, text) .status = TENKA_##kind, .part = text
#define GIVES(...) \
    .status = TENKA_OK, .result = {sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t), {__VA_ARGS__}}

#define X4(...) F32(DIMS(__VA_ARGS__))
#define CONV(...) PARAMS(conv2d, .sh = 1, .sw = 1, .dh = 1, .dw = 1, .groups = 1, __VA_ARGS__)
#define POOL(...) PARAMS(pool2d, .kh = 2, .kw = 2, .dh = 1, .dw = 1, __VA_ARGS__)

static const struct row rows[] = {
    {OP(relu), .c = {.in = {X4(2, 3)}}, GIVES(2, 3)},
    {OP(relu), .c = {.in = {I32(DIMS(2))}}, BAD(E_INVALID, "i32")},
    {OP(relu), .c = {.in = {X4(2, 0)}}, BAD(E_SHAPE, "size 0")},
    {OP(relu), .c = {.in = {X4(65536, 65536)}}, BAD(E_SHAPE, "elements")},
    {OP(relu), .c = {.in = {X4(1), X4(1)}}, BAD(E_INVALID, "2 are given")},
    {OP(add), .c = {.in = {X4(3, 1, 5), X4(4, 1)}}, GIVES(3, 4, 5)},
    {OP(add), .c = {.in = {X4(3), X4(4)}}, BAD(E_SHAPE, "[3] and [4]")},
    {OP(mul), .c = {.in = {X4(3), I32(DIMS(3))}}, BAD(E_INVALID, "i32")},
    {OP(add), .c = {.in = {X4(65536, 1), X4(1, 65536)}}, BAD(E_SHAPE, "elements")},
    {OP(add), .c = {.in = {X4(3)}}, BAD(E_INVALID, "1 are given")},
    {OP(reshape), .c = {.in = {X4(2, 6)}, .want = true, DIMS(3, 4)}, GIVES(3, 4)},
    {OP(reshape), .c = {.in = {X4(2, 6)}, .want = true, DIMS(3, 5)}, BAD(E_SHAPE, "15")},
    {OP(expand), .c = {.in = {X4(3, 1)}, PARAMS(strided, .divide = 1), .want = true, DIMS(2, 3, 4)}, GIVES(2, 3, 4)},
    {OP(expand), .c = {.in = {X4(3)}, PARAMS(strided, .divide = 1), .want = true, DIMS(4)}, BAD(E_SHAPE, "[3]")},
    {OP(expand), .c = {.in = {X4(2, 1)}, PARAMS(strided, .divide = 1), .want = true, DIMS(1)}, BAD(E_SHAPE, "[2, 1]")},
    {OP(permute), .c = {.in = {X4(2, 3, 4)}, PARAMS(strided, .dim = {2, 0, 1})}, GIVES(4, 2, 3)},
    {OP(permute), .c = {.in = {X4(2, 3, 4)}, PARAMS(strided, .dim = {2, 0, 0})}, BAD(E_INVALID, "axis 0")},
    {OP(permute), .c = {.in = {X4(2, 3)}, PARAMS(strided, .dim = {0, 2})}, BAD(E_INVALID, "axis 2")},
    {OP(sum), .c = {.in = {X4(2, 3, 4)}, PARAMS(sum, .axes = 5)}, GIVES(3)},
    {OP(sum), .c = {.in = {X4(2, 3, 4)}, PARAMS(sum, .axes = 5, .keepdim = 1)}, GIVES(1, 3, 1)},
    {OP(sum), .c = {.in = {X4(2, 3)}, PARAMS(sum, .axes = 4)}, BAD(E_INVALID, "0x4")},
    {OP(sum), .c = {.in = {X4(2, 3)}, PARAMS(sum, .axes = 0)}, BAD(E_INVALID, "none")},
    {OP(matmul), .c = {.in = {X4(2, 3), X4(3, 4)}}, GIVES(2, 4)},
    {OP(matmul), .c = {.in = {X4(3, 2), X4(4, 3)}, PARAMS(matmul, .trans_a = 1, .trans_b = 1)}, GIVES(2, 4)},
    {OP(matmul), .c = {.in = {X4(5, 2, 3), X4(5, 3, 4)}}, GIVES(5, 2, 4)},
    {OP(matmul), .c = {.in = {X4(2, 3), X4(4, 5)}}, BAD(E_SHAPE, "inner sizes 3 and 4")},
    {OP(matmul), .c = {.in = {X4(2, 3), X4(1, 3, 4)}}, BAD(E_SHAPE, "[1, 3, 4]")},
    {OP(matmul), .c = {.in = {X4(5, 2, 3), X4(6, 3, 4)}}, BAD(E_SHAPE, "[6, 3, 4]")},
    {OP(matmul), .c = {.in = {X4(3), X4(3)}}, BAD(E_SHAPE, "[3]")},
    {OP(conv2d), .c = {.in = {X4(2, 3, 9, 8), X4(4, 3, 3, 2), X4(4)}, CONV(0)}, GIVES(2, 4, 7, 7)},
    {OP(conv2d), .c = {.in = {X4(2, 3, 9, 8), X4(4, 3, 3, 2)}, CONV(.ph = 1, .pw = 1)}, GIVES(2, 4, 9, 9)},
    {OP(conv2d), .c = {.in = {X4(2, 3, 9), X4(4, 3, 3, 2)}, CONV(0)}, BAD(E_SHAPE, "axes")},
    {OP(conv2d), .c = {.in = {X4(2, 3, 9, 8), X4(4, 2, 3, 2)}, CONV(0)}, BAD(E_SHAPE, "3 channels")},
    {OP(conv2d), .c = {.in = {X4(2, 3, 9, 8), X4(4, 3, 3, 2), X4(3)}, CONV(0)}, BAD(E_SHAPE, "[3]")},
    {OP(conv2d), .c = {.in = {X4(2, 3, 2, 8), X4(4, 3, 3, 2)}, CONV(0)}, BAD(E_SHAPE, "height")},
    {OP(conv2d), .c = {.in = {X4(2, 3, 9, 8), X4(4, 3, 3, 2)}, CONV(.pw = -1)}, BAD(E_INVALID, "padding")},
    {OP(conv2d),
     .c = {.in = {X4(2, 4, 9, 8), X4(4, 4, 3, 2)}, PARAMS(conv2d, .sh = 0, .sw = 1, .dh = 1, .dw = 1, .groups = 1)},
     BAD(E_INVALID, "stride 0")},
    {OP(conv2d),
     .c = {.in = {X4(2, 4, 9, 8), X4(6, 2, 3, 2)}, PARAMS(conv2d, .sh = 1, .sw = 1, .dh = 1, .dw = 1, .groups = 2)},
     GIVES(2, 6, 7, 7)},
    {OP(conv2d),
     .c = {.in = {X4(2, 3, 9, 8), X4(4, 1, 3, 2)}, PARAMS(conv2d, .sh = 1, .sw = 1, .dh = 1, .dw = 1, .groups = 2)},
     BAD(E_SHAPE, "2 groups")},
    {OP(conv2d),
     .c = {.in = {X4(2, 3, 9, 8), X4(4, 1, 3, 2)}, PARAMS(conv2d, .sh = 1, .sw = 1, .dh = 1, .dw = 1, .groups = 0)},
     BAD(E_INVALID, "groups 0")},
    {OP(conv2d),
     .c = {.in = {X4(1, 1, 9, 8), X4(1, 1, 3, 2)},
           PARAMS(conv2d, .sh = 1, .sw = 1, .dh = 2147483647, .dw = 1, .groups = 1)},
     BAD(E_INVALID, "too large")},
    {OP(max_pool2d), .c = {.in = {X4(2, 3, 9, 8)}, POOL(0)}, GIVES(2, 3, 4, 4)},
    {OP(max_pool2d), .c = {.in = {X4(2, 3, 9, 8)}, POOL(.ceil_mode = 1)}, GIVES(2, 3, 5, 4)},
    {OP(max_pool2d), .c = {.in = {X4(2, 3, 9, 8)}, POOL(.ph = 2)}, BAD(E_INVALID, "half")},
    {OP(max_pool2d), .c = {.in = {X4(2, 3, 1, 8)}, POOL(0)}, BAD(E_SHAPE, "height")},
    {OP(softmax), .c = {.in = {X4(2, 3)}, PARAMS(axis, .dim = 1)}, GIVES(2, 3)},
    {OP(softmax), .c = {.in = {X4(2, 3)}, PARAMS(axis, .dim = 2)}, BAD(E_INVALID, "axis 2")},
    {OP(log_softmax), .c = {.in = {X4(2, 3)}, PARAMS(axis, .dim = -1)}, BAD(E_INVALID, "axis -1")},
    {OP(argmax), .c = {.in = {X4(2, 3, 4)}, PARAMS(axis, .dim = 1)}, GIVES(2, 4)},
    {OP(nll_loss), .c = {.in = {X4(5, 3), I32(DIMS(5))}, PARAMS(nll, .reduction = TENKA_REDUCTION_NONE)}, GIVES(5)},
    {OP(nll_loss), .c = {.in = {X4(5, 3), I32(DIMS(4))}}, BAD(E_SHAPE, "[5, 3] and targets [4]")},
    {OP(nll_loss), .c = {.in = {X4(5, 3), X4(5)}}, BAD(E_INVALID, "f32")},
    {OP(nll_loss), .c = {.in = {X4(5, 3), I32(DIMS(5))}, PARAMS(nll, .reduction = 7)}, BAD(E_INVALID, "reduction 7")},
    {OP(equal_count), .c = {.in = {I32(DIMS(5)), I32(DIMS(6))}}, BAD(E_SHAPE, "[5] and [6]")},
    {OP(gather), .c = {.in = {X4(9, 4), I32(DIMS(7))}}, GIVES(7, 4)},
    {OP(gather), .c = {.in = {U8(DIMS(9, 2, 2)), I32(DIMS(7))}, PARAMS(gather, .rows = 3)}, GIVES(3, 2, 2)},
    {OP(gather), .c = {.in = {X4(9, 4), I32(DIMS(7))}, PARAMS(gather, .rows = 8)}, BAD(E_SHAPE, "8 rows")},
    {OP(gather), .c = {.in = {X4(9, 4), I32(DIMS(7, 1))}}, BAD(E_SHAPE, "[7, 1]")},
    {OP(gather), .c = {.in = {X4(9, 4), X4(7)}}, BAD(E_INVALID, "i32")},
    {OP(one_hot), .c = {.in = {I32(DIMS(5))}, PARAMS(classes, .c = 3)}, GIVES(5, 3)},
    {OP(one_hot), .c = {.in = {I32(DIMS(5))}}, BAD(E_INVALID, "no 0 classes")},
    {OP(one_hot), .c = {.in = {I32(DIMS(5))}, PARAMS(classes, .c = 2147483647)}, BAD(E_SHAPE, "")},
    {OP(one_hot), .c = {.in = {X4(5)}, PARAMS(classes, .c = 3)}, BAD(E_INVALID, "i32")},
    {OP(mix_samples), .c = {.in = {X4(2, 3, 4, 5), I32(DIMS(2))}}, GIVES(2, 3, 4, 5)},
    {OP(mix_samples), .c = {.in = {X4(2, 3), I32(DIMS(3))}}, BAD(E_SHAPE, "equally many")},
    {OP(mix_samples), .c = {.in = {X4(2, 3), I32(DIMS(2, 1))}}, BAD(E_SHAPE, "[2, 1]")},
    {OP(mix_samples), .c = {.in = {U8(DIMS(2, 3)), I32(DIMS(2))}}, BAD(E_INVALID, "f32")},
    {OP(normalize_bytes), .c = {.in = {U8(DIMS(2, 3, 4)), X4(3), X4(3)}}, GIVES(2, 3, 4)},
    {OP(normalize_bytes), .c = {.in = {X4(2, 3, 4), X4(3), X4(3)}}, BAD(E_INVALID, "u8")},
    {OP(normalize_bytes), .c = {.in = {U8(DIMS(2, 3, 4)), X4(2), X4(3)}}, BAD(E_SHAPE, "mean")},
    {OP(batch_norm2d), .c = {.in = {X4(2, 3, 4, 5), X4(3), X4(3)}}, GIVES(2, 3, 4, 5)},
    {OP(batch_norm2d), .c = {.in = {X4(1, 3, 1, 1), X4(3), X4(3)}}, BAD(E_SHAPE, "more than one value")},
    {OP(batch_norm2d), .c = {.in = {X4(2, 3, 4, 5), X4(4), X4(3)}}, BAD(E_SHAPE, "weight")},
    {OP(batch_norm2d_eval), .c = {.in = {X4(2, 3, 4, 5), X4(3), X4(3), X4(3), X4(2)}}, BAD(E_SHAPE, "variance")},
    {OP(adam), .c = {.in = {X4(3), X4(3), X4(3), X4(4)}, PARAMS(update, .states = 2)}, BAD(E_SHAPE, "[4]")},
    {OP(sgd), .c = {.in = {X4(3), X4(3)}, PARAMS(update, .states = 1)}, BAD(E_INVALID, "1 tensors of state, but 0")},
    {OP(lion), .c = {.in = {X4(3), X4(3), X4(3)}}, BAD(E_INVALID, "0 tensors of state, but 1")},
    {OP(fill), .c = {.want = true, DIMS(2, 3)}, GIVES(2, 3)},
    {OP(fill), .c = {.want = true, DIMS(2, 0)}, BAD(E_SHAPE, "size 0")},
};

static tenka_status infer(const struct row *row, struct tenka_call *call, struct tenka_error *err)
{
    *call = (struct tenka_call){.op = row->op, .out = {{.shape = row->c.shape}}};
    for (; row->c.in[call->n_in].given; call->n_in++)
        call->in[call->n_in] = (struct tenka_desc){row->c.in[call->n_in].dtype, row->c.in[call->n_in].shape};
    if (row->c.params)
        memcpy(call->params, row->c.params, row->c.params_bytes);
    return tenka_op_infer(call, err);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct tenka_call call;
        struct tenka_error err = {0};
        char have[TENKA_SHAPE_TEXT];
        const tenka_status status = infer(row, &call, &err);
        if (status != row->status)
            fail_msg("row %zu, %s: \"%s\" (%s)", i, tenka_ops[row->op].name, tenka_status_text(status), err.text);
        if (status != TENKA_OK && (!strstr(err.text, row->part) || !strstr(err.text, tenka_ops[row->op].name)))
            fail_msg("row %zu: expected \"%s\" and the operator's name in \"%s\"", i, row->part, err.text);
        if (status == TENKA_OK && !tenka_shape_equal(&call.out[0].shape, &row->result))
            fail_msg("row %zu, %s: result %s", i, tenka_ops[row->op].name, tenka_shape_text(&call.out[0].shape, have));
    }
}

/* Every operator has cases, and its rule accepts them. */
static void test_cases_fit(void **state)
{
    (void)state;
    for (int op = 0; op < TENKA_OP_COUNT; op++) {
        const struct tenka_op_case *c = tenka_check_cases((enum tenka_op)op);
        assert_non_null(c[0].why);
        for (size_t i = 0; c[i].why; i++) {
            const struct row row = {.op = (enum tenka_op)op, .c = c[i]};
            struct tenka_call call;
            struct tenka_error err = {0};
            if (infer(&row, &call, &err) != TENKA_OK)
                fail_msg("%s, case %zu (%s): %s", tenka_ops[op].name, i, c[i].why, err.text);
        }
    }
}

/* What a pass does in a case keeps below the driver limit of iterations. False: nothing, as with an optional input that
 * the case lacks. */
static bool has_work(enum tenka_kernel kernel, const struct tenka_op_case *c)
{
    const struct row row = {.op = tenka_passes[kernel].op, .c = *c};
    struct tenka_call call;
    struct tenka_error err = {0};
    uint32_t count, working = 0;
    assert_int_equal(infer(&row, &call, &err), TENKA_OK);
    const struct tenka_variant *v = tenka_variants(kernel, &count);
    for (uint32_t i = 0; i < count; i++) {
        working += tenka_passes[kernel].work(&v[i], call.params, 1) > 0;
        assert_true(tenka_variant_loops(kernel, &v[i], call.params) < 65535);
    }
    assert_true(working == 0 || working == count);
    return working > 0;
}

/* Each pass has work in a case, and no read that is missing. */
static void test_passes_have_work(void **state)
{
    (void)state;
    for (int k = 0; k < TENKA_KERNEL_COUNT; k++) {
        const enum tenka_op op = tenka_passes[k].op;
        const struct tenka_op_case *c = tenka_check_cases(op);
        uint32_t count;
        const struct tenka_variant *v = tenka_variants((enum tenka_kernel)k, &count);
        assert_true(v[count - 1].local == 64 && v[count - 1].exchange == 0);
        bool works = false;
        for (size_t i = 0; c[i].why; i++)
            works = has_work((enum tenka_kernel)k, &c[i]) || works;
        if (!works)
            fail_msg("%s has no work in any case", tenka_passes[k].name);
        assert_true(tenka_passes[k].reads != 0 || tenka_ops[op].max_in == 0);
        assert_int_equal(strncmp(tenka_passes[k].name, tenka_ops[op].name, strlen(tenka_ops[op].name)), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_cases_fit),
        cmocka_unit_test(test_passes_have_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
