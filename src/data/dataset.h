/* Datasets as loaders see them. */
#ifndef TENKA_DATA_DATASET_H
#define TENKA_DATA_DATASET_H

#include "tenka/data.h"

/* Keeps the images and labels alive until a tenka_dataset_destroy of its own. */
tenka_dataset *tenka_dataset_hold(const tenka_dataset *dataset);

#endif
