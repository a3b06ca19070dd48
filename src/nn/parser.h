/* Inside of the parser of networks: a place in the text, and what its parts read from there. */
#ifndef TENKA_NN_PARSER_H
#define TENKA_NN_PARSER_H

#include "nn/layer.h"

struct tenka_parser {
    tenka_ctx *ctx;
    struct tenka_error *err;
    const char *text, *at;
    int depth, layers;
    uint64_t elements, max_elements;
};

/* The sentence, with line and column of at, as E_FORMAT. */
tenka_status tenka_parse_fail(const struct tenka_parser *p, const char *at, const char *sentence);
/* Says what stands at p->at instead of what was expected. */
tenka_status tenka_parse_fail_expected(const struct tenka_parser *p, const char *expected);

/* A character, with the spaces around it. */
tenka_status tenka_parse_expect(struct tenka_parser *p, char c, const char *expected);
tenka_status tenka_parse_word(struct tenka_parser *p, const char *expected, char word[TENKA_MAX_LAYER_NAME]);
/* "Conv2d" of nn.Conv2d */
tenka_status tenka_parse_class(struct tenka_parser *p, char word[TENKA_MAX_LAYER_NAME]);
/* "(name): " before a layer; name is "" when there is none. */
tenka_status tenka_parse_child_name(struct tenka_parser *p, char name[TENKA_MAX_LAYER_NAME]);
/* Arguments up to the closing parenthesis, which stays. */
tenka_status tenka_parse_arguments(struct tenka_parser *p, const struct tenka_layer_type *type,
                                   struct tenka_layer_values *values);

/* Names in Python may have any letter; those beyond ASCII begin with a high byte. */
static inline bool tenka_parse_is_letter(char c)
{
    return (unsigned char)c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static inline bool tenka_parse_is_word(char c)
{
    return tenka_parse_is_letter(c) || (c >= '0' && c <= '9');
}

static inline void tenka_parse_skip_space(struct tenka_parser *p)
{
    p->at += strspn(p->at, " \t\r\n");
}

#endif
