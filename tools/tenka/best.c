/* --best, --best-by and --patience: which test of a run was the best one, and how many have passed since. A checkpoint
 * keeps it as its note, so that a run that is resumed compares with what came before. */
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "train.h"

#define AT(member) offsetof(struct evaluation, member)

static const struct measure {
    const char *name; /* as --best-by has it */
    size_t at;        /* in the evaluation */
    bool least;       /* the smaller, the better */
    const char *format;
    double times; /* of the number that is printed */
} measures[] = {
    [BEST_LOSS] = {"loss", AT(loss), true, "%.4f", 1},
    [BEST_ACCURACY] = {"accuracy", AT(accuracy), false, "%.2f %%", 100},
    [BEST_F1] = {"f1", AT(f1), false, "%.4f", 1},
    [BEST_MEAN_IOU] = {"mean-iou", AT(mean_iou), false, "%.4f", 1},
    [BEST_EXACT] = {"exact", AT(exact), false, "%.2f %%", 100},
    [BEST_MAE] = {"mae", AT(numbers.mae), true, "%.4g", 1},
    [BEST_RMSE] = {"rmse", AT(numbers.rmse), true, "%.4g", 1},
    [BEST_R2] = {"r2", AT(numbers.r2), false, "%.4f", 1},
    [BEST_PSNR] = {"psnr", AT(numbers.psnr), false, "%.2f dB", 1},
};
#define MEASURES (sizeof(measures) / sizeof(measures[0]))

static bool is_asked_for(const struct options *o)
{
    return o->best_file != NULL || o->patience > 0;
}

/* ---- By what ---- */

/* Whether a test of this run knows it. */
static bool is_known(const struct session *s, enum best_by by)
{
    const enum answer_kind kind = answers_kind(s);
    const uint32_t rank = tenka_dataset_target_shape(session_data(s)).rank;
    switch (by) {
    case BEST_LOSS: return true;
    case BEST_ACCURACY: return kind == ANSWERS_CLASSES;
    case BEST_F1: return kind == ANSWERS_CLASSES || kind == ANSWERS_LABELS;
    case BEST_MEAN_IOU: return kind == ANSWERS_CLASSES && rank > 0;
    case BEST_EXACT: return kind == ANSWERS_LABELS;
    case BEST_MAE:
    case BEST_RMSE:
    case BEST_R2: return kind == ANSWERS_NUMBERS;
    case BEST_PSNR: return kind == ANSWERS_NUMBERS && rank > 1;
    default: return false;
    }
}

/* What people look at first. */
static enum best_by usual(const struct session *s)
{
    static const enum best_by all[] = {BEST_MEAN_IOU, BEST_ACCURACY, BEST_F1};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (is_known(s, all[i]))
            return all[i];
    return BEST_LOSS;
}

static int say_unknown(const struct session *s, enum best_by by)
{
    char known[128] = "";
    for (size_t i = BEST_LOSS; i < MEASURES; i++)
        if (is_known(s, (enum best_by)i))
            snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s", known[0] != '\0' ? ", " : "",
                     measures[i].name);
    return say_failed("--best-by %s: a test of these data with %s does not measure it; it measures %s",
                      measures[by].name, tenka_loss_name(s->loss), known);
}

/* ---- The note of a checkpoint ---- */

static void write_note(struct training *t)
{
    const struct best *const b = &t->best;
    snprintf(t->run.note, sizeof(t->run.note), "best %s %.17g %" PRIu32 " %" PRIu32 " %" PRIu64, measures[b->by].name,
             b->value, b->epoch, b->since, b->step);
}

