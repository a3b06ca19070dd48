/* Transforms of pictures against torchvision's: pixels, what is printed, and how what is drawn is distributed
 * (tests/golden/transforms.txt.gz, made by tools/golden/transforms.py); keys, sizes, threads, memory that runs out.
 *   test_transforms GOLDEN-FILE
 * Pixels differ by a level at most, floats not at all. What is drawn is compared by the mean and the deviation, to five
 * of their standard errors, and by quantiles, to five of theirs in the distribution; the golden ones have as many draws
 * and so errors of their own. */
#include "allocations.h"
#include "data/transform.h"
#include "graph/graph.h"
#include "inputs.h"

#include <ctype.h>
#include <math.h>
#include <zlib.h>

#define LINE_BYTES (1 << 20)
#define BOUND 1 /* levels of 255 */
#define DRAWS 20000
#define SIGMAS 5
#define N_QUANTILES 7
#define MAX_PICTURES 16
#define MAX_NUMBERS 40

static const double shares[N_QUANTILES] = {0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99};
static const char *golden_path;

/* ---- Golden lines ---- */

struct picture {
    char name[32];
    struct tenka_transform_picture is;
};

static struct picture pictures[MAX_PICTURES];
static size_t n_pictures;

static unsigned hex_digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static uint8_t *read_hex(const char *digits, size_t bytes)
{
    uint8_t *const out = malloc(bytes);
    if (strspn(digits, "0123456789abcdef") != 2 * bytes)
        fail_msg("expected %zu bytes: %.40s", bytes, digits);
    for (size_t i = 0; i < bytes; i++)
        out[i] = (uint8_t)(hex_digit(digits[2 * i]) << 4 | hex_digit(digits[2 * i + 1]));
    return out;
}

static void add_picture(const char *line)
{
    struct picture *const p = &pictures[n_pictures++];
    int at;
    assert_int_equal(
        sscanf(line, "picture %31s %u %u %u %n", p->name, &p->is.width, &p->is.height, &p->is.channels, &at), 4);
    p->is.pixels = read_hex(line + at, (size_t)p->is.width * p->is.height * p->is.channels);
}

static const struct tenka_transform_picture *find_picture(const char *name)
{
    for (size_t i = 0; i < n_pictures; i++)
        if (strcmp(pictures[i].name, name) == 0)
            return &pictures[i].is;
    fail_msg("there is no picture %s", name);
    return NULL;
}

/* Calls for each line that begins with a word and a space. Returns how many there were. */
static size_t each_line(tenka_ctx *ctx, const char *word, void (*call)(tenka_ctx *ctx, char *line))
{
    gzFile file = gzopen(golden_path, "rb");
    char *const line = malloc(LINE_BYTES);
    size_t count = 0;
    assert_non_null(file);
    while (gzgets(file, line, LINE_BYTES) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "picture ", 8) == 0 && n_pictures < MAX_PICTURES && ctx == NULL)
            add_picture(line);
        if (ctx != NULL && strncmp(line, word, strlen(word)) == 0 && line[strlen(word)] == ' ') {
            call(ctx, line);
            count++;
        }
    }
    gzclose(file);
    free(line);
    return count;
}

static int read_pictures(void **state)
{
    (void)state;
    each_line(NULL, "picture", NULL);
    return n_pictures == 0;
}

static int free_pictures(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_pictures; i++)
        free((void *)pictures[i].is.pixels);
    return 0;
}

/* Cuts a line at " | " into parts. */
static void split(char *line, char **part, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        part[i] = line;
        char *const end = strstr(line, " | ");
        if (i + 1 < n && end == NULL)
            fail_msg("the line has %zu parts only: %.60s", i + 1, part[0]);
        if (i + 1 < n) {
            *end = '\0';
            line = end + 3;
        }
    }
}

static size_t read_numbers(const char *text, double *out)
{
    size_t n = 0;
    for (char *end; *text != '\0' && n < MAX_NUMBERS; text = end) {
        out[n] = strtod(text, &end);
        if (end == text)
            break;
        n++;
    }
    return n;
}

static tenka_transform *parse(tenka_ctx *ctx, const char *text)
{
    tenka_transform *transform;
    if (tenka_transform_parse(ctx, text, &transform) != TENKA_OK)
        fail_msg("%s: %s", text, tenka_last_error(ctx));
    return transform;
}

