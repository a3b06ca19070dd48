#include "train/checkpoint_json.h"

#include <math.h>

#include "python/text.h"

json_t *tenka_json_of_real(double x)
{
    char text[TENKA_NUMBER_TEXT];
    return json_string(tenka_number_text(x, text));
}

bool tenka_json_whole(const json_t *object, const char *key, uint64_t most, uint64_t *out)
{
    const json_t *const value = json_object_get(object, key);
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *out = (uint64_t)json_integer_value(value);
    return *out <= most;
}

bool tenka_json_u32(const json_t *object, const char *key, uint32_t *out)
{
    uint64_t value;
    const bool good = tenka_json_whole(object, key, UINT32_MAX, &value);
    *out = good ? (uint32_t)value : 0;
    return good;
}

bool tenka_json_bool(const json_t *object, const char *key, bool *out)
{
    const json_t *const value = json_object_get(object, key);
    *out = json_is_true(value);
    return json_is_boolean(value);
}

bool tenka_json_real(const json_t *value, double *out)
{
    const char *const text = json_string_value(value);
    if (text == NULL)
        return false;
    const bool negative = text[0] == '-';
    if (strcmp(text + negative, "inf") == 0 || strcmp(text, "nan") == 0) {
        *out = text[negative] == 'n' ? (double)NAN : negative ? -(double)INFINITY : (double)INFINITY;
        return true;
    }
    const size_t length = tenka_number_read(text, out);
    return length > 0 && text[length] == '\0';
}
