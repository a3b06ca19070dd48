/* Numbers in the JSON of checkpoints. Real ones are strings, since JSON has no NaN. */
#ifndef TENKA_TRAIN_CHECKPOINT_JSON_H
#define TENKA_TRAIN_CHECKPOINT_JSON_H

#include <jansson.h>

#include "core/core.h"

json_t *tenka_json_of_real(double x);

/* False: it is missing, or no such number. */
bool tenka_json_whole(const json_t *object, const char *key, uint64_t most, uint64_t *out);
bool tenka_json_u32(const json_t *object, const char *key, uint32_t *out);
bool tenka_json_bool(const json_t *object, const char *key, bool *out);
bool tenka_json_real(const json_t *value, double *out);

#endif
