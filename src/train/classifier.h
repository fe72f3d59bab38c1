/* What classifier.c and eval.c share. */
#ifndef MYE_CLASSIFIER_H
#define MYE_CLASSIFIER_H

#include "train/train.h"

struct mye_classifier {
    mye_context *ctx;
    mye_config config;
    mye_checkpoint_input about;
    mye_model *model;
    mye_run *run;
    mye_input input;
    mye_normalise norm;
    float *image; /* [batch][C*H*W], normalised; NULL: the encoder wants pixels as they are */
    mye_infer_options options;
    const char **rate_name; /* [mye_rate_count] */
};

/* Of its runs: inference as it was opened. */
mye_run_options mye_classifier_run_options(const mye_classifier *c);
/* Are samples of this data set what the classifier takes? (eval.c) */
mye_status mye_classifier_check(const mye_classifier *c, const mye_dataset_info *d, mye_error *err);

#endif
