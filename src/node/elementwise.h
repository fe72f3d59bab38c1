/*
 * Elementwise nodes: what add, batch norm, dropout, flatten, identity, readout and scale share.
 * Their backward passes walk over chunks; a chunk's steps are visited downwards, as mye_grad_put
 * wants it, and the shards depend on sizes only.
 */
#ifndef MYE_ELEMENTWISE_H
#define MYE_ELEMENTWISE_H

#include "node/node.h"

#define MYE_CHUNK_FLOATS 8192 /* 32 KiB: a chunk, its gradient and a copy stay in the L2 cache */

/* One chunk of shard `shard`. `last`: at.t is the first step visited of this (b, i0). */
typedef void (*mye_chunk_fn)(void *arg, mye_at at, bool last, int shard, mye_lane *lane);

/* Calls fn for every chunk of steps [t0, t1) of a node's value (static: of its one step). */
void mye_each_chunk(const mye_node *n, const mye_pass *p, int t0, int t1, mye_chunk_fn fn,
                    void *arg);
/* How many shards mye_each_chunk uses, at most MYE_CHUNK_SHARDS. */
#define MYE_CHUNK_SHARDS 64
int mye_chunk_shards(const mye_node *n, const mye_pass *p, int t0, int t1);

mye_chunks mye_node_chunks(const mye_node *n);
/* Bytes of n floats or doubles in a lane or arena: rounded up to MYE_ALIGN. */
size_t mye_float_bytes(int64_t n);
size_t mye_double_bytes(int64_t n);

/* Where the gradient of n's k-th input for this chunk may be computed: its own place when nothing
 * is there to add to, else `buffer`. Ends with mye_grad_put. */
float *mye_grad_place(const mye_pass *p, const mye_node *n, int k, mye_at at, bool last,
                      float *buffer);

/* Nodes that hand every input their own gradient: load and backward. */
const float *mye_same_load(const mye_node *n, const mye_pass *p, mye_at at, float *dst,
                           mye_lane *lane);
void mye_same_backward(const mye_node *n, mye_pass *p, int t0, int t1);

/* The same size, and the same sense of a vector. */
bool mye_shape_same(mye_shape a, mye_shape b);

/* Calls fn for every image (t, b) of a span, in parallel. */
typedef void (*mye_image_fn)(void *arg, int t, int b, mye_lane *lane);
void mye_each_image(const mye_node *n, const mye_pass *p, int t0, int t1, mye_image_fn fn,
                    void *arg);

#endif
