/* What the three parts of `verify` share: verify.c runs a case, verify_weights.c compares what belongs
 * to the whole run and to weights, verify_nodes.c what belongs to single nodes. */
#ifndef MYE_VERIFY_PARTS_H
#define MYE_VERIFY_PARTS_H

#include "myelin/verify.h"
#include "net/run_internal.h"
#include "train/case.h"
#include "train/case_moves.h"

#define MYE_VERIFY_ITEMS 1024

/* What the probe saw of one spiking node, by kind: [T][B][n] of spikes and membranes, [B][n] of the
 * others, storage order; of backward spikes how many there were. */
typedef struct mye_seen {
    float *of[MYE_PROBE_KINDS];
    int backward_steps;
} mye_seen;

typedef struct mye_verifier {
    mye_context *ctx;
    const mye_case *c;
    mye_model *model;
    mye_run *run;
    mye_step_result step;
    mye_case_moves moves;
    mye_seen *seen;   /* [n_nodes] */
    const float *row; /* of all parameters, at the move that is compared */
    double rtol, atol;
    mye_verify_result *out;
} mye_verifier;

/* Where entry i of the reference is in what we computed. */
typedef double (*mye_verify_entry)(const mye_verifier *v, const void *self, int64_t i);

/* Compares `count` numbers with the reference tensor; adds a line to the result, and the relative
 * error to *worst. */
mye_status mye_verify_compare(mye_verifier *v, const char *what, const char *name,
                              const json_t *reference, mye_verify_entry get, const void *self,
                              int64_t count, double *worst, mye_error *err);

/* self: floats in the order of the reference */
double mye_verify_float(const mye_verifier *v, const void *self, int64_t i);

/* Rows of one node's value in outside order. */
typedef struct mye_verify_rows {
    mye_shape shape;
    const float *data;
} mye_verify_rows;

double mye_verify_row(const mye_verifier *v, const void *self, int64_t i);

/* One quantity of the format; `e` is its entry in `expect`, `ref` the reference. */
typedef struct mye_quantity {
    const char *name;
    mye_status (*check)(mye_verifier *v, const json_t *e, const json_t *ref, mye_error *err);
} mye_quantity;
/* NULL names end the lists. */
extern const mye_quantity mye_quantities_of_weights[], mye_quantities_of_nodes[];

#endif
