/* A trial: a group of neurons learns the classes of one set and is tested on others. */
#ifndef MYE_TRIAL_H
#define MYE_TRIAL_H

#include "synapse/experiment_kind.h"
#include "synapse/readout_kind.h"

typedef struct mye_trial {
    mye_context *ctx;
    const mye_learn_options *learn;
    const char *readout;
    int each; /* neurons of a class; of all where the readout has them in common */
    uint64_t seed;
    const mye_callbacks *callbacks;
    /* after learning */
    mye_synapse *group;
    int classes, neurons;
    mye_synapse_result result;
} mye_trial;

/* Can what learns from one set be tested on the other? MYE_ERR_ARG: no. */
mye_status mye_trial_check(const mye_patterns *train, const mye_patterns *test, mye_error *err);
mye_status mye_trial_learn(mye_trial *t, const mye_patterns *set, mye_error *err);
/* Share of patterns told right; counts go to confusion [classes][classes] (NULL: nowhere). */
mye_status mye_trial_test(const mye_trial *t, const mye_patterns *set, double *accuracy,
                          double *confusion, mye_error *err);
void mye_trial_close(mye_trial *t);

#endif
