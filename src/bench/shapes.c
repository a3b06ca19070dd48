/* The shapes that `tenka bench` measures: layers of networks that people train, large enough to fill a GPU, and awkward
 * ones. An operator without a row is measured on the largest case of its tests. */
#include "bench/bench.h"

#define X(...) F32(DIMS(__VA_ARGS__))
#define SHAPE(name, is_quick, text, ...)  \
    {                                     \
        TENKA_OP_##name, is_quick, false, \
        {                                 \
            .why = text, __VA_ARGS__      \
        }                                 \
    }
/* An update of 1 M elements: how many states, the flag, the numbers of its row. */
#define UPDATE(name, n_states, flag, ...)                                               \
    SHAPE(name, false, "1 M", .in = {X(MILLION), X(MILLION), UPDATE_STATES_##n_states}, \
          PARAMS(update, .states = n_states, .how = flag), .scalars = {1, 0, 1, __VA_ARGS__})
#define UPDATE_STATES_1 F32(DIMS(MILLION), RANGE(0, 1))
#define UPDATE_STATES_2 UPDATE_STATES_1, UPDATE_STATES_1
#define CONV(stride, pad, n_groups) \
    PARAMS(conv2d, .sh = stride, .sw = stride, .ph = pad, .pw = pad, .dh = 1, .dw = 1, .groups = n_groups)
#define POOL(k, s, ...) PARAMS(pool2d, .kh = k, .kw = k, .sh = s, .sw = s, .dh = 1, .dw = 1, __VA_ARGS__)
#define MEANS(k, s, pad) PARAMS(avg_pool2d, .kh = k, .kw = k, .sh = s, .sw = s, .ph = pad, .pw = pad)
#define AROUND(n) .before = {[4] = n, [5] = n}, .after = {[4] = n, [5] = n}
#define MILLION (1u << 20)

static const struct tenka_bench_shape shapes[] = {
    SHAPE(matmul, true, "256^3", .in = {X(256, 256), X(256, 256)}),
    SHAPE(matmul, false, "1024^3", .in = {X(1024, 1024), X(1024, 1024)}),
    SHAPE(matmul, false, "1024^3, A transposed", .in = {X(1024, 1024), X(1024, 1024)}, PARAMS(matmul, .trans_a = 1)),
    SHAPE(matmul, false, "1024^3, B transposed", .in = {X(1024, 1024), X(1024, 1024)}, PARAMS(matmul, .trans_b = 1)),
    SHAPE(matmul, false, "long sums, small result", .in = {X(64, 65536), X(65536, 64)}),
    SHAPE(matmul, false, "primes", .in = {X(509, 1021), X(1021, 521)}),
    SHAPE(attention, true, "8 images of 12 heads, 197 rows of 64",
          .in = {X(8, 12, 197, 64), X(8, 12, 197, 64), X(8, 12, 197, 64)}),
    SHAPE(attention, false, "128 windows of 3 heads, 49 rows of 32, masks",
          .in = {X(128, 3, 49, 32), X(128, 3, 49, 32), X(128, 3, 49, 32), X(3, 49, 49)}),
    SHAPE(attention, false, "2 of 8 heads, 1024 rows of 128",
          .in = {X(2, 8, 1024, 128), X(2, 8, 1024, 128), X(2, 8, 1024, 128)}),
    SHAPE(linear, true, "100 rows, 784 to 1024", .in = {X(100, 784), X(1024, 784), X(1024)}),
    SHAPE(linear, false, "1000 rows, 2560 to 100", .in = {X(1000, 2560), X(100, 2560), X(100)}),
    SHAPE(linear, false, "32 rows, 4096 to 4096", .in = {X(32, 4096), X(4096, 4096), X(4096)}),
    SHAPE(conv2d, true, "3x3, 16 to 16 channels, 16 images of 32x32", .in = {X(16, 16, 32, 32), X(16, 16, 3, 3)},
          CONV(1, 1, 1)),
    SHAPE(conv2d, false, "3x3, 64 to 64 channels, 16 images of 32x32",
          .in = {X(16, 64, 32, 32), X(64, 64, 3, 3), X(64)}, CONV(1, 1, 1)),
    SHAPE(conv2d, false, "3x3, stride 2, 32 to 64 channels, 100 images of 16x16",
          .in = {X(100, 32, 16, 16), X(64, 32, 3, 3)}, CONV(2, 1, 1)),
    SHAPE(conv2d, false, "5x5, 1 to 20 channels, 1000 images of 28x28",
          .in = {X(1000, 1, 28, 28), X(20, 1, 5, 5), X(20)}, CONV(1, 0, 1)),
    SHAPE(conv2d, false, "5x5, 20 to 40 channels, 1000 images of 12x12",
          .in = {X(1000, 20, 12, 12), X(40, 20, 5, 5), X(40)}, CONV(1, 0, 1)),
    SHAPE(conv2d, false, "7x7, stride 2, 3 to 64 channels, 4 images of 224x224",
          .in = {X(4, 3, 224, 224), X(64, 3, 7, 7)}, CONV(2, 3, 1)),
    SHAPE(conv2d, false, "1x1, 256 to 64 channels, 8 images of 28x28", .in = {X(8, 256, 28, 28), X(64, 256, 1, 1)},
          CONV(1, 0, 1)),
    SHAPE(conv2d, false, "3x3, 512 to 512 channels, 8 images of 2x2", .in = {X(8, 512, 2, 2), X(512, 512, 3, 3)},
          CONV(1, 1, 1)),
    SHAPE(conv2d, false, "3x3, 256 to 256 channels, 8 images of 4x4", .in = {X(8, 256, 4, 4), X(256, 256, 3, 3)},
          CONV(1, 1, 1)),
    SHAPE(conv2d, false, "3x3, stride 2, 128 to 256 channels, 8 images of 8x8",
          .in = {X(8, 128, 8, 8), X(256, 128, 3, 3)}, CONV(2, 1, 1)),
    SHAPE(conv2d, false, "1x1, 1024 to 512 channels, 8 images of 4x4", .in = {X(8, 1024, 4, 4), X(512, 1024, 1, 1)},
          CONV(1, 0, 1)),
    SHAPE(conv2d, false, "1x1, 1152 to 48 channels, 8 images of 1x1", .in = {X(8, 1152, 1, 1), X(48, 1152, 1, 1)},
          CONV(1, 0, 1)),
    SHAPE(conv2d, false, "depthwise 3x3, 128 channels, 16 images of 28x28", .in = {X(16, 128, 28, 28), X(128, 1, 3, 3)},
          CONV(1, 1, 128)),
    SHAPE(conv2d, false, "depthwise 3x3, stride 2, 96 channels, 8 images of 32x32",
          .in = {X(8, 96, 32, 32), X(96, 1, 3, 3)}, CONV(2, 1, 96)),
    SHAPE(conv2d, false, "depthwise 3x3, 384 channels, 8 images of 4x4", .in = {X(8, 384, 4, 4), X(384, 1, 3, 3)},
          CONV(1, 1, 384)),
    SHAPE(conv2d, false, "depthwise 5x5, 672 channels, 8 images of 4x4", .in = {X(8, 672, 4, 4), X(672, 1, 5, 5)},
          CONV(1, 2, 672)),
    SHAPE(conv2d, false, "depthwise 3x3, 960 channels, 8 images of 2x2", .in = {X(8, 960, 2, 2), X(960, 1, 3, 3)},
          CONV(1, 1, 960)),
    SHAPE(conv2d, false, "depthwise 3x3, 960 channels, 8 images of 7x7",
          .in = {X(8, 960, 7, 7), X(960, 1, 3, 3)}, CONV(1, 1, 960)),
    SHAPE(conv2d, false, "depthwise 3x3, stride 2, 576 channels, 8 images of 14x14",
          .in = {X(8, 576, 14, 14), X(576, 1, 3, 3)}, CONV(2, 1, 576)),
    SHAPE(conv2d, false, "3x3, stride 2, 3 to 32 channels, 8 images of 224x224",
          .in = {X(8, 3, 224, 224), X(32, 3, 3, 3)}, CONV(2, 1, 1)),
    SHAPE(conv_transpose2d, false, "2x2, stride 2, 128 to 64 channels, 8 images of 28x28",
          .in = {X(8, 128, 28, 28), X(128, 64, 2, 2)},
          PARAMS(conv_transpose2d, .conv = {.sh = 2, .sw = 2, .dh = 1, .dw = 1, .groups = 1})),
    SHAPE(max_pool2d, true, "2x2, 16 images of 64 channels of 32x32", .in = {X(16, 64, 32, 32)}, POOL(2, 2, .ph = 0)),
    SHAPE(max_pool2d, false, "3x3, stride 2, 16 images of 64 channels of 56x56", .in = {X(16, 64, 56, 56)},
          POOL(3, 2, .ph = 0)),
    SHAPE(max_pool2d, false, "3x3, stride 2, padding 1, 8 images of 64 channels of 112x112", .in = {X(8, 64, 112, 112)},
          POOL(3, 2, .ph = 1, .pw = 1)),
    SHAPE(max_pool2d, false, "3x3, stride 1, 8 images of 192 channels of 28x28", .in = {X(8, 192, 28, 28)},
          POOL(3, 1, .ph = 1, .pw = 1)),
    SHAPE(avg_pool2d, true, "2x2, 8 images of 128 channels of 56x56", .in = {X(8, 128, 56, 56)}, MEANS(2, 2, 0)),
    SHAPE(avg_pool2d, false, "3x3, stride 1, 8 images of 192 channels of 35x35", .in = {X(8, 192, 35, 35)},
          MEANS(3, 1, 1)),
    SHAPE(avg_pool2d, false, "3x3, stride 2, 8 images of 64 channels of 112x112", .in = {X(8, 64, 112, 112)},
          MEANS(3, 2, 1)),
    SHAPE(avg_pool2d, false, "6x6 windows that fit, 8 images of 512 channels of 41x41", .in = {X(8, 512, 41, 41)},
          PARAMS(avg_pool2d, .oh = 6, .ow = 6, .adaptive = 1)),
    SHAPE(max_unpool2d, false, "8 images of 64 channels of 28x28 to 56x56",
          .in = {X(8, 64, 28, 28), I32(DIMS(8, 64, 28, 28), RANGE(0, 3135))}, PARAMS(unpool2d, .h = 56, .w = 56)),
    SHAPE(interpolate, true, "linear, 8 images of 21 channels of 28x28 to 224x224", .in = {X(8, 21, 28, 28)},
          .scalars = {0.125, 0.125}, PARAMS(interpolate, .oh = 224, .ow = 224, .mode = TENKA_BETWEEN_LINEAR)),
    SHAPE(interpolate, false, "linear, 8 images of 64 channels of 56x56 to 112x112", .in = {X(8, 64, 56, 56)},
          .scalars = {0.5, 0.5}, PARAMS(interpolate, .oh = 112, .ow = 112, .mode = TENKA_BETWEEN_LINEAR)),
    SHAPE(interpolate, false, "nearest, 8 images of 64 channels of 56x56 to 112x112", .in = {X(8, 64, 56, 56)},
          .scalars = {0.5, 0.5}, PARAMS(interpolate, .oh = 112, .ow = 112, .mode = TENKA_BETWEEN_NEAREST)),
    SHAPE(interpolate, false, "linear, 8 images of 64 channels of 14x14 to 28x28",
          .in = {X(8, 64, 14, 14)}, .scalars = {0.5, 0.5},
          PARAMS(interpolate, .oh = 28, .ow = 28, .mode = TENKA_BETWEEN_LINEAR)),
    SHAPE(interpolate, false, "nearest, 8 images of 64 channels of 14x14 to 28x28",
          .in = {X(8, 64, 14, 14)}, .scalars = {0.5, 0.5},
          PARAMS(interpolate, .oh = 28, .ow = 28, .mode = TENKA_BETWEEN_NEAREST)),
    SHAPE(pad, true, "a constant around 8 images of 64 channels of 56x56", .in = {X(8, 64, 56, 56)},
          PARAMS(pad, AROUND(1))),
    SHAPE(pad, false, "a reflection around 8 images of 64 channels of 56x56", .in = {X(8, 64, 56, 56)},
          PARAMS(pad, AROUND(1), .mode = TENKA_PADDING_REFLECT)),
    SHAPE(pad, false, "a reflection, 3 wide, around 8 images of 3 channels of 224x224", .in = {X(8, 3, 224, 224)},
          PARAMS(pad, AROUND(3), .mode = TENKA_PADDING_REFLECT)),
    SHAPE(batch_norm2d, true, "16 images of 64 channels of 32x32", .in = {X(16, 64, 32, 32), X(64), X(64)},
          .scalars = {1e-5}),
    SHAPE(batch_norm2d, false, "100 images of 16 channels of 32x32", .in = {X(100, 16, 32, 32), X(16), X(16)},
          .scalars = {1e-5}),
    SHAPE(layer_norm, true, "1576 rows of 768", .in = {X(1576, 768), X(768), X(768)}, .scalars = {1e-5},
          PARAMS(layer_norm, .axes = 1)),
    SHAPE(layer_norm, false, "25088 rows of 96", .in = {X(25088, 96), X(96), X(96)}, .scalars = {1e-5},
          PARAMS(layer_norm, .axes = 1)),
    SHAPE(layer_norm, false, "32 groups of 16 images of 256 channels of 28x28",
          .in = {X(16, 256, 28, 28), X(256), X(256)}, .scalars = {1e-5}, PARAMS(layer_norm, .groups = 32)),
    SHAPE(layer_norm, false, "32 groups of 8 images of 512 channels of 7x7",
          .in = {X(8, 512, 7, 7), X(512), X(512)}, .scalars = {1e-5}, PARAMS(layer_norm, .groups = 32)),
    SHAPE(batch_norm2d, false, "8 images of 960 channels of 2x2", .in = {X(8, 960, 2, 2), X(960), X(960)},
          .scalars = {1e-5}),
    SHAPE(softmax, false, "4096 rows of 1000", .in = {X(4096, 1000)}, PARAMS(axis, .dim = 1)),
    SHAPE(softmax, false, "16 rows of 200000", .in = {X(16, 200000)}, PARAMS(axis, .dim = 1)),
    SHAPE(log_softmax, true, "1000 rows of 10", .in = {X(1000, 10)}, PARAMS(axis, .dim = 1)),
    SHAPE(log_softmax, false, "64 rows of 50000", .in = {X(64, 50000)}, PARAMS(axis, .dim = 1)),
    SHAPE(relu, true, "1 M", .in = {X(MILLION)}),
    SHAPE(relu, false, "16 M", .in = {X(16 * MILLION)}),
    SHAPE(tanh, false, "16 M", .in = {X(16 * MILLION)}),
    SHAPE(add, false, "16 M", .in = {X(16 * MILLION), X(16 * MILLION)}),
    SHAPE(add, false, "a bias to 100 x 64 channels of 32x32", .in = {X(100, 64, 32, 32), X(1, 64, 1, 1)}),
    SHAPE(dropout, false, "16 M", .in = {X(16 * MILLION)}, .scalars = {0.5, 1, 2}),
    SHAPE(sum, true, "all of 1 M", .in = {X(MILLION)}, PARAMS(sum, .axes = -1)),
    SHAPE(sum, false, "all of 16 M", .in = {X(16 * MILLION)}, PARAMS(sum, .axes = -1)),
    SHAPE(sum, false, "rows of 4096 x 4096", .in = {X(4096, 4096)}, PARAMS(sum, .axes = 2)),
    SHAPE(sum, false, "columns of 4096 x 4096", .in = {X(4096, 4096)}, PARAMS(sum, .axes = 1)),
    SHAPE(argmax, false, "4096 rows of 1000", .in = {X(4096, 1000)}, PARAMS(axis, .dim = 1)),
    SHAPE(permute, false, "4096 x 4096 transposed", .in = {X(4096, 4096)}, PARAMS(strided, .dim = {1, 0}, .divide = 1)),
    SHAPE(gather, false, "1000 of 10000 images of 28x28 bytes",
          .in = {U8(DIMS(10000, 784), RANGE(0, 255)), I32(DIMS(1000), RANGE(0, 9999))}, PARAMS(gather, .rows = 1000)),
    SHAPE(gather, false, "60000 of 5000 rows of 64", .in = {X(5000, 64), I32(DIMS(60000), RANGE(0, 4999))},
          PARAMS(gather, .rows = 60000)),
    SHAPE(normalize_bytes, false, "1000 images of 3 channels of 32x32",
          .in = {U8(DIMS(1000, 3, 32, 32), RANGE(0, 255)), X(3), F32(DIMS(3), RANGE(0.5, 1))}),
    SHAPE(mix_samples, false, "32 images of 3 channels of 224x224",
          .in = {X(32, 3, 224, 224), I32(DIMS(32), .fill = TENKA_FILL_PERMUTATION)},
          .scalars = {0.3, 0.7, 0, 0, 224, 224}),
    SHAPE(one_hot, false, "1024 rows of 1000", .in = {I32(DIMS(1024), RANGE(0, 999))}, PARAMS(classes, .c = 1000)),
    SHAPE(adam, true, "278 k, as the reference network has",
          .in = {X(277670), X(277670), X(277670), F32(DIMS(277670), RANGE(0, 1))}, PARAMS(update, .states = 2),
          .scalars = {1, 0, 1, 1e-3, 0.9, 0.1, 0.999, 0.001, 1e-8, 0.0316}),
    SHAPE(adam, false, "16 M",
          .in = {X(16 * MILLION), X(16 * MILLION), X(16 * MILLION), F32(DIMS(16 * MILLION), RANGE(0, 1))},
          PARAMS(update, .states = 2), .scalars = {1, 0, 1, 1e-3, 0.9, 0.1, 0.999, 0.001, 1e-8, 0.0316}),
    UPDATE(sgd, 1, 0, 0.1, 0.9, 1),
    UPDATE(rmsprop, 1, 0, 0.01, 0.99, 0.01, 1e-8, 0),
    UPDATE(adagrad, 1, 0, 0.01, 1e-10),
    UPDATE(adadelta, 2, 0, 1, 0.9, 0.1, 1e-6),
    UPDATE(nadam, 2, 0, 1e-3, 2e-3, 0.1, 0.999, 0.001, 1e-8, 0.01),
    UPDATE(radam, 2, 0, 1e-3, 0.1, 0.999, 0.001, 1e-8, 0.02),
    UPDATE(adamax, 2, 0, 1e-3, 0.1, 0.999, 1e-8),
    UPDATE(lion, 1, 0, 1e-3, 0.99, 0.01, 0.99, 0.01),
    UPDATE(lamb, 2, 0, 0.1, 0.9, 0.1, 0.999, 0.001, 1e-6, 0.0316, 0.01),
    SHAPE(copy, false, "16 M", .in = {X(16 * MILLION)}),
    SHAPE(multiply_add, true, "64 k items of 16 chains, 256 rounds", .in = {X(65536)}, PARAMS(repeat, .rounds = 256),
          .scalars = {0.5, 0.25}),
};
#define N_SHAPES (sizeof(shapes) / sizeof(*shapes))

static bool has_shape(enum tenka_op op)
{
    for (size_t i = 0; i < N_SHAPES; i++)
        if (shapes[i].op == op)
            return true;
    return false;
}

static uint64_t size_of(const struct tenka_op_case *c)
{
    uint64_t n = 0;
    for (size_t i = 0; i < TENKA_MAX_IN && c->in[i].given; i++)
        n += tenka_shape_count(&c->in[i].shape);
    return n;
}

static const struct tenka_op_case *largest_case(enum tenka_op op)
{
    const struct tenka_op_case *cases = tenka_check_cases(op), *largest = cases;
    for (; cases->why != NULL; cases++)
        if (size_of(cases) > size_of(largest))
            largest = cases;
    return largest;
}

bool tenka_bench_shape(size_t index, struct tenka_bench_shape *out)
{
    if (index < N_SHAPES) {
        *out = shapes[index];
        return true;
    }
    index -= N_SHAPES;
    for (int op = 0; op < TENKA_OP_COUNT; op++) {
        if (tenka_ops[op].n_passes == 0 || has_shape((enum tenka_op)op) || index-- > 0)
            continue;
        *out = (struct tenka_bench_shape){(enum tenka_op)op, true, true, *largest_case((enum tenka_op)op)};
        return true;
    }
    return false;
}
