/* The driver's inner parts: one op of a neuron node, shared by the general way (neuron.c) and the
 * fused one (fused.c). */
#ifndef MYE_NEURON_PARTS_H
#define MYE_NEURON_PARTS_H

#include "neuron/neuron.h"
#include "node/batchnorm.h"

typedef struct shard_sum {
    int64_t spikes;
    double param[MYE_NEURON_MAX_PARAM];
    double *norm; /* [3][C], see neuron_op.norm_sum */
} shard_sum;

/* One forward or backward of a node. */
typedef struct neuron_op neuron_op;
struct neuron_op {
    const mye_node *n;
    mye_pass *p;
    mye_value *v;
    const mye_neuron_type *type;
    mye_neuron_chunk chunk; /* pattern for all chunks: k, node, coef, smooth */
    mye_chunks chunks;
    int items_per_shard, n_shards;
    int t0, t1;
    int rate_mode;
    double decay, gain;  /* rate-based: see rate_coef */
    const float *e;      /* backward_rate */
    shard_sum *sum;      /* [n_shards] */
    bool fused;          /* type->fuse says so; then: */
    mye_lif_steps steps; /* pattern for all chunks: coefficients, surrogate */
    const mye_node
        *norm;        /* batch norm in front whose scale and shift the kernel applies, or NULL */
    double *norm_sum; /* [n_shards][3][C] for norm's backward pass, or NULL */
    void (*run)(const neuron_op *op, int b, int chunk, mye_lane *lane, shard_sum *sum);
};

static inline float *mye_take_floats(mye_lane *lane, int64_t n)
{
    return mye_lane_take(lane, (size_t)n * sizeof(float));
}

/* ---- mean.c ---- */

/* neuron_op.run of neurons that are learned on means over the steps. */
void mye_mean_backward(const neuron_op *op, int b, int chunk, mye_lane *lane, shard_sum *sum);

/* ---- fused.c ---- */

/* The batch norm whose scale and shift the fused passes apply to n's input, or NULL. */
const mye_node *mye_fused_norm(const mye_node *n, const mye_pass *p);
/* Does a backward op fill the sums of that batch norm? Steps [t0, t1). */
bool mye_fused_sums(const mye_node *n, const mye_pass *p, int t0, int t1);
size_t mye_fused_lane_bytes(const mye_node *n, const mye_pass *p, int64_t chunk, mye_op op);
/* neuron_op.run */
void mye_fused_forward(const neuron_op *op, int b, int chunk, mye_lane *lane, shard_sum *sum);
void mye_fused_backward(const neuron_op *op, int b, int chunk, mye_lane *lane, shard_sum *sum);
void mye_fused_backward_rate(const neuron_op *op, int b, int chunk, mye_lane *lane, shard_sum *sum);
/* Adds up op->norm_sum and hands it to batch norm. */
void mye_fused_sums_end(const neuron_op *op);

#endif
