#define _POSIX_C_SOURCE 200809L
#include "option_values.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const backend_names[] = {
    [TENKA_BACKEND_AUTO] = "auto",
    [TENKA_BACKEND_VULKAN] = "vulkan",
    [TENKA_BACKEND_CPU] = "cpu",
    [TENKA_BACKEND_CPU_F64] = "cpu-f64",
};

const char *backend_name(enum tenka_backend backend)
{
    return backend_names[backend];
}

uint64_t whole_number(struct argp_state *state, const char *option, const char *text, uint64_t low, uint64_t high)
{
    char *end;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 10);
    /* strtoull takes "-1" for a huge number. */
    if (end == text || *end != '\0' || strchr(text, '-') != NULL || errno != 0 || value < low || value > high)
        say_misuse(state, "%s: '%s' is no whole number from %llu to %llu", option, text, (unsigned long long)low,
                   (unsigned long long)high);
    return value;
}

uint32_t count_number(struct argp_state *state, const char *option, const char *text)
{
    return (uint32_t)whole_number(state, option, text, 1, MAX_COUNT);
}

double real_number(struct argp_state *state, const char *option, const char *text, double high)
{
    char *end;
    const double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= 0 && value <= high))
        say_misuse(state, "%s: '%s' is no number from 0 to %g", option, text, high);
    return value;
}

struct tenka_shape input_shape(struct argp_state *state, const char *text)
{
    uint32_t dim[TENKA_MAX_RANK];
    size_t rank = 0;
    const char *at = text;
    do {
        char *end;
        errno = 0;
        const unsigned long long value = strtoull(at, &end, 10);
        const bool digit = *at >= '0' && *at <= '9';
        if (!digit || (*end != ',' && *end != '\0') || errno != 0 || value < 1 || value > MAX_COUNT ||
            rank == TENKA_MAX_RANK - 1)
            say_misuse(state, "--input: '%s' is no shape of an image, such as 1,28,28: one to %d whole numbers from 1 "
                       "to %u", text, TENKA_MAX_RANK - 1, MAX_COUNT);
        dim[rank++] = (uint32_t)value;
        at = *end == ',' ? end + 1 : end;
        if (*end == '\0')
            break;
    } while (true);
    return tenka_shape_make(rank, dim);
}

void batch_sizes(struct argp_state *state, const char *text, struct options *o)
{
    char copy[256], *rest = NULL;
    const size_t length = strlen(text);
    if (length == 0 || length >= sizeof(copy) || text[0] == ',' || text[length - 1] == ',')
        say_misuse(state, "--batch-size: '%s' is no list of whole numbers, such as 32,100,1000", text);
    strcpy(copy, text);
    o->n_batch_sizes = 0;
    for (char *at = strtok_r(copy, ",", &rest); at != NULL; at = strtok_r(NULL, ",", &rest)) {
        if (o->n_batch_sizes == MAX_BATCH_SIZES)
            say_misuse(state, "--batch-size: more than %d numbers", MAX_BATCH_SIZES);
        o->batch_sizes[o->n_batch_sizes++] = count_number(state, "--batch-size", at);
    }
}

struct number_list number_list(struct argp_state *state, const char *option, const char *text, bool positive)
{
    struct number_list list = { .count = 0 };
    for (const char *at = text;; at++) {
        char *end;
        const double value = strtod(at, &end);
        if (end == at || (*end != ',' && *end != '\0') || !(fabs(value) <= 1e6) || (positive && value <= 0) ||
            list.count == TENKA_MAX_CHANNELS)
            say_misuse(state, "%s: '%s' is no list of numbers%s, one for all channels or one for each, such as "
                       "0.485,0.456,0.406", option, text, positive ? " above 0" : "");
        list.number[list.count++] = value;
        at = end;
        if (*at == '\0')
            return list;
    }
}

unsigned bench_parts(struct argp_state *state, const char *text)
{
    static const char *const names[] = { "ceilings", "kernels", "shapes", "steps" };
    unsigned parts = 0;
    for (const char *at = text;; at++) {
        const size_t length = strcspn(at, ",");
        size_t i = 0;
        while (i < 4 && (strlen(names[i]) != length || strncmp(names[i], at, length) != 0))
            i++;
        if (i == 4)
            say_misuse(state, "--only: there is no part '%.*s'; choose among ceilings, kernels, shapes and steps",
                       (int)length, at);
        parts |= 1u << i;
        at += length;
        if (*at == '\0')
            return parts;
    }
}

enum tenka_backend backend_value(struct argp_state *state, const char *text)
{
    for (size_t i = 0; i < sizeof(backend_names) / sizeof(backend_names[0]); i++)
        if (strcmp(text, backend_names[i]) == 0)
            return (enum tenka_backend)i;
    say_misuse(state, "--backend: there is no backend '%s'; choose auto, vulkan, cpu or cpu-f64", text);
    return TENKA_BACKEND_AUTO;
}

enum tenka_dropout_mask dropout_mask_value(struct argp_state *state, const char *text)
{
    static const char *const names[] = {
        [TENKA_DROPOUT_AUTO] = "auto", [TENKA_DROPOUT_TORCH] = "torch", [TENKA_DROPOUT_PHILOX] = "philox"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(text, names[i]) == 0)
            return (enum tenka_dropout_mask)i;
    say_misuse(state, "--dropout-mask: nobody draws masks by '%s'; choose auto, torch or philox", text);
    return TENKA_DROPOUT_AUTO;
}

enum tenka_tune tune_value(struct argp_state *state, const char *text)
{
    static const char *const names[] = {
        [TENKA_TUNE_AUTO] = "auto", [TENKA_TUNE_OFF] = "off", [TENKA_TUNE_ON] = "on"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(text, names[i]) == 0)
            return (enum tenka_tune)i;
    say_misuse(state, "--tune: '%s' is none of auto, on and off", text);
    return TENKA_TUNE_AUTO;
}

enum tenka_image_alpha alpha_value(struct argp_state *state, const char *text)
{
    static const char *const names[] = {
        [TENKA_ALPHA_IGNORE] = "ignore", [TENKA_ALPHA_ON_BLACK] = "black", [TENKA_ALPHA_ON_WHITE] = "white"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(text, names[i]) == 0)
            return (enum tenka_image_alpha)i;
    say_misuse(state, "--alpha: '%s' is none of ignore, black and white", text);
    return TENKA_ALPHA_IGNORE;
}

bool fit_is_crop(struct argp_state *state, const char *text)
{
    const bool crop = strcmp(text, "crop") == 0;
    if (!crop && strcmp(text, "stretch") != 0)
        say_misuse(state, "--fit: '%s' is neither stretch nor crop", text);
    return crop;
}

const char *file_name(struct argp_state *state, const char *option, const char *text)
{
    if (text[0] == '\0')
        say_misuse(state, "%s needs a name, but '' is given", option);
    return text;
}

bool optimizer_is_sgd(struct argp_state *state, const char *text)
{
    const bool sgd = strcmp(text, "sgd") == 0;
    if (!sgd && strcmp(text, "adam") != 0)
        say_misuse(state, "--optimizer: there is no optimizer '%s'; choose adam or sgd", text);
    return sgd;
}