/* ---- Pixels ---- */

static struct {
    size_t cases, bytes, differ;
} tally;

static void compare(const char *what, const char *picture, const uint8_t *got, const uint8_t *want, size_t bytes)
{
    int worst = 0;
    size_t differ = 0;
    for (size_t i = 0; i < bytes; i++) {
        const int d = abs(got[i] - want[i]);
        worst = d > worst ? d : worst;
        differ += d > 0;
    }
    tally.cases++;
    tally.bytes += bytes;
    tally.differ += differ;
    if (differ > 0)
        printf("    %s of %s: %zu of %zu bytes differ, by %d at most\n", what, picture, differ, bytes, worst);
    if (worst > BOUND)
        fail_msg("%s of %s differs by %d levels", what, picture, worst);
}

/* A step does what was drawn to a picture. */
static void run_drawn(tenka_ctx *ctx, const char *text, const struct tenka_transform_picture *picture,
                      const struct tenka_choice *choice, struct tenka_pixels *p)
{
    tenka_transform *transform = parse(ctx, text);
    const struct tenka_transform_key key = {0, 0, 0};
    struct tenka_draws d = tenka_draws_of(&key, 0);
    p->view = (struct tenka_view){picture->pixels, (size_t)picture->width * picture->channels, picture->width,
                                  picture->height, picture->channels};
    p->buffer = -1;
    p->stage = TENKA_STAGE_PICTURE;
    tenka_status status = TENKA_OK;
    if (transform->root->kind == TENKA_STEP_RANDOM_CROP)
        status = tenka_crop_pad(transform->root, p);
    if (status == TENKA_OK)
        status = tenka_step_run(transform->root, choice, &d, p);
    if (status != TENKA_OK)
        fail_msg("%s: %s", text, p->room->err.text);
    tenka_transform_destroy(&transform);
}

static void check_pixels(tenka_ctx *ctx, char *line)
{
    char *part[3], name[32];
    uint32_t width, height, channels;
    int at;
    struct tenka_choice choice = {.acts = true};
    struct tenka_pixels p = {0};
    uint8_t *got;
    split(line, part, 3);
    assert_int_equal(sscanf(part[0], "pixels %31s %u %u %u %n", name, &width, &height, &channels, &at), 4);
    read_numbers(part[1], choice.v);
    assert_int_equal(tenka_transform_room_create(ctx, &p.room), TENKA_OK);
    run_drawn(ctx, part[0] + at, find_picture(name), &choice, &p);
    assert_int_equal(tenka_pixels_own(&p, &got), TENKA_OK);
    if (p.view.width != width || p.view.height != height || p.view.channels != channels)
        fail_msg("%s of %s has %ux%ux%u, expected %ux%ux%u", part[0] + at, name, p.view.width, p.view.height,
                 p.view.channels, width, height, channels);
    const size_t bytes = (size_t)width * height * channels;
    uint8_t *const want = read_hex(part[2], bytes);
    compare(part[0] + at, name, got, want, bytes);
    free(want);
    tenka_transform_room_destroy(&p.room);
}

static void test_pixels(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    assert_true(each_line(ctx, "pixels", check_pixels) > 900);
    printf("    %zu cases: %zu of %zu bytes differ\n", tally.cases, tally.differ, tally.bytes);
    tenka_ctx_destroy(&ctx);
}

