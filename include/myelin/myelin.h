/* Everything that libmyelin offers. */
#ifndef MYELIN_MYELIN_H
#define MYELIN_MYELIN_H

#include "myelin/bench.h"
#include "myelin/bench_layer.h"
#include "myelin/context.h"
#include "myelin/convert.h"
#include "myelin/data.h"
#include "myelin/error.h"
#include "myelin/experiment.h"
#include "myelin/network.h"
#include "myelin/patterns.h"
#include "myelin/plan.h"
#include "myelin/registry.h"
#include "myelin/synapse.h"
#include "myelin/train.h"
#include "myelin/verify.h"

#ifdef __cplusplus
extern "C" {
#endif

/* "0.1.0" */
MYE_API const char *mye_version(void);
/* Optional parts and whether this build has them: "png", "jpeg", ...; name NULL after the last. */
typedef struct mye_feature {
    const char *name;
    bool present;
} mye_feature;
MYE_API const mye_feature *mye_features(void);

#ifdef __cplusplus
}
#endif
#endif
