/* Choosing levels: what levels.c and levels_run.c share. */
#ifndef MYE_LEVELS_H
#define MYE_LEVELS_H

#include "convert/count.h"

typedef struct mye_levels_outcome {
    double events, divergence; /* of an image                                      */
    double error;              /* mean over outputs: |mean output - ANN's output| */
} mye_levels_outcome;

typedef struct mye_levels {
    mye_conversion *c;
    int T, K;
    int64_t n;
    float *logit; /* [n][K] of the ANN */
    mye_snn *snn;
    float **theta;                    /* [layers] thresholds of the method */
    mye_levels_outcome base, *effect; /* [layers][TRIES] */
    double *factor;                   /* [layers] on the levels of the method */
    int *choice;                      /* [layers] */
    int round;

    const mye_look *look; /* at work */
    mye_count *count;
    float *sum; /* [batch][K] */
    mye_levels_outcome now;
} mye_levels;

/* The ANN's outputs of the images, into h->logit. */
mye_status mye_levels_run_ann(mye_levels *h, mye_error *err);
/* The spiking network with the thresholds that it has now. */
mye_status mye_levels_run(mye_levels *h, mye_levels_outcome *out, mye_error *err);

#endif
