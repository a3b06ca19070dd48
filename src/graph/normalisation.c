/* Normalisations: of batches, whose running statistics variables keep, and of each image or row. */
#include "graph/internal.h"

/* ---- Batch normalisation ---- */

/* running = (1 - momentum) running + momentum factor fresh */
static void update_running(tenka_variable *running, tenka_tensor fresh, double momentum, double factor)
{
    if (running == NULL)
        return;
    const tenka_tensor in[] = {tenka_value(running), fresh};
    const double scalars[] = {1 - momentum, momentum * factor};
    tenka_assign(running, tenka_trace(fresh.ctx, TENKA_OP_axpby, in, 2, NULL, 0, NULL, scalars, NULL));
}

static tenka_tensor batch_norm_training(tenka_tensor x, tenka_tensor weight, tenka_tensor bias,
                                        tenka_variable *running_mean, tenka_variable *running_var, double momentum,
                                        double eps)
{
    tenka_tensor out[TENKA_MAX_OUT];
    const struct tenka_shape shape = tenka_tensor_shape(x);
    const double count = (double)tenka_shape_count(&shape) / (shape.rank > 1 ? shape.dim[1] : 1);
    const tenka_tensor y =
        tenka_trace(x.ctx, TENKA_OP_batch_norm2d, (const tenka_tensor[]){x, weight, bias}, 3, NULL, 0, NULL, &eps, out);
    if (!tenka_tensor_valid(y))
        return y;
    tenka_no_grad_begin(x.ctx);
    update_running(running_mean, out[1], momentum, 1);
    update_running(running_var, out[2], momentum, count / (count - 1));
    tenka_no_grad_end(x.ctx);
    return y;
}

/* What was given, or as many equal numbers. */
static tenka_tensor or_equal(tenka_tensor given, tenka_tensor x, double number)
{
    const struct tenka_shape shape = tenka_tensor_shape(x);
    if (given.ctx != NULL || !tenka_tensor_valid(x) || shape.rank < 2)
        return given;
    return tenka_trace(x.ctx, TENKA_OP_fill, NULL, 0, NULL, 0, &(struct tenka_shape){1, {shape.dim[1]}}, &number, NULL);
}

tenka_tensor tenka_batch_norm2d(tenka_tensor x, tenka_tensor weight, tenka_tensor bias, tenka_variable *running_mean,
                                tenka_variable *running_var, bool training, double momentum, double eps)
{
    weight = or_equal(weight, x, 1);
    bias = or_equal(bias, x, 0);
    if (training)
        return batch_norm_training(x, weight, bias, running_mean, running_var, momentum, eps);
    if (running_mean == NULL || running_var == NULL)
        return tenka_trace_fail(x.ctx, TENKA_E_INVALID, "batch_norm2d: evaluation needs running_mean and running_var");
    const tenka_tensor in[] = {x, weight, bias, tenka_value(running_mean), tenka_value(running_var)};
    return tenka_trace(x.ctx, TENKA_OP_batch_norm2d_eval, in, 5, NULL, 0, NULL, &eps, NULL);
}

/* ---- Layer and group normalisation ---- */

/* The bias for itself, where there is one without a weight. */
static tenka_tensor normalise(tenka_tensor x, tenka_tensor weight, tenka_tensor bias, struct tenka_p_layer_norm params,
                              double eps)
{
    const tenka_tensor in[] = {x, weight, bias};
    const uint32_t n_in = weight.ctx == NULL ? 1 : bias.ctx == NULL ? 2 : 3;
    return tenka_trace(x.ctx, TENKA_OP_layer_norm, in, n_in, &params, sizeof(params), NULL, &eps, NULL);
}

tenka_tensor tenka_layer_norm(tenka_tensor x, uint32_t axes, tenka_tensor weight, tenka_tensor bias, double eps)
{
    if (tenka_tensor_valid(x) && (axes == 0 || axes > tenka_tensor_shape(x).rank))
        return tenka_trace_fail(x.ctx, TENKA_E_SHAPE, "layer_norm: a tensor of %u axes has no last %u",
                                tenka_tensor_shape(x).rank, axes);
    const tenka_tensor y = normalise(x, weight, bias, (struct tenka_p_layer_norm){.axes = (int32_t)axes}, eps);
    return weight.ctx == NULL && bias.ctx != NULL ? tenka_add(y, bias) : y;
}

tenka_tensor tenka_group_norm(tenka_tensor x, uint32_t groups, tenka_tensor weight, tenka_tensor bias, double eps)
{
    if (groups == 0 || groups > INT32_MAX)
        return tenka_trace_fail(x.ctx, TENKA_E_INVALID, "group_norm: %u is no number of groups", groups);
    const tenka_tensor y = normalise(x, weight, bias, (struct tenka_p_layer_norm){.groups = (int32_t)groups}, eps);
    return weight.ctx == NULL && bias.ctx != NULL ? tenka_bias_add(y, bias) : y;
}

/* ---- Instance normalisation ---- */

/* A vector of channels for each image in turn, or nothing. */
static tenka_tensor for_each_image(tenka_tensor channels, uint32_t images)
{
    if (channels.ctx == NULL || !tenka_tensor_valid(channels))
        return channels;
    const uint32_t count = tenka_tensor_shape(channels).dim[0];
    return tenka_reshape(tenka_expand(channels, tenka_shape_of(images, count)), tenka_shape_of(images * count));
}

