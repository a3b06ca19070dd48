/* The course of a training, as a report shows it. It outlives the process in the report, whose page holds it as lines of
 * text: a run that is resumed reads them there. */
#ifndef TENKA_TOOL_HISTORY_H
#define TENKA_TOOL_HISTORY_H

#include "tenka.h"

/* A step whose loss was looked at. */
struct history_point {
    uint64_t step; /* from 0 */
    double loss, lr;
};

struct history {
    struct history_point *points;
    size_t n_points, points_room;
    struct epoch_result *epochs; /* and tests within them, in order */
    size_t n_epochs, epochs_room;
    uint64_t begins; /* the first step that it has: 0, unless a run was resumed without its earlier report */
    double seconds;  /* that earlier processes took */
};

/* False: no memory. */
bool history_add_point(struct history *h, const struct history_point *point);
bool history_add_epoch(struct history *h, const struct epoch_result *epoch);
void history_free(struct history *h);

/* The lines, between HISTORY_BEGIN and HISTORY_END on lines of their own. */
#define HISTORY_BEGIN "<script type=\"text/plain\" id=\"history\">"
#define HISTORY_END "</script>"
void history_write(const struct history *h, double seconds, FILE *file);
/* Reads what a report has of the steps before the given one and of as many epochs. Where there is no such file that is
 * where it begins. Says what went wrong: the file is no report. */
int history_read(struct history *h, const char *path, uint64_t epochs, uint64_t steps);

#endif
