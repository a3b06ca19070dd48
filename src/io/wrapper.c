#include "io/wrapper.h"

#include <stdlib.h>

/* Attributes of modules that hold another one and change nothing: torch.nn.DataParallel and
 * DistributedDataParallel, torch.compile, FullyShardedDataParallel, activation checkpointing. */
static const char *const wrappers[] = {"module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"};
/* Where classes around a network, such as Lightning's, keep it. */
static const char *const holders[] = {"model", "net"};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A name without its wrappers. */
struct bare {
    char *name;
    size_t index; /* of the network's state or of the file's tensors */
};

struct bares {
    struct bare *items;
    size_t count;
};

static bool is_one_of(const char *part, size_t length, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(list[i]) == length && memcmp(list[i], part, length) == 0)
            return true;
    return false;
}

/* The parts of a name between dots that are no wrappers; the last one always stays. Allocated. */
static char *unwrap(const char *name)
{
    char *const bare = tenka_strdup(name), *end = bare;
    while (bare != NULL && *name != '\0') {
        const size_t length = strcspn(name, "."), whole = length + (name[length] == '.');
        if (whole == length || !is_one_of(name, length, wrappers, COUNT(wrappers))) {
            memcpy(end, name, whole);
            end += whole;
        }
        name += whole;
    }
    if (bare != NULL)
        *end = '\0';
    return bare;
}

static void bares_finish(struct bares *b)
{
    for (size_t i = 0; i < b->count; i++)
        tenka_free(b->items[i].name);
    tenka_free(b->items);
}

static bool add(struct bares *b, const char *name, size_t index)
{
    b->items[b->count] = (struct bare){.name = unwrap(name), .index = index};
    return b->items[b->count++].name != NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct bare *)a)->name, ((const struct bare *)b)->name);
}

static bool of_network(struct bares *b, const struct tenka_model_state *s)
{
    b->items = tenka_alloc_array(s->count + 1, sizeof(b->items[0]));
    bool good = b->items != NULL;
    for (size_t i = 0; i < s->count && good; i++)
        good = add(b, s->tensors[i].name, i);
    if (good && b->count > 0)
        qsort(b->items, b->count, sizeof(b->items[0]), by_name);
    return good;
}

static bool of_file(struct bares *b, const struct tenka_weights *file)
{
    b->items = tenka_alloc_array(file->count + 1, sizeof(b->items[0]));
    bool good = b->items != NULL;
    /* torch.optim.swa_utils.AveragedModel counts in a tensor of its own. */
    for (size_t i = 0; i < file->count && good; i++)
        good = strcmp(file->tensors[i].name, "n_averaged") == 0 || add(b, file->tensors[i].name, i);
    if (good && b->count > 0)
        qsort(b->items, b->count, sizeof(b->items[0]), by_name);
    return good;
}

/* The length of a first part that all names share and that is a holder's, with its dot; 0: there is none. */
static size_t find_holder(const struct bares *file, size_t skip)
{
    const char *const first = file->count > 0 ? file->items[0].name + skip : "";
    const size_t length = strcspn(first, ".");
    if (first[length] != '.' || !is_one_of(first, length, holders, COUNT(holders)))
        return 0;
    for (size_t i = 1; i < file->count; i++)
        if (strncmp(file->items[i].name + skip, first, length + 1) != 0)
            return 0;
    return length + 1;
}

/* Whether each name of the file, from skip on, is one of the network, and each of the network, but for numbers, one of
 * the file. No name may be there twice. with: the partners, by the network's order here. */
static bool fit(const struct bares *net, const struct bares *file, size_t skip, const struct tenka_model_state *s,
                size_t *with)
{
    size_t at = 0;
    for (size_t i = 0; i < net->count; i++) {
        if (i > 0 && by_name(&net->items[i - 1], &net->items[i]) == 0)
            return false;
        with[i] = file->count;
        if (at < file->count && strcmp(file->items[at].name + skip, net->items[i].name) == 0)
            with[i] = at++;
        else if (s->items[net->items[i].index].number == NULL)
            return false;
    }
    return at == file->count;
}

