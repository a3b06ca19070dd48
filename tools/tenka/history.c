#define _POSIX_C_SOURCE 200809L
#include "history.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool history_add_point(struct history *h, const struct history_point *point)
{
    if (!room_take(&h->points, &h->points_room, h->n_points + 1, sizeof(h->points[0])))
        return false;
    h->points[h->n_points++] = *point;
    return true;
}

bool history_add_epoch(struct history *h, const struct epoch_result *epoch)
{
    if (!room_take(&h->epochs, &h->epochs_room, h->n_epochs + 1, sizeof(h->epochs[0])))
        return false;
    h->epochs[h->n_epochs++] = *epoch;
    return true;
}

void history_free(struct history *h)
{
    free(h->points);
    free(h->epochs);
    *h = (struct history){.points = NULL};
}

/* ---- Lines ---- */

/* Digits with which a double reads back as it is. */
#define EXACT "%.17g"
#define EPOCH_NUMBERS 14
#define EPOCH "epoch " /* begins the line of one */

static void epoch_numbers(struct epoch_result *e, double *out[EPOCH_NUMBERS])
{
    double *const all[EPOCH_NUMBERS] = {
        &e->train_loss,      &e->train_seconds,     &e->images_per_second, &e->test.loss,
        &e->test.accuracy,   &e->test.seconds,      &e->test.f1,           &e->test.mean_iou,
        &e->test.exact,      &e->test.top_accuracy, &e->test.numbers.mae,  &e->test.numbers.rmse,
        &e->test.numbers.r2, &e->test.numbers.psnr,
    };
    memcpy(out, all, sizeof(all));
}

/* "epoch" and the numbers, or "test", how far it came, and the numbers. */
static void write_epoch(struct epoch_result e, FILE *file)
{
    double *numbers[EPOCH_NUMBERS];
    epoch_numbers(&e, numbers);
    if (e.step > 0)
        fprintf(file, "test %" PRIu64 " " EXACT " ", e.step, e.epochs);
    else
        fputs(EPOCH, file);
    fprintf(file, "%" PRIu32 " %" PRIu64, e.epoch, e.test.images);
    for (size_t k = 0; k < EPOCH_NUMBERS; k++)
        fprintf(file, " " EXACT, *numbers[k]);
    fputc('\n', file);
}

void history_write(const struct history *h, double seconds, FILE *file)
{
    fprintf(file, "%s\nbegins %" PRIu64 "\nseconds " EXACT "\n", HISTORY_BEGIN, h->begins, h->seconds + seconds);
    for (size_t i = 0; i < h->n_points; i++)
        fprintf(file, "step %" PRIu64 " " EXACT " " EXACT "\n", h->points[i].step, h->points[i].loss, h->points[i].lr);
    for (size_t i = 0; i < h->n_epochs; i++)
        write_epoch(h->epochs[i], file);
    fputs(HISTORY_END "\n", file);
}

static bool read_epoch(const char *line, struct epoch_result *out)
{
    double *numbers[EPOCH_NUMBERS];
    int used = 0;
    *out = (struct epoch_result){.test = evaluation_empty()};
    epoch_numbers(out, numbers);
    if (strncmp(line, EPOCH, strlen(EPOCH)) == 0)
        used = (int)strlen(EPOCH);
    else if (sscanf(line, "test %" SCNu64 " %lf %n", &out->step, &out->epochs, &used) != 2)
        return false;
    line += used;
    if (used == 0 || sscanf(line, "%" SCNu32 " %" SCNu64 "%n", &out->epoch, &out->test.images, &used) != 2)
        return false;
    line += used;
    if (out->step == 0)
        out->epochs = out->epoch + 1.0;
    for (size_t k = 0; k < EPOCH_NUMBERS; k++) {
        char *end;
        *numbers[k] = strtod(line, &end);
        if (end == line)
            return false;
        line = end;
    }
    return true;
}

/* Later steps and epochs are passed over. False: no line of a history, or no memory. */
static bool take_line(struct history *h, const char *line, uint64_t epochs, uint64_t steps)
{
    struct history_point point;
    struct epoch_result epoch;
    if (sscanf(line, "begins %" SCNu64, &h->begins) == 1 || sscanf(line, "seconds %lf", &h->seconds) == 1)
        return true;
    if (sscanf(line, "step %" SCNu64 " %lf %lf", &point.step, &point.loss, &point.lr) == 3)
        return point.step >= steps || history_add_point(h, &point);
    if (!read_epoch(line, &epoch))
        return false;
    return (epoch.step > 0 ? epoch.step >= steps : epoch.epoch >= epochs) || history_add_epoch(h, &epoch);
}

static bool read_lines(struct history *h, FILE *file, uint64_t epochs, uint64_t steps)
{
    char *line = NULL;
    size_t room = 0;
    bool inside = false, whole = false;
    while (!whole && getline(&line, &room, file) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (!inside)
            inside = strcmp(line, HISTORY_BEGIN) == 0;
        else if (strcmp(line, HISTORY_END) == 0)
            whole = true;
        else if (!take_line(h, line, epochs, steps))
            break;
    }
    free(line);
    return whole;
}

int history_read(struct history *h, const char *path, uint64_t epochs, uint64_t steps)
{
    FILE *const file = fopen(path, "r");
    if (file == NULL && errno != ENOENT)
        return say_failed("cannot go on with the report %s: %s", path, strerror(errno));
    h->begins = steps;
    if (file == NULL)
        return EXIT_CODE_OK;
    const bool good = read_lines(h, file, epochs, steps);
    fclose(file);
    return good ? EXIT_CODE_OK
                : say_failed("cannot go on with the report %s: it is no report of 'tenka train'; name another file",
                             path);
}