/* Of tensors the bits. */
static void check_floats(tenka_ctx *ctx, char *line)
{
    char *part[2], name[32];
    uint32_t width, height, channels;
    int at;
    struct tenka_transformed got;
    tenka_transform_room *room;
    split(line, part, 2);
    assert_int_equal(sscanf(part[0], "floats %31s %u %u %u %n", name, &width, &height, &channels, &at), 4);
    tenka_transform *transform = parse(ctx, part[0] + at);
    assert_int_equal(tenka_transform_room_create(ctx, &room), TENKA_OK);
    if (tenka_transform_apply(transform, room, &(struct tenka_transform_key){0}, find_picture(name), NULL, 0, &got) !=
        TENKA_OK)
        fail_msg("%s: %s", part[0] + at, tenka_transform_room_error(room));
    assert_true(got.tensor && got.width == width && got.height == height && got.channels == channels);
    uint8_t *const want = read_hex(part[1], got.bytes);
    for (size_t i = 0; i < got.bytes && got.dtype == TENKA_F32; i += 4) {
        uint32_t bits;
        memcpy(&bits, (const uint8_t *)got.data + i, 4);
        const uint32_t golden = (uint32_t)want[i] << 24 | (uint32_t)want[i + 1] << 16 | (uint32_t)want[i + 2] << 8 |
                                want[i + 3];
        if (bits != golden)
            fail_msg("%s of %s: float %zu has the bits %08x, expected %08x", part[0] + at, name, i / 4, bits, golden);
    }
    if (got.dtype == TENKA_U8)
        assert_memory_equal(got.data, want, got.bytes);
    free(want);
    tenka_transform_room_destroy(&room);
    tenka_transform_destroy(&transform);
}

static void test_floats(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    assert_true(each_line(ctx, "floats", check_floats) > 20);
    tenka_ctx_destroy(&ctx);
}

/* ---- What is printed ---- */

/* Python's names of what print() shows as plain words. */
static void check_print(tenka_ctx *ctx, char *line)
{
    char *part[2], *want;
    split(line + strlen("print "), part, 2);
    want = part[1];
    size_t length = 0;
    for (const char *c = part[1]; *c != '\0'; c++) {
        const bool newline = c[0] == '\\' && c[1] == 'n';
        want[length++] = newline ? '\n' : *c;
        c += newline;
    }
    want[length] = '\0';
    for (int i = 0; i < 2; i++) {
        tenka_transform *transform = parse(ctx, i == 0 ? part[0] : want);
        char *const text = tenka_transform_print(transform);
        char *const exact = strstr(text, "1.3333333333333333"); /* which print() rounds */
        if (exact != NULL)
            memmove(exact + 6, exact + 18, strlen(exact + 18) + 1);
        if (strcmp(text, want) != 0)
            fail_msg("printed\n%s\nexpected\n%s", text, want);
        tenka_text_free(text);
        tenka_transform_destroy(&transform);
    }
}

static void test_print(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    assert_true(each_line(ctx, "print", check_print) > 15);
    tenka_ctx_destroy(&ctx);
}

/* ---- What is drawn ---- */

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Share of sorted values that are below x, and of those that are x. */
static void rank(const double *sorted, size_t n, double x, double *below, double *same)
{
    size_t i = 0, k;
    const double near = 1e-5 * fmax(1, fabs(x)); /* golden numbers have six digits */
    while (i < n && sorted[i] < x - near)
        i++;
    for (k = i; k < n && sorted[k] <= x + near; k++)
        ;
    *below = (double)i / (double)n;
    *same = (double)(k - i) / (double)n;
}

static void check_near(const char *what, const char *which, double got, double want, double error)
{
    if (!(fabs(got - want) <= SIGMAS * error))
        fail_msg("%s: the %s is %g, expected %g to %g", what, which, got, want, SIGMAS * error);
}

struct golden_drawn {
    double mean, deviation, acts, quantile[N_QUANTILES];
};

/* values: of those samples at which the step acts. */
static void compare_drawn(const char *what, double *values, size_t n, size_t draws, const struct golden_drawn *want)
{
    double mean = 0, square = 0, fourth = 0;
    const double acts = (double)n / (double)draws;
    check_near(what, "share of samples", acts, want->acts,
               sqrt(2 * want->acts * (1 - want->acts) / (double)draws) + 1e-9);
    for (size_t i = 0; i < n; i++)
        mean += values[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        const double d = (values[i] - mean) * (values[i] - mean);
        square += d / (double)n;
        fourth += d * d / (double)n;
    }
    const double tiny = 1e-5 * (fabs(want->mean) + want->deviation), draw = sqrt(2 / (double)n);
    const double spread = square > 0 ? sqrt(fmax(fourth - square * square, 0)) / (2 * sqrt(square)) : 0;
    check_near(what, "mean", mean, want->mean, want->deviation * draw + tiny);
    check_near(what, "deviation", sqrt(square), want->deviation, spread * draw + tiny);
    qsort(values, n, sizeof(*values), compare_doubles);
    for (int i = 0; i < N_QUANTILES; i++) {
        double below, same;
        rank(values, n, want->quantile[i], &below, &same);
        const double error = SIGMAS * sqrt(2 * shares[i] * (1 - shares[i]) / (double)n) + 1e-4;
        if (below > shares[i] + error || below + same < shares[i] - error)
            fail_msg("%s: %g to %g of the values are below %g, expected %g", what, below, below + same,
                     want->quantile[i], shares[i]);
    }
}

