/* What classifier.c and eval.c share. */
#ifndef MYE_CLASSIFIER_H
#define MYE_CLASSIFIER_H

#include "train/trained.h"

struct mye_classifier {
    mye_context *ctx;
    mye_trained net;
    mye_run *run;
    mye_normalise norm;
    float *image; /* [batch][C*H*W], normalised; NULL: the encoder wants pixels as they are */
    mye_infer_options options;
    const char **rate_name; /* [mye_rate_count] */
};

/* Of its runs: inference as it was opened. */
mye_run_options mye_classifier_run_options(const mye_classifier *c);

#endif
