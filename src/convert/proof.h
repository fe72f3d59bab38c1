/* Verification: what proof.c and proof_counts.c share. */
#ifndef MYE_PROOF_H
#define MYE_PROOF_H

#include "convert/grid.h"

typedef struct mye_proving {
    mye_conversion *c;
    const int *steps;
    int n_steps;
    int64_t width, *first; /* [layers] place of a layer in a row of counts          */
    int64_t images;        /* of a part at work                                     */
    float *sent;           /* [images][width] what the spiking network sent so far  */
    int32_t *count;        /* [n_steps][images][width] spike counts                 */
    int *answer;           /* [n_steps][images]                                     */
    float *sum;            /* [batch][K] outputs so far                              */
    int K;

    const mye_snn *snn; /* at work                      */
    const mye_look *look;
    mye_grid *grid; /* NULL: the network's own weights */
    int at;         /* place in steps                    */
    int64_t differ, classes;
    bool is_bounded; /* a count reached what one step can say at most */
} mye_proving;

/* For a look at the spiking network: keeps spike counts and answers at the steps of the list. */
mye_watch mye_proof_keep(mye_proving *v);
/* For a look that notes sums in v->grid alone. */
mye_watch mye_proof_see(mye_proving *v);
/* For a look at the quantised ANN: compares with those of v->at, into v->differ and v->classes. */
mye_watch mye_proof_compare(mye_proving *v);

#endif
