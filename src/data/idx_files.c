/* Which files of a folder are a data set's. Their names are [SET-]HALF-PART with an ending, with .gz or without:
 *   SET   such as emnist-letters, qmnist; MNIST, Fashion-MNIST and KMNIST have none
 *   HALF  train; t10k or test
 *   PART  images or labels
 * MNIST's ending is -idx3-ubyte; inside of its .gz files, and so behind some programs that unpack them, it is
 * .idx3-ubyte. */
#include <stdio.h>
#include <stdlib.h>

#include "core/os.h"
#include "data/idx.h"

#define MAX_SHOWN 6
#define NAME_TEXT 64 /* bytes of a name in a sentence */

/* A file that belongs to a data set. */
struct member {
    char *name;
    size_t set; /* bytes of the set's name, with which name begins; 0: none */
    bool train, images;
    unsigned rank; /* of its spelling: where a file is there twice, the smaller one is read */
};

struct search {
    struct tenka_error *err;
    const char *dir;
    struct member *members;
    size_t count, capacity;
    /* The first names of the folder, for a sentence, and how many there are. */
    char shown[MAX_SHOWN][NAME_TEXT];
    size_t entries;
};

/* ---- Names ---- */

static bool cut_end(const char *name, size_t *length, const char *end)
{
    const size_t bytes = strlen(end);
    if (*length < bytes || strncmp(name + *length - bytes, end, bytes) != 0)
        return false;
    *length -= bytes;
    return true;
}

/* Whether a name is one of a data set's file. */
static bool understand(const char *name, struct member *out)
{
    static const struct {
        const char *text;
        bool images;
    } ends[] = {
        {"-images-idx3-ubyte", true},  {"-images.idx3-ubyte", true}, {"-labels-idx1-ubyte", false},
        {"-labels.idx1-ubyte", false}, {"-labels-idx2-int", false},  {"-labels.idx2-int", false},
    };
    static const char *const halves[] = {"train", "t10k", "test"};
    const size_t n_ends = sizeof(ends) / sizeof(ends[0]);
    size_t length = strlen(name), end = 0, half = 0;
    const bool compressed = cut_end(name, &length, ".gz");
    while (end < n_ends && !cut_end(name, &length, ends[end].text))
        end++;
    while (half < 3 && end < n_ends && !cut_end(name, &length, halves[half]))
        half++;
    if (end == n_ends || half == 3 || (length > 0 && !cut_end(name, &length, "-")))
        return false;
    out->set = length;
    out->train = half == 0;
    out->images = ends[end].images;
    out->rank = (unsigned)((compressed ? n_ends : 0) + end) * 3 + (unsigned)half;
    return true;
}

/* ---- What is in a folder ---- */

/* Keeps the first names in their order; what would command a terminal becomes a question mark. */
static void show(struct search *s, const char *name, bool folder)
{
    char text[NAME_TEXT];
    const bool whole = strlen(name) + 2 <= sizeof(text);
    snprintf(text, sizeof(text), "%.*s%s", NAME_TEXT - 5, name, whole ? folder ? "/" : "" : "...");
    for (char *c = text; *c != '\0'; c++)
        *c = (unsigned char)*c < ' ' || *c == 127 ? '?' : *c;
    size_t at = s->entries < MAX_SHOWN ? s->entries : MAX_SHOWN;
    s->entries++;
    for (; at > 0 && strcmp(text, s->shown[at - 1]) < 0; at--)
        if (at < MAX_SHOWN)
            strcpy(s->shown[at], s->shown[at - 1]);
    if (at < MAX_SHOWN)
        strcpy(s->shown[at], text);
}

static tenka_status see(void *user, const char *name, bool folder)
{
    struct search *const s = user;
    struct member member = {0};
    show(s, name, folder);
    if (folder || !understand(name, &member))
        return TENKA_OK;
    if (!tenka_grow(&s->members, &s->capacity, s->count, sizeof(s->members[0])) ||
        (member.name = tenka_strdup(name)) == NULL)
        return tenka_fail_nomem(s->err);
    s->members[s->count++] = member;
    return TENKA_OK;
}

/* "; it has a.csv, b/ and 12 others" */
static void describe(const struct search *s, char *out, size_t size)
{
    const size_t shown = s->entries < MAX_SHOWN ? s->entries : MAX_SHOWN, others = s->entries - shown;
    size_t length = (size_t)snprintf(out, size, s->entries == 0 ? "; it is empty" : "; it has ");
    for (size_t i = 0; i < shown; i++)
        length += (size_t)snprintf(out + length, size - length, "%s%s",
                                   i == 0                        ? ""
                                   : i + 1 < shown || others > 0 ? ", "
                                                                 : " and ",
                                   s->shown[i]);
    if (others > 0)
        snprintf(out + length, size - length, " and %zu other%s", others, others == 1 ? "" : "s");
}