static void check_drawn(tenka_ctx *ctx, char *line)
{
    static double values[DRAWS];
    char *part[3], text[300];
    uint32_t width, height;
    int index, at;
    struct golden_drawn want;
    split(line, part, 3);
    assert_int_equal(sscanf(part[0], "drawn %u %u %d %n", &width, &height, &index, &at), 3);
    assert_int_equal(sscanf(part[1], "%lf %lf %lf", &want.mean, &want.deviation, &want.acts), 3);
    assert_int_equal(read_numbers(part[2], want.quantile), N_QUANTILES);
    snprintf(text, sizeof(text), "Compose([%s%s])",
             strncmp(part[0] + at, "RandomErasing", 13) == 0 ? "ToTensor(), " : "", part[0] + at);
    tenka_transform *transform = parse(ctx, text);
    const struct tenka_step *step = transform->root->child;
    step = step->next != NULL ? step->next : step;
    size_t n = 0;
    for (uint32_t i = 0; i < DRAWS; i++) {
        const struct tenka_transform_key key = {7, i % 2, i / 2};
        struct tenka_draws d = tenka_draws_of(&key, step->position);
        struct tenka_choice choice;
        tenka_step_draw(step, &d, width, height, &choice);
        if (choice.acts)
            values[n++] = index < 0 ? 0 : choice.v[index];
    }
    compare_drawn(part[0], values, n, DRAWS, &want);
    tenka_transform_destroy(&transform);
}

static void test_drawn(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    assert_true(each_line(ctx, "drawn", check_drawn) > 60);
    tenka_ctx_destroy(&ctx);
}

/* ---- Policies ---- */

struct operation {
    double count, sum, squares;
};

static void check_operation(const char *what, int which, const struct operation *got, const char *golden)
{
    double share, mean, deviation;
    char name[200];
    assert_int_equal(sscanf(golden, ":%lf:%lf:%lf", &share, &mean, &deviation), 3);
    snprintf(name, sizeof(name), "%.150s: operation %d", what, which);
    check_near(name, "share", got->count / DRAWS, share, sqrt(2 * share / DRAWS));
    if (got->count == 0)
        return;
    const double own = got->sum / got->count, error = sqrt(2 / got->count);
    check_near(name, "mean", own, mean, deviation * error + 1e-5 * fabs(mean));
    check_near(name, "deviation", sqrt(fmax(got->squares / got->count - own * own, 0)), deviation,
               deviation * error + 1e-4 * fabs(mean));
}

static void check_policy(tenka_ctx *ctx, char *line)
{
    struct operation seen[15] = {{0}};
    char *part[2];
    uint32_t width, height;
    int at, golden = 0;
    split(line, part, 2);
    assert_int_equal(sscanf(part[0], "policy %u %u %n", &width, &height, &at), 2);
    tenka_transform *transform = parse(ctx, part[0] + at);
    for (uint32_t i = 0; i < DRAWS; i++) {
        const struct tenka_transform_key key = {11, 3, i};
        struct tenka_draws d = tenka_draws_of(&key, 0);
        struct tenka_choice choice;
        tenka_step_draw(transform->root, &d, width, height, &choice);
        for (size_t k = 0; k < choice.v[0]; k++) {
            struct operation *const op = &seen[(size_t)choice.v[1 + 2 * k]];
            op->count++;
            op->sum += choice.v[2 + 2 * k];
            op->squares += choice.v[2 + 2 * k] * choice.v[2 + 2 * k];
        }
    }
    for (char *word = strtok(part[1], " "); word != NULL; word = strtok(NULL, " "), golden++) {
        const int which = atoi(word);
        check_operation(part[0], which, &seen[which], strchr(word, ':'));
        seen[which].count = 0;
    }
    for (int i = 0; i < 15; i++)
        if (seen[i].count > 0)
            fail_msg("%s: operation %d is none of torchvision's", part[0], i);
    assert_true(golden > 5);
    tenka_transform_destroy(&transform);
}

