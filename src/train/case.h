/*
 * Reference cases (schema 1): a JSON file that holds a network, its input and weights, and what
 * another implementation computed. This side reads the file and builds the network; verify.c runs
 * it and compares.
 */
#ifndef MYE_CASE_H
#define MYE_CASE_H

#include <jansson.h>

#include "net/graph.h"
#include "net/run.h"

/* A tensor of the file as doubles, outside layout. */
typedef struct mye_case_tensor {
    int rank;
    int64_t dim[8], count;
    double *data;
} mye_case_tensor;

typedef enum mye_case_layout { MYE_CASE_TB, MYE_CASE_B, MYE_CASE_BT } mye_case_layout;

typedef struct mye_case {
    mye_context *ctx;
    json_t *root;
    const char *path, *name;
    int T, B, classes;
    mye_case_layout layout;
    float *input;   /* engine layout [steps][B][H][W][C] */
    int32_t *label; /* [B] */
    double rtol, atol;
} mye_case;

mye_status mye_case_open(mye_context *ctx, const char *path, mye_case *out, mye_error *err);
void mye_case_close(mye_case *c);

/* A model of the case's graph with its weights; `run` is the top level or one entry of `also`,
 * which may override neuron settings. MYE_ERR_UNSUPPORTED where this build has no such thing. */
mye_status mye_case_model(const mye_case *c, const json_t *run, mye_model **out, mye_error *err);
/* Texts of the time rule and the loss method. */
mye_status mye_case_rule(const mye_case *c, const json_t *run, char *time, char *loss, size_t size,
                         mye_error *err);
/* Reads {"shape":[...],"data":[...]} or a number; free data with mye_free. */
mye_status mye_case_tensor_read(const mye_case *c, const char *what, const json_t *value,
                                mye_case_tensor *out, mye_error *err);
/* Index within a sample: position i of outside order [C][H][W] in storage order [H][W][C]. */
int64_t mye_case_stored(mye_shape s, int64_t i);
/* "graph" node of that name, or NULL. */
const json_t *mye_case_node(const mye_case *c, const char *name);

#endif