/* "": the run before was asked for nothing. */
static int read_note(struct training *t)
{
    struct best *const b = &t->best;
    const char *const resume = t->session.options->resume;
    char name[16];
    struct best found = *b;
    if (t->run.note[0] == '\0')
        return EXIT_CODE_OK;
    /* Older versions tested whole epochs alone, and had no step. */
    if (sscanf(t->run.note, "best %15s %lf %" SCNu32 " %" SCNu32 " %" SCNu64, name, &found.value, &found.epoch,
               &found.since, &found.step) < 4)
        return say_failed("%s: the checkpoint is damaged: its note is not one of 'tenka train'", resume);
    if (strcmp(name, measures[b->by].name) != 0)
        return say_failed("%s: the run has looked for its best by %s, and not by %s; give --best-by %s", resume, name,
                          measures[b->by].name, name);
    *b = found;
    return EXIT_CODE_OK;
}

int best_open(struct training *t)
{
    const struct session *const s = &t->session;
    const struct options *const o = s->options;
    if (!is_asked_for(o))
        return EXIT_CODE_OK;
    if (s->test_data == NULL)
        return say_failed("%s looks at tests, and %s has no test half; --split 0.2 would keep a part for that",
                          o->best_file != NULL ? "--best" : "--patience", s->data_dir);
    t->best = (struct best){.by = o->best_by == BEST_USUAL ? usual(s) : o->best_by, .value = (double)NAN};
    return is_known(s, t->best.by) ? EXIT_CODE_OK : say_unknown(s, t->best.by);
}

int best_resumed(struct training *t)
{
    return is_asked_for(t->session.options) ? read_note(t) : EXIT_CODE_OK;
}

bool best_wants_answers(const struct training *t)
{
    return t->best.by == BEST_F1;
}

/* ---- Tests ---- */

/* A number is better than none. */
static bool is_better(const struct best *b, double value)
{
    if (isnan(value) || isnan(b->value))
        return !isnan(value);
    return measures[b->by].least ? value < b->value : value > b->value;
}

int best_take(struct training *t, const struct epoch_result *result)
{
    struct best *const b = &t->best;
    double value;
    if (!is_asked_for(t->session.options))
        return EXIT_CODE_OK;
    memcpy(&value, (const char *)&result->test + measures[b->by].at, sizeof(value));
    b->now = is_better(b, value);
    b->since = b->now ? 0 : b->since + 1;
    if (b->now) {
        b->value = value;
        b->epoch = result->epoch + 1;
        b->step = result->step;
    }
    write_note(t);
    return b->now && t->session.options->best_file != NULL ? rescue_best(t) : EXIT_CODE_OK;
}

bool best_is_over(const struct training *t)
{
    const uint32_t patience = t->session.options->patience;
    return patience > 0 && t->best.since >= patience;
}

/* ---- The end ---- */

/* "accuracy 91.20 % of epoch 7", or "of step 500" */
static const char *best_text(const struct best *b, char out[static 96])
{
    const struct measure *const m = &measures[b->by];
    char number[32];
    snprintf(out, 96, "%s %s of %s %" PRIu64, m->name, say_number(number, m->format, m->times * b->value),
             b->step > 0 ? "step" : "epoch", b->step > 0 ? b->step : b->epoch);
    return out;
}

void best_tell(const struct training *t, char out[static 96])
{
    out[0] = '\0';
    if (is_asked_for(t->session.options) && !isnan(t->best.value))
        best_text(&t->best, out);
}

void best_say(const struct training *t)
{
    const struct options *const o = t->session.options;
    const struct best *const b = &t->best;
    char text[96];
    if (best_is_over(t) && t->run.epoch < o->epochs)
        say_notice(o, "%" PRIu32 " test%s in a row %s not better than %s, so that --patience %" PRIu32 " ends the run",
                   b->since, plural(b->since), b->since == 1 ? "was" : "were",
                   isnan(b->value) ? "none at all" : best_text(b, text), o->patience);
    if (o->best_file == NULL)
        return;
    if (isnan(b->value))
        say_warning("no test has given a number for %s, so that --best %s was not written", measures[b->by].name,
                    o->best_file);
    else if (!o->quiet)
        print_text(stdout, "best     %s: %s\n", o->best_file, best_text(b, text));
}
