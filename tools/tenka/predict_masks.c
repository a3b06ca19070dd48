/* `tenka predict` by a network that gives a class for each pixel: a mask of each picture. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "predict.h"

/* ---- Where they belong ---- */

/* The picture's name within the folder that it was found in, or its name alone. */
static const char *name_within(const struct options *o, const char *path)
{
    const char *const slash = strrchr(path, '/');
    for (size_t i = 0; i < o->n_pictures; i++) {
        size_t length = strlen(o->pictures[i]);
        while (length > 1 && o->pictures[i][length - 1] == '/')
            length--;
        if (data_is_folder(o->pictures[i]) && strncmp(path, o->pictures[i], length) == 0 && path[length] == '/')
            return path + length + strspn(path + length, "/");
    }
    return slash != NULL ? slash + 1 : path;
}

/* DIR/a/1.png of a/1.jpg; NULL: no memory. */
static char *mask_path(const char *dir, const char *name)
{
    const char *const slash = strrchr(name, '/'), *const base = slash != NULL ? slash : name;
    const char *const dot = strrchr(base, '.');
    const int length = (int)(dot != NULL ? (size_t)(dot - name) : strlen(name));
    const size_t size = strlen(dir) + (size_t)length + sizeof("/.png");
    char *const out = malloc(size);
    if (out != NULL)
        snprintf(out, size, "%s/%.*s.png", dir, length, name);
    return out;
}

static int make_folder(const char *path)
{
    if (mkdir(path, 0777) == 0 || (errno == EEXIST && data_is_folder(path)))
        return EXIT_CODE_OK;
    return say_failed("--out: cannot make the folder %s: %s", path, strerror(errno));
}

