/* A report: one file of HTML with everything in it, which needs no network. Parts of the page are written to a stream. */
#ifndef TENKA_TOOL_REPORT_H
#define TENKA_TOOL_REPORT_H

#include "answers.h"
#include "history.h"

#define REPORT_WORST 24 /* mistakes that are shown */

struct report {
    const struct session *s;
    const struct history *history; /* NULL: of a test */
    bool range;                    /* it is that of a range test of the learning rate */
    const struct evaluation *test; /* of the network as it is now; NULL: it was not tested */
    const struct answers *answers; /* of that test; NULL: none */
    const char *state;             /* "finished" */
    double seconds;                /* that this process took */
    char best[96];                 /* "accuracy 91.20 % of epoch 7"; "": nobody looked */
};

/* Writes the page, which replaces an older one at once. Says what went wrong. */
int report_write(const struct report *r, const char *path);

/* ---- report_text.c ---- */

/* Text of a page: characters that mean something there are escaped, what is no text becomes U+FFFD. */
void html_text(FILE *file, const char *text);
void html_format(FILE *file, const char *format, ...) TENKA_PRINTF(2, 3);
/* <img> with the picture in it. A small one is enlarged by whole numbers without smoothing, to about so many wanted pixels
 * of its longer side. False: there was no memory. */
bool html_picture(FILE *file, tenka_ctx *ctx, const tenka_image *image, uint32_t wanted, const char *about);

/* ---- report_charts.c: the history as curves ---- */

void report_charts(const struct report *r, FILE *file);

/* ---- report_answers.c: the matrix, classes, mistakes ---- */

void report_answers(const struct report *r, FILE *file);

/* ---- report_network.c: layers, filters, the run's options ---- */

void report_network(const struct report *r, FILE *file);
void report_run(const struct report *r, FILE *file);

#endif
