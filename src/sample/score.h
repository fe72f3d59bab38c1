/* What stands for the norm of a sample's gradient: the scores that policies choose from. */
#ifndef MYE_SAMPLE_SCORE_H
#define MYE_SAMPLE_SCORE_H

#include "sample/sample.h"

/*
 * out      norm of the gradient of the layers that losses read: for a network's dense readout
 *          |e| sqrt(1 + |r|^2) with the mean r of its input (data_pruning.md D), summed in squares over
 *          the modules of a depth rule (section 5)
 * delta    the same of all dense and convolution layers (section 3.5)
 * count    |e| sqrt(1 + spikes), of all neurons of the network
 * el2n     |e|, the norm of the error: sum over steps of |dl/d(output)|
 * loss     the sample's own loss
 * uniform  1
 */
#define MYE_SCORES "out|delta|count|el2n|loss|uniform"
typedef enum mye_score {
    MYE_SCORE_OUT,
    MYE_SCORE_DELTA,
    MYE_SCORE_COUNT,
    MYE_SCORE_EL2N,
    MYE_SCORE_LOSS,
    MYE_SCORE_UNIFORM
} mye_score;

unsigned mye_score_tells(mye_score which); /* MYE_TELL_... that it is made of */
/* Of sample b, at least 0. */
float mye_score_of(mye_score which, const mye_told *told, int b);

#endif