/* The folders between that of --out and the mask. */
static int make_folders(char *path, size_t from)
{
    for (char *slash = strchr(path + from, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        const int code = make_folder(path);
        *slash = '/';
        if (code != EXIT_CODE_OK)
            return code;
    }
    return EXIT_CODE_OK;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Two pictures whose masks would be one file. */
static int check_names(const struct predictor *p)
{
    const size_t count = p->pictures.count;
    char **const sorted = malloc((count + 1) * sizeof(sorted[0]));
    int code = EXIT_CODE_OK;
    if (sorted == NULL)
        return say_failed("out of memory");
    memcpy(sorted, p->mask_paths, count * sizeof(sorted[0]));
    qsort(sorted, count, sizeof(sorted[0]), compare);
    for (size_t i = 1; i < count && code == EXIT_CODE_OK; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            code = say_failed("--out: the masks of two pictures would both be %s; name their folders one at a time",
                              sorted[i]);
    free(sorted);
    return code;
}

int predict_open_masks(struct predictor *p)
{
    const struct options *const o = p->session.options;
    int code = make_folder(o->out);
    p->mask_paths = calloc(p->pictures.count + 1, sizeof(p->mask_paths[0]));
    if (code == EXIT_CODE_OK && p->mask_paths == NULL)
        code = say_failed("out of memory");
    for (size_t i = 0; i < p->pictures.count && code == EXIT_CODE_OK; i++) {
        char *const path = p->mask_paths[i] = mask_path(o->out, name_within(o, p->pictures.paths[i]));
        if (path == NULL)
            code = say_failed("out of memory");
        else if (same_file(path, p->pictures.paths[i]))
            code = say_failed("--out: the mask of %s would take its place; name another folder", path);
        else
            code = make_folders(path, strlen(o->out) + 1);
    }
    return code == EXIT_CODE_OK ? check_names(p) : code;
}

void predict_close_masks(struct predictor *p)
{
    for (size_t i = 0; p->mask_paths != NULL && i < p->pictures.count; i++)
        free(p->mask_paths[i]);
    free(p->mask_paths);
    p->mask_paths = NULL;
}

/* ---- Masks ---- */

/* The class of each pixel, the largest score's. False: a score is no finite number. */
static bool find_classes(const struct predictor *p, const float *scores, uint8_t *out)
{
    const size_t places = (size_t)p->mask_height * p->mask_width;
    bool finite = true;
    for (size_t i = 0; i < places; i++) {
        uint32_t best = 0;
        for (uint32_t c = 0; c < p->outputs; c++) {
            finite = finite && isfinite(scores[c * places + i]);
            if (scores[c * places + i] > scores[best * places + i])
                best = c;
        }
        out[i] = (uint8_t)best;
    }
    return finite;
}

/* The mask in the size of its picture, of which each pixel takes the nearest. */
static void enlarge(const struct predictor *p, const uint8_t *mask, uint64_t width, uint64_t height, uint8_t *out)
{
    for (uint64_t y = 0; y < height; y++)
        for (uint64_t x = 0; x < width; x++)
            *out++ = mask[(2 * y + 1) * p->mask_height / (2 * height) * p->mask_width +
                          (2 * x + 1) * p->mask_width / (2 * width)];
}

static int save(const struct predictor *p, const uint8_t *mask, uint32_t width, uint32_t height, const char *path)
{
    tenka_image *image = NULL;
    tenka_status status = tenka_image_create(p->session.ctx, mask, width, height, 1, &image);
    if (status == TENKA_OK)
        status = tenka_image_save(p->session.ctx, image, path);
    tenka_image_destroy(&image);
    return status == TENKA_OK ? EXIT_CODE_OK : say_library_failed(p->session.ctx);
}

/* A transform may cut off what the picture has, and so does --fit crop. */
static bool has_size_of_picture(const struct predictor *p)
{
    return p->transform == NULL && !p->session.options->crop;
}

static int write_mask(const struct predictor *p, const struct prediction *picture, const uint8_t *mask,
                      const char *path)
{
    if (!has_size_of_picture(p))
        return save(p, mask, p->mask_width, p->mask_height, path);
    uint8_t *const large = malloc((size_t)picture->width * picture->height);
    if (large == NULL)
        return say_failed("out of memory");
    enlarge(p, mask, picture->width, picture->height, large);
    const int code = save(p, large, picture->width, picture->height, path);
    free(large);
    return code;
}

/* ---- What is printed ---- */

static void count(const struct predictor *p, const uint8_t *mask, size_t out[static 256])
{
    memset(out, 0, 256 * sizeof(out[0]));
    for (size_t i = 0; i < (size_t)p->mask_height * p->mask_width; i++)
        out[mask[i]]++;
}

static void print_line(const struct predictor *p, const struct prediction *picture, const char *path,
                       const size_t counts[static 256])
{
    const double places = (double)p->mask_height * p->mask_width;
    char number[CLASS_NAME];
    print_text(stdout, "%s: %s", picture->path, path);
    for (uint32_t c = 0; c < p->outputs; c++)
        if (counts[c] > 0)
            print_text(stdout, ", %s %.2f %%", predict_class_name(p, c, number), 100 * (double)counts[c] / places);
    putchar('\n');
}

static void print_object(const struct predictor *p, const struct prediction *picture, const char *path,
                         const size_t counts[static 256])
{
    const double places = (double)p->mask_height * p->mask_width;
    char number[CLASS_NAME];
    bool first = true;
    fputs("{\"file\":", stdout);
    log_json_string(stdout, picture->path);
    fputs(picture->failure != NULL ? ",\"error\":" : ",\"mask\":", stdout);
    log_json_string(stdout, picture->failure != NULL ? picture->failure : path);
    fputs(picture->failure != NULL ? "" : ",\"classes\":[", stdout);
    for (uint32_t c = 0; c < p->outputs && picture->failure == NULL; c++) {
        if (counts[c] == 0)
            continue;
        printf("%s{\"class\":%" PRIu32 ",\"name\":", first ? "" : ",", c);
        log_json_string(stdout, predict_class_name(p, c, number));
        printf(",\"share\":%.9g}", (double)counts[c] / places);
        first = false;
    }
    fputs(picture->failure != NULL ? "}" : "]}", stdout);
}

static int finish_picture(struct predictor *p, struct prediction *picture, size_t index, uint8_t *mask)
{
    const size_t places = (size_t)p->mask_height * p->mask_width;
    const char *const path = p->mask_paths[index];
    const bool json = p->session.options->json;
    size_t counts[256];
    int code = EXIT_CODE_OK;
    if (picture->failure == NULL && !find_classes(p, p->scores + picture->row * p->outputs * places, mask))
        code = predict_fail_scores(p, picture);
    if (code == EXIT_CODE_OK && picture->failure == NULL)
        code = write_mask(p, picture, mask, path);
    count(p, mask, counts);
    if (json)
        fputs(index > 0 ? ",\n" : "\n", stdout);
    if (code == EXIT_CODE_OK && json)
        print_object(p, picture, path, counts);
    else if (code == EXIT_CODE_OK && picture->failure == NULL)
        print_line(p, picture, path, counts);
    return code;
}

int predict_write_masks(struct predictor *p)
{
    uint8_t *const mask = calloc(p->mask_height, p->mask_width);
    int code = mask != NULL ? EXIT_CODE_OK : say_failed("out of memory");
    progress_clear();
    for (size_t i = 0; i < p->count && code == EXIT_CODE_OK; i++)
        code = finish_picture(p, &p->predictions[i], (size_t)p->done - p->count + i, mask);
    free(mask);
    return code == EXIT_CODE_OK ? predict_check_output() : code;
}
