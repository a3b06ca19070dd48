/* use_model MODEL PICTURE: what a network that `tenka train --save` has written takes a picture for. */
#include <stdio.h>
#include <tenka/tenka.h>

#define TRY(call)                                       \
    if ((call) != TENKA_OK) {                           \
        fprintf(stderr, "%s\n", tenka_last_error(ctx)); \
        return 1;                                       \
    }

int main(int argc, char **argv)
{
    tenka_ctx *ctx = NULL;
    tenka_model *model;
    tenka_image *picture, *small;
    float mean[3], std[3], scores[1000];
    uint8_t bytes[3 * 512 * 512];
    if (argc != 3)
        return fputs("usage: use_model MODEL PICTURE\n", stderr), 2;
    TRY(tenka_ctx_create(NULL, &ctx)) /* the best GPU, else the CPU */
    TRY(tenka_model_open(ctx, argv[1], &model))
    const struct tenka_preprocessing *how = tenka_model_preprocessing(model);
    const uint32_t *size = how->image.dim; /* channels, height, width */
    if (how->image.rank != 3 || size[0] > 3 || size[1] > 512 || size[2] > 512 || how->classes - 1 >= 1000)
        return fputs("the network takes no pictures of up to 512x512, or has more than 1,000 classes\n", stderr), 1;
    for (uint32_t c = 0; c < size[0]; c++)
        mean[c] = (float)how->mean[c], std[c] = (float)how->std[c];

    /* The picture becomes what the network was trained on. */
    struct tenka_image_params params = TENKA_IMAGE_DEFAULTS;
    params.channels = size[0];
    TRY(tenka_image_load(ctx, argv[2], &params, &picture))
    TRY(tenka_image_resize(ctx, picture, NULL, size[2], size[1], &small))
    tenka_image_planes(small, bytes);

    tenka_module_train(tenka_model_net(model), false);
    tenka_no_grad_begin(ctx);
    tenka_tensor x =
        tenka_normalize_bytes(tenka_input(ctx, TENKA_U8, tenka_shape_of(1, size[0], size[1], size[2]), bytes),
                              tenka_input(ctx, TENKA_F32, tenka_shape_of(size[0]), mean),
                              tenka_input(ctx, TENKA_F32, tenka_shape_of(size[0]), std));
    TRY(tenka_read(tenka_forward(tenka_model_net(model), x), scores, how->classes * sizeof(scores[0])))
    tenka_no_grad_end(ctx);

    uint32_t best = 0;
    for (uint32_t i = 1; i < how->classes; i++)
        best = scores[i] > scores[best] ? i : best;
    printf("%s\n", how->class_names != NULL ? how->class_names[best] : "the network's classes have no names");

    tenka_image_destroy(&picture);
    tenka_image_destroy(&small);
    tenka_model_destroy(&model);
    tenka_ctx_destroy(&ctx);
    return 0;
}
