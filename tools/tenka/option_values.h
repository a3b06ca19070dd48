/* What the values of options mean. Where a text is no such value, say_misuse says the sentence and leaves with
 * EXIT_CODE_USAGE; option is the one that the sentence names. */
#ifndef TENKA_TOOL_OPTION_VALUES_H
#define TENKA_TOOL_OPTION_VALUES_H

#include <argp.h>

#include "tenka.h"

#define MAX_COUNT 1000000000u

/* low and high included. */
uint64_t whole_number(struct argp_state *state, const char *option, const char *text, uint64_t low, uint64_t high);
/* From 1 to MAX_COUNT. */
uint32_t count_number(struct argp_state *state, const char *option, const char *text);
/* From 0 to high. */
double real_number(struct argp_state *state, const char *option, const char *text, double high);
/* "1,28,28" */
struct tenka_shape input_shape(struct argp_state *state, const char *text);
/* "32,100,1000" */
void batch_sizes(struct argp_state *state, const char *text, struct options *o);
/* "0.485,0.456,0.406"; positive: all above 0 */
struct number_list number_list(struct argp_state *state, const char *option, const char *text, bool positive);
/* "kernels,steps" as bits of enum bench_part */
unsigned bench_parts(struct argp_state *state, const char *text);
enum tenka_backend backend_value(struct argp_state *state, const char *text);
enum tenka_dropout_mask dropout_mask_value(struct argp_state *state, const char *text);
enum tenka_tune tune_value(struct argp_state *state, const char *text);
enum tenka_image_alpha alpha_value(struct argp_state *state, const char *text);
bool fit_is_crop(struct argp_state *state, const char *text);
/* text, which must not be empty */
const char *file_name(struct argp_state *state, const char *option, const char *text);
bool optimizer_is_sgd(struct argp_state *state, const char *text);

#endif
