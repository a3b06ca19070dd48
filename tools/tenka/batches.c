/* Batches that the network cannot take, such as one image where BatchNorm2d trains on a single value: known from the
 * number of images and the batch size, and so said before the first step. */
#include <string.h>

#include "tenka.h"

/* find_other looks up to so far below and above the batch size that was asked for. */
#define MAX_DISTANCE 32

/* The batches of a loader. */
struct kind {
    struct session *s;
    bool training;
    const char *name, *option, *noun;
    struct tenka_shape input; /* of a batch; takes() sets dim[0], the number of images */
    uint64_t images;          /* 0: all batches are whole */
    bool drop_last;
};

static bool takes(const struct kind *k, uint64_t rows)
{
    struct tenka_shape input = k->input;
    input.dim[0] = (uint32_t)rows;
    return tenka_module_check(k->s->net, input, NULL) == TENKA_OK;
}

static uint64_t first_rows(const struct kind *k, uint64_t size)
{
    return k->images > 0 && size > k->images ? k->images : size;
}

/* Of a smaller last batch; 0: there is none. */
static uint64_t last_rows(const struct kind *k, uint64_t size)
{
    return k->images > size && !k->drop_last ? k->images % size : 0;
}

static bool takes_all(const struct kind *k, uint64_t size)
{
    const uint64_t last = last_rows(k, size);
    return takes(k, first_rows(k, size)) && (last == 0 || takes(k, last));
}

/* The batch size nearest to one that the network does not take; 0: there is none. */
static uint64_t find_other(const struct kind *k, uint64_t size)
{
    for (uint64_t distance = 1; distance <= MAX_DISTANCE; distance++) {
        if (size > distance && takes_all(k, size - distance))
            return size - distance;
        if (first_rows(k, size + distance) == size + distance && takes_all(k, size + distance))
            return size + distance;
    }
    return 0;
}

static int say_misfit(const struct kind *k, uint64_t size, uint64_t rows)
{
    char why[1024], batch[128], other[64], count[32], all[32];
    const bool last = rows == last_rows(k, size);
    snprintf(other, sizeof(other), "use more %ss", k->noun);
    takes(k, rows); /* was called before; again, so that tenka_last_error has its sentence */
    snprintf(why, sizeof(why), "%s", tenka_last_error(k->s->ctx));
    if (last)
        snprintf(batch, sizeof(batch), "the last %s batch of an epoch, %s of the %s %ss,", k->name,
                 say_count(count, rows), say_count(all, k->images), k->noun);
    else
        snprintf(batch, sizeof(batch), "a %s batch of %s %s%s", k->name, say_count(count, rows), k->noun, plural(rows));
    const uint64_t found = find_other(k, size);
    if (found > 0)
        snprintf(other, sizeof(other), "'%s %u' avoids it", k->option, (uint32_t)found);
    return say_failed("%s does not fit the network: %s; %s%s", batch, why, other,
                      last && k->training ? ", and --drop-last leaves that batch out" : "");
}

static int check(const struct kind *k, uint64_t size)
{
    const uint64_t first = first_rows(k, size), last = last_rows(k, size);
    char count[32];
    if (k->drop_last && size > k->images)
        return say_failed("--drop-last leaves out a batch that is smaller than %s %u: of %s %s %s%s nothing would "
                          "be left",
                          k->option, (uint32_t)size, say_count(count, k->images), k->name, k->noun, plural(k->images));
    /* Where one image more is refused as well, the batch may be too large, not too small: fit_check finds that. */
    if (!takes(k, first))
        return takes(k, first + 1) ? say_misfit(k, size, first) : EXIT_CODE_OK;
    return last == 0 || takes(k, last) ? EXIT_CODE_OK : say_misfit(k, size, last);
}

static struct kind make_kind(struct session *s, bool training)
{
    const tenka_dataset *const data = training ? s->train_data : s->test_data;
    struct kind k = {.s = s, .training = training, .name = training ? "training" : "test", .option = "--batch-size"};
    k.input = batch_shape(data, 1);
    k.noun = session_noun(s);
    k.images = tenka_dataset_count(data);
    k.drop_last = training && s->options->drop_last;
    if (!training && s->train_data != NULL)
        k.option = "--test-batch-size";
    return k;
}

int batches_check(struct session *s)
{
    const struct options *o = s->options;
    if (s->train_data != NULL) {
        const struct kind training = make_kind(s, true);
        tenka_module_train(s->net, true);
        const int code = check(&training, o->batch_size);
        if (code != EXIT_CODE_OK)
            return code;
    }
    if (s->test_data == NULL)
        return EXIT_CODE_OK;
    const struct kind test = make_kind(s, false);
    tenka_module_train(s->net, false);
    return check(&test, s->train_data != NULL ? o->test_batch_size : o->batch_size);
}

int batches_say_misfit(struct session *s, struct tenka_shape input)
{
    const struct kind k = {.s = s, .option = "--batch-size", .noun = "image", .input = input};
    char why[1024];
    snprintf(why, sizeof(why), "%s", tenka_last_error(s->ctx));
    const uint64_t found = find_other(&k, input.dim[0]);
    if (found == 0)
        return say_failed("the network does not fit the input: %s", why);
    return say_failed("the network does not fit the input: %s; '--batch-size %u' avoids it", why, (uint32_t)found);
}