static void test_policies(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    assert_int_equal(each_line(ctx, "policy", check_policy), 7);
    tenka_ctx_destroy(&ctx);
}

/* ---- Mixing ---- */

static void check_mix(tenka_ctx *ctx, char *line)
{
    static double values[DRAWS];
    double alpha;
    int at;
    struct golden_drawn want = {.acts = 1};
    struct tenka_mix mix;
    int32_t partner[1];
    assert_int_equal(sscanf(line, "mix %lf %lf %lf %n", &alpha, &want.mean, &want.deviation, &at), 3);
    assert_int_equal(read_numbers(line + at, want.quantile), N_QUANTILES);
    for (uint32_t i = 0; i < DRAWS; i++) {
        assert_int_equal(tenka_mix_draw(ctx, alpha, 0, 0, 5, 1, i, 1, partner, &mix), TENKA_OK);
        values[i] = mix.lambda;
    }
    compare_drawn(line, values, DRAWS, DRAWS, &want);
}

static void test_mix(void **state)
{
    (void)state;
    tenka_ctx *ctx = cpu(0);
    assert_int_equal(each_line(ctx, "mix", check_mix), 5);
    tenka_ctx_destroy(&ctx);
}

/* Partners are a permutation, each as likely as any; rectangles lie in the picture, and lambda is what they leave. */
static void test_partners(void **state)
{
    (void)state;
    enum { N = 5, BATCHES = 20000 };
    tenka_ctx *ctx = cpu(0);
    unsigned seen[N][N] = {{0}};
    double left = 0, wanted = 0;
    for (uint32_t b = 0; b < BATCHES; b++) {
        int32_t partner[N], again[N], hits = 0;
        struct tenka_mix mix, same;
        assert_int_equal(tenka_mix_draw(ctx, 1, 30, 20, 9, 2, b, N, partner, &mix), TENKA_OK);
        assert_int_equal(tenka_mix_draw(ctx, 1, 30, 20, 9, 2, b, N, again, &same), TENKA_OK);
        assert_memory_equal(partner, again, sizeof(partner));
        assert_memory_equal(&mix, &same, sizeof(mix));
        for (int i = 0; i < N; i++) {
            hits |= 1 << partner[i];
            seen[i][partner[i]]++;
        }
        assert_int_equal(hits, (1 << N) - 1);
        assert_true(mix.left <= mix.right && mix.right <= 30 && mix.top <= mix.bottom && mix.bottom <= 20);
        const double part = (double)(mix.right - mix.left) * (mix.bottom - mix.top) / 600;
        assert_true(fabs(mix.lambda - (1 - part)) < 1e-12);
        left += mix.lambda / BATCHES;
    }
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++)
            assert_true(fabs(seen[i][k] - BATCHES / (double)N) < 5 * sqrt(BATCHES * 0.2 * 0.8));
    /* What the edges cut off and the rounding makes of Beta(1, 1), by the same sums. */
    enum { STEPS = 400 };
    for (int s = 0; s < STEPS; s++) {
        const double half = 0.5 * sqrt(1 - (s + 0.5) / STEPS), across = trunc(half * 30), down = trunc(half * 20);
        double w = 0, h = 0;
        for (int x = 0; x < 30; x++)
            w += (fmin(x + across, 30) - fmax(x - across, 0)) / 30;
        for (int y = 0; y < 20; y++)
            h += (fmin(y + down, 20) - fmax(y - down, 0)) / 20;
        wanted += (1 - w * h / 600) / STEPS;
    }
    check_near("cutmix", "mean of lambda", left, wanted, 0.3 / sqrt(BATCHES));
    tenka_ctx_destroy(&ctx);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pixels),   cmocka_unit_test(test_floats),   cmocka_unit_test(test_print),
        cmocka_unit_test(test_drawn),    cmocka_unit_test(test_policies), cmocka_unit_test(test_mix),
        cmocka_unit_test(test_partners),
    };
    golden_path = argc > 1 ? argv[1] : "tests/golden/transforms.txt.gz";
    return cmocka_run_group_tests(tests, read_pictures, free_pictures);
}