/* ---- Choosing ---- */

static bool is_of(const struct member *m, const char *set, size_t length)
{
    return m->set == length && strncmp(m->name, set, length) == 0;
}

static bool has(const struct search *s, const char *set, size_t length)
{
    for (size_t i = 0; i < s->count; i++)
        if (is_of(&s->members[i], set, length))
            return true;
    return false;
}

static int compare_names(const void *a, const void *b)
{
    const struct member *const x = a, *const y = b;
    return strcmp(x->name, y->name);
}

static tenka_status fail_several(struct search *s)
{
    char sets[512];
    size_t length = 0;
    const struct member *last = NULL;
    qsort(s->members, s->count, sizeof(s->members[0]), compare_names);
    for (size_t i = 0; i < s->count && length < sizeof(sets); i++) {
        const struct member *const m = &s->members[i];
        if (last == NULL || !is_of(m, last->name, last->set))
            length += (size_t)snprintf(sets + length, sizeof(sets) - length, "%s%.*s", last != NULL ? ", " : "",
                                       (int)m->set, m->name);
        last = m;
    }
    return tenka_fail(s->err, TENKA_E_INVALID,
                      "%s: there are several data sets in this folder, %s; name one of them, as "
                      "in %s/%.*s",
                      s->dir, sets, s->dir, (int)last->set, last->name);
}

/* The set that was asked for, or the folder's only one; files without a set's name come first. */
static tenka_status choose_set(struct search *s, const char *asked, const char **set, size_t *length)
{
    *set = asked != NULL ? asked : "";
    *length = strlen(*set);
    if (asked != NULL || s->count == 0 || has(s, "", 0))
        return TENKA_OK;
    *set = s->members[0].name;
    *length = s->members[0].set;
    for (size_t i = 1; i < s->count; i++)
        if (!is_of(&s->members[i], *set, *length))
            return fail_several(s);
    return TENKA_OK;
}

static tenka_status choose_file(const struct search *s, const char *set, size_t length, bool train, bool images,
                                char **path)
{
    const struct member *best = NULL;
    char there[MAX_SHOWN * (NAME_TEXT + 2) + 64];
    for (size_t i = 0; i < s->count; i++) {
        const struct member *const m = &s->members[i];
        if (is_of(m, set, length) && m->train == train && m->images == images && (best == NULL || m->rank < best->rank))
            best = m;
    }
    if (best != NULL) {
        *path = tenka_sprintf("%s/%s", s->dir, best->name);
        return *path != NULL ? TENKA_OK : tenka_fail_nomem(s->err);
    }
    char *const name = tenka_sprintf("%.*s%s%s-%s", (int)length, set, length > 0 ? "-" : "",
                                     train        ? "train"
                                     : length > 0 ? "test"
                                                  : "t10k",
                                     images ? "images-idx3-ubyte" : "labels-idx1-ubyte");
    if (name == NULL)
        return tenka_fail_nomem(s->err);
    describe(s, there, sizeof(there));
    tenka_fail(s->err, TENKA_E_IO, "%s: found neither %.150s nor %.150s.gz in this folder%s", s->dir, name, name,
               there);
    tenka_free(name);
    return TENKA_E_IO;
}

static tenka_status find_files(struct search *s, const char *asked, bool train, struct tenka_idx_files *out)
{
    const char *set;
    size_t length;
    TENKA_TRY(tenka_os_list(s->err, s->dir, see, s));
    if (asked != NULL && !has(s, asked, strlen(asked)))
        return tenka_fail(s->err, TENKA_E_IO, "%s/%s: there is no such folder, and %s has no data set of that name",
                          s->dir, asked, s->dir);
    TENKA_TRY(choose_set(s, asked, &set, &length));
    TENKA_TRY(choose_file(s, set, length, train, true, &out->images));
    return choose_file(s, set, length, train, false, &out->labels);
}

tenka_status tenka_idx_find(struct tenka_error *err, const char *dir, bool train, struct tenka_idx_files *out)
{
    *out = (struct tenka_idx_files){NULL, NULL};
    char *const copy = tenka_strdup(dir);
    if (copy == NULL)
        return tenka_fail_nomem(err);
    struct search s = {.err = err, .dir = copy};
    const char *asked = NULL;
    /* What is no folder may be a data set in one. */
    if (!tenka_os_exists(dir)) {
        char *const slash = strrchr(copy, '/');
        s.dir = slash == NULL ? "." : slash == copy ? "/" : copy;
        asked = slash != NULL ? slash + 1 : copy;
        if (slash != NULL)
            *slash = '\0';
    }
    const tenka_status status = find_files(&s, asked, train, out);
    for (size_t i = 0; i < s.count; i++)
        tenka_free(s.members[i].name);
    tenka_free(s.members);
    tenka_free(copy);
    return status;
}
