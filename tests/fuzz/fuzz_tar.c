/* Archives with CIFAR in them, plain or compressed. */
#include <stdlib.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *const path = fuzz_file("file.tar", data, size);
    for (int train = 0; train < 2; train++) {
        tenka_dataset *dataset;
        const tenka_status status = tenka_dataset_load_cifar(fuzz_ctx(), path, train, &dataset);
        fuzz_expect((status == TENKA_OK) == (dataset != NULL), "a dataset, or none");
        fuzz_expect(status == TENKA_OK || tenka_last_error(fuzz_ctx())[0] != '\0', "a sentence");
        if (dataset != NULL)
            fuzz_expect(tenka_dataset_classes(dataset) > 0, "classes");
        tenka_dataset_destroy(&dataset);
    }
    return 0;
}
