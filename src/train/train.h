/* What the files of src/train share: trainer, evaluation, classifier, run folder, checkpoint. */
#ifndef MYE_TRAIN_INTERNAL_H
#define MYE_TRAIN_INTERNAL_H

#include "base/base.h"
#include "data/data.h"
#include "myelin/train.h"
#include "net/graph.h"
#include "net/run.h"
#include "sample/sample.h"
#include "step/step.h"

/* ---- config_train.c ---- */

/* Is `net` a YAML file (as opposed to notation or a builder)? */
bool mye_config_net_is_file(const char *net);
/* As mye_config_read, from text. */
mye_status mye_config_parse(mye_context *ctx, mye_config *config, const char *source,
                            const char *text, mye_error *err);

#endif