/* The mean over images of what is kept of each. */
static tenka_tensor mean_of_images(tenka_tensor each, uint32_t images, uint32_t channels)
{
    return tenka_mean(tenka_reshape(each, tenka_shape_of(images, channels)), 1, false);
}

/* As a batch of one image that has the channels of all. Source: torch.nn.functional.instance_norm. */
static tenka_tensor instance_norm_training(tenka_tensor x, tenka_tensor weight, tenka_tensor bias,
                                           tenka_variable *running_mean, tenka_variable *running_var, double momentum,
                                           double eps)
{
    const struct tenka_shape shape = tenka_tensor_shape(x);
    const uint32_t images = shape.dim[0], channels = shape.dim[1];
    const double count = (double)tenka_shape_count(&shape) / ((double)images * channels);
    struct tenka_shape one = shape;
    one.dim[0] = 1;
    one.dim[1] = images * channels;
    const tenka_tensor all = tenka_reshape(x, one);
    tenka_tensor out[TENKA_MAX_OUT];
    const tenka_tensor in[] = {all, for_each_image(or_equal(weight, x, 1), images),
                               for_each_image(or_equal(bias, x, 0), images)};
    const tenka_tensor y = tenka_trace(x.ctx, TENKA_OP_batch_norm2d, in, 3, NULL, 0, NULL, &eps, out);
    if (!tenka_tensor_valid(y))
        return y;
    tenka_no_grad_begin(x.ctx);
    update_running(running_mean, mean_of_images(out[1], images, channels), momentum, 1);
    update_running(running_var, mean_of_images(out[2], images, channels), momentum, count / (count - 1));
    tenka_no_grad_end(x.ctx);
    return tenka_reshape(y, shape);
}

tenka_tensor tenka_instance_norm(tenka_tensor x, tenka_tensor weight, tenka_tensor bias, tenka_variable *running_mean,
                                 tenka_variable *running_var, bool training, double momentum, double eps)
{
    const struct tenka_shape shape = tenka_tensor_shape(x);
    char text[TENKA_SHAPE_TEXT];
    if (!training || !tenka_tensor_valid(x))
        return tenka_batch_norm2d(x, weight, bias, running_mean, running_var, false, momentum, eps);
    if (shape.rank < 3 || tenka_shape_count(&shape) == (uint64_t)shape.dim[0] * shape.dim[1])
        return tenka_trace_fail(x.ctx, TENKA_E_SHAPE,
                                "instance_norm: training needs more than one value for each channel of an image, but "
                                "the input has shape %s",
                                tenka_shape_text(&shape, text));
    if (running_mean == NULL && running_var == NULL)
        return tenka_group_norm(x, shape.dim[1], weight, bias, eps);
    return instance_norm_training(x, weight, bias, running_mean, running_var, momentum, eps);
}

/* ---- Local response normalisation ---- */

/* Channels of zeros beside those of x [N, 1, C, plane]. */
static tenka_tensor pad_channels(tenka_tensor x, uint32_t before, uint32_t after)
{
    const struct tenka_shape shape = tenka_tensor_shape(x);
    tenka_tensor parts[3];
    size_t n = 0;
    for (int i = 0; i < 3; i++) {
        const uint32_t count = i == 0 ? before : after;
        const struct tenka_shape zeros = {4, {shape.dim[0], 1, count, shape.dim[3]}};
        if (i == 1)
            parts[n++] = x;
        else if (count > 0)
            parts[n++] = tenka_trace(x.ctx, TENKA_OP_fill, NULL, 0, NULL, 0, &zeros, &(double){0}, NULL);
    }
    return n > 1 ? tenka_concat(parts, n, 2) : x;
}

static tenka_tensor constant(tenka_ctx *ctx, double number)
{
    return tenka_trace(ctx, TENKA_OP_fill, NULL, 0, NULL, 0, &(struct tenka_shape){0}, &number, NULL);
}

tenka_tensor tenka_local_response_norm(tenka_tensor x, uint32_t size, double alpha, double beta, double k)
{
    const struct tenka_shape shape = tenka_tensor_shape(x);
    struct tenka_avg_pool2d_params window = TENKA_AVG_POOL2D_DEFAULTS;
    if (!tenka_tensor_valid(x))
        return x;
    if (shape.rank < 3 || size == 0 || size > TENKA_MAX_LOCAL_RESPONSE)
        return tenka_trace_fail(x.ctx, TENKA_E_SHAPE,
                                "local_response_norm: an input of %u axes and a size of %u, but 3 axes at least and a "
                                "size from 1 to %d are expected",
                                shape.rank, size, TENKA_MAX_LOCAL_RESPONSE);
    window.kernel[0] = size;
    window.kernel[1] = window.stride[0] = window.stride[1] = 1;
    const uint64_t plane = tenka_shape_count(&shape) / ((uint64_t)shape.dim[0] * shape.dim[1]);
    const tenka_tensor rows =
        tenka_reshape(tenka_mul(x, x), tenka_shape_of(shape.dim[0], 1, shape.dim[1], (uint32_t)plane));
    const tenka_tensor mean = tenka_avg_pool2d(pad_channels(rows, size / 2, (size - 1) / 2), &window);
    const tenka_tensor base = tenka_add(tenka_scale(tenka_reshape(mean, shape), alpha), constant(x.ctx, k));
    return tenka_div(x, tenka_pow(base, constant(x.ctx, beta)));
}
