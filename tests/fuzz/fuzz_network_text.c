/* Networks from text: whatever the text, a status; and what was parsed prints as something that parses to the same. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "nn/layer.h"

#define MAX_ELEMENTS 10000

static void print_and_parse(tenka_ctx *ctx, const tenka_module *net)
{
    tenka_module *again;
    char *const first = tenka_module_text(net);
    fuzz_expect(tenka_nn_parse_limited(ctx, first, MAX_ELEMENTS, &again) == TENKA_OK, "printed text that parses");
    char *const second = tenka_module_text(again);
    fuzz_expect(strcmp(first, second) == 0, "the same text after parsing and printing again");
    tenka_text_free(first);
    tenka_text_free(second);
    tenka_module_destroy(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tenka_ctx *const ctx = fuzz_ctx();
    tenka_module *net;
    char *const text = malloc(size + 1);
    fuzz_expect(text != NULL, "memory");
    memcpy(text, data, size);
    text[size] = '\0';
    const tenka_status status = tenka_nn_parse_limited(ctx, text, MAX_ELEMENTS, &net);
    free(text);
    fuzz_expect((status == TENKA_OK) == (net != NULL), "a network exactly when the status is OK");
    fuzz_expect(status == TENKA_OK || tenka_last_error(ctx)[0] != '\0', "a sentence");
    if (net != NULL)
        print_and_parse(ctx, net);
    tenka_module_destroy(&net);
    return 0;
}
