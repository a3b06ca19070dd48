/* Everything of Tenka. */
#ifndef TENKA_TENKA_H
#define TENKA_TENKA_H

#include "tenka/array.h"
#include "tenka/bench.h"
#include "tenka/contents.h"
#include "tenka/context.h"
#include "tenka/data.h"
#include "tenka/events.h"
#include "tenka/image.h"
#include "tenka/io.h"
#include "tenka/loss.h"
#include "tenka/memory.h"
#include "tenka/metrics.h"
#include "tenka/nn.h"
#include "tenka/optim.h"
#include "tenka/profile.h"
#include "tenka/schedule.h"
#include "tenka/tensor.h"
#include "tenka/train.h"
#include "tenka/transform.h"
#include "tenka/verify.h"

#endif