static bool search(const struct bares *net, const struct bares *file, const struct tenka_model_state *s, size_t *with)
{
    size_t skip = 0, more;
    while (!fit(net, file, skip, s, with)) {
        more = find_holder(file, skip);
        if (more == 0)
            return false;
        skip += more;
    }
    return true;
}

/* The first tensor of the file whose partner has another name. */
static const struct tenka_weight *take(const struct bares *net, const struct bares *bare, const size_t *with,
                                       struct tenka_model_state *s, const struct tenka_weights *file)
{
    const struct tenka_weight *first = NULL;
    for (size_t i = 0; i < net->count; i++) {
        const size_t index = net->items[i].index;
        const struct tenka_weight *const weight = with[i] < bare->count ? &file->tensors[bare->items[with[i]].index]
                                                                        : NULL;
        s->items[index].weight = weight;
        if (first == NULL && weight != NULL && strcmp(weight->name, s->tensors[index].name) != 0)
            first = weight;
    }
    return first;
}

tenka_status tenka_wrapper_match(struct tenka_error *err, struct tenka_model_state *s, const struct tenka_weights *file,
                                 const struct tenka_weight **out)
{
    struct bares net = {0}, bare = {0};
    size_t *const with = tenka_alloc_array(s->count + 1, sizeof(with[0]));
    *out = NULL;
    const bool good = with != NULL && of_network(&net, s) && of_file(&bare, file);
    if (good && search(&net, &bare, s, with))
        *out = take(&net, &bare, with, s, file);
    bares_finish(&net);
    bares_finish(&bare);
    tenka_free(with);
    return good ? TENKA_OK : tenka_fail_nomem(err);
}

const struct tenka_weight *tenka_wrapper_find(const struct tenka_weights *file, const char *name)
{
    struct bares bare = {0};
    const struct tenka_weight *found = NULL;
    size_t skip = 0, more = of_file(&bare, file);
    for (; more > 0 && found == NULL; skip += more) {
        for (size_t i = 0; i < bare.count && found == NULL; i++)
            if (strcmp(bare.items[i].name + skip, name) == 0)
                found = &file->tensors[bare.items[i].index];
        more = find_holder(&bare, skip);
    }
    bares_finish(&bare);
    return found;
}

/* ---- Some of them ---- */

/* As fit, but what has no partner is passed over. Returns how many have one. */
static size_t fit_some(const struct bares *net, const struct bares *file, size_t skip, size_t *with)
{
    size_t at = 0, count = 0;
    for (size_t i = 0; i < net->count; i++) {
        int order = 1;
        while (at < file->count && (order = strcmp(file->items[at].name + skip, net->items[i].name)) < 0)
            at++;
        with[i] = at < file->count && order == 0 ? at++ : file->count;
        count += with[i] < file->count;
    }
    return count;
}

/* With the holder's name left out where more fits then. */
static void search_some(const struct bares *net, const struct bares *file, size_t *with)
{
    size_t best = 0, most = fit_some(net, file, 0, with);
    for (size_t more, skip = 0; (more = find_holder(file, skip)) > 0;) {
        skip += more;
        const size_t count = fit_some(net, file, skip, with);
        best = count > most ? skip : best;
        most = count > most ? count : most;
    }
    fit_some(net, file, best, with);
}

tenka_status tenka_wrapper_match_some(struct tenka_error *err, struct tenka_model_state *s,
                                      const struct tenka_weights *file, const struct tenka_weight **out)
{
    struct bares net = {0}, bare = {0};
    size_t *const with = tenka_alloc_array(s->count + 1, sizeof(with[0]));
    *out = NULL;
    const bool good = with != NULL && of_network(&net, s) && of_file(&bare, file);
    if (good) {
        search_some(&net, &bare, with);
        *out = take(&net, &bare, with, s, file);
    }
    bares_finish(&net);
    bares_finish(&bare);
    tenka_free(with);
    return good ? TENKA_OK : tenka_fail_nomem(err);
}
