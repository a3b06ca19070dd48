// Every public header, used from C++17: shapes, absent tensors and options need words of their own there.
#include <cmath>
#include <cstdio>
#include <vector>

#include <tenka/array.h>
#include <tenka/bench.h>
#include <tenka/contents.h>
#include <tenka/context.h>
#include <tenka/data.h>
#include <tenka/elementwise.h>
#include <tenka/events.h>
#include <tenka/image.h>
#include <tenka/io.h>
#include <tenka/loss.h>
#include <tenka/memory.h>
#include <tenka/metrics.h>
#include <tenka/nn.h>
#include <tenka/optim.h>
#include <tenka/profile.h>
#include <tenka/schedule.h>
#include <tenka/tenka.h>
#include <tenka/tensor.h>
#include <tenka/train.h>
#include <tenka/transform.h>
#include <tenka/verify.h>

static int failed(const tenka_ctx *ctx, const char *what)
{
    std::fprintf(stderr, "%s: %s\n", what, tenka_last_error(ctx));
    return 1;
}

// A class of two inputs, whose forward is a lambda, with a parameter of its own.
static int run_class(tenka_ctx *ctx)
{
    const std::vector<float> ones(6, 1.0f);
    tenka_custom_params params = TENKA_CUSTOM_DEFAULTS;
    params.inputs = 2;
    params.forward = [](void *, tenka_module *m, const tenka_tensor *in, size_t, tenka_tensor *out, size_t) {
        out[0] = tenka_add(in[0], tenka_mul(in[1], tenka_value(tenka_module_find(m, "scale"))));
    };
    tenka_module *m = nullptr;
    tenka_variable *scale = nullptr;
    if (tenka_nn_custom(ctx, "Sum", &params, nullptr, &m) != TENKA_OK ||
        tenka_nn_add_parameter(m, "scale", tenka_shape_of(3), 0.5, 0.5, &scale) != TENKA_OK)
        return failed(ctx, "a class");
    const tenka_tensor x = tenka_input(ctx, TENKA_F32, tenka_shape_of(2, 3), ones.data());
    const tenka_tensor in[] = { x, x };
    tenka_tensor y = TENKA_NONE;
    double mean = 0;
    tenka_no_grad_begin(ctx);
    tenka_forward_n(m, in, 2, &y, 1);
    const tenka_status status = tenka_item(tenka_mean(y, TENKA_ALL_AXES, false), &mean);
    tenka_no_grad_end(ctx);
    tenka_module_destroy(&m);
    return status == TENKA_OK && mean == 1.5 ? 0 : failed(ctx, "the class's forward");
}

// y = x w + 0, twice: by operators with an absent bias, and by a module.
static int train(tenka_ctx *ctx)
{
    const std::vector<float> ones(6, 1.0f);
    const int rows = 2;
    tenka_variable *w = nullptr;
    tenka_module *net = nullptr;
    tenka_optimizer *sgd = nullptr;
    tenka_sgd_params params = TENKA_SGD_DEFAULTS;
    params.lr = 0.5;
    if (tenka_variable_create(ctx, TENKA_F32, tenka_shape_of(1, 3), nullptr, true, &w) != TENKA_OK ||
        tenka_nn_parse(ctx, "Conv2d(1, 1, 1) ReLU() Flatten() Linear(3, 1)", &net) != TENKA_OK ||
        tenka_sgd_create(ctx, net, &params, &sgd) != TENKA_OK)
        return failed(ctx, "making");
    const tenka_tensor x = tenka_input(ctx, TENKA_F32, tenka_shape_of(rows, 3), ones.data());
    const tenka_tensor y = tenka_linear(x, tenka_value(w), TENKA_NONE);
    const tenka_tensor images = tenka_reshape(x, tenka_shape_of(rows, 1, 1, 3));
    tenka_conv2d_params conv = TENKA_CONV2D_DEFAULTS;
    conv.groups = 1;
    tenka_backward(tenka_mean(tenka_add(y, tenka_forward(net, images)), TENKA_ALL_AXES, false));
    double loss = NAN;
    if (tenka_optimizer_step(sgd) != TENKA_OK || tenka_item(tenka_value(w), &loss) == TENKA_OK)
        return failed(ctx, "a value of three elements is no number");
    tenka_step_discard(ctx);
    tenka_training training = TENKA_TRAINING_DEFAULTS;
    training.net = net;
    tenka_loader_params loader = TENKA_LOADER_DEFAULTS;
    loader.batch_size = 2;
    tenka_image_params image = TENKA_IMAGE_DEFAULTS;
    image.channels = 3;
    if (conv.groups != 1 || training.net != net || loader.batch_size != 2 || image.channels != 3)
        return failed(ctx, "options");
    tenka_verify_params verify = TENKA_VERIFY_DEFAULTS;
    tenka_verify_result result = TENKA_VERIFY_RESULT_DEFAULTS;
    if (tenka_verify_run(ctx, 0, &verify, &result) != TENKA_OK || result.failed != 0 || result.cases == 0)
        return failed(ctx, "verifying");
    tenka_optimizer_destroy(&sgd);
    tenka_module_destroy(&net);
    tenka_variable_destroy(&w);
    return 0;
}

int main()
{
    tenka_ctx_params params = TENKA_CTX_DEFAULTS;
    params.backend = TENKA_BACKEND_CPU;
    tenka_ctx *ctx = nullptr;
    if (tenka_ctx_create(&params, &ctx) != TENKA_OK)
        return failed(nullptr, "creating");
    const int status = run_class(ctx) != 0 ? 1 : train(ctx);
    tenka_ctx_destroy(&ctx);
    return status;
}
