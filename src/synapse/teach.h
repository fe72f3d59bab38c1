/* Inside of teaching a group: one run of it. */
#ifndef MYE_TEACH_H
#define MYE_TEACH_H

#include "synapse/group.h"

#define MYE_PIECE 16 /* patterns of a batch that one shard looks at */

typedef struct mye_teaching {
    mye_synapse *s;
    const mye_patterns *set;
    const mye_aims *aims;
    mye_courses courses;
    mye_desks desks;
    int64_t n, epoch;
    double lambda;
    int64_t *order;    /* [threads][n], with batches [n]                      */
    int64_t *wrong;    /* [neurons][pieces]                                   */
    int64_t *near;     /* the same                                            */
    int64_t begin;     /* of the batch                                        */
    int size, pieces;  /* of it; of the largest                               */
    double *direction; /* [neurons][pieces][units], batches only              */
    bool *moved;       /* [neurons][pieces] is there any                      */
} mye_teaching;

mye_pupil mye_group_pupil(const mye_synapse *s, int m);
/* An epoch in which each neuron moves after every pattern, or after every batch. Failures are the
 * desks'; a cancelled context ends it early. */
void mye_teach_neurons(mye_teaching *t);
void mye_teach_batches(mye_teaching *t);

#endif
