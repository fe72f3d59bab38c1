/*
 * DFA: direct feedback alignment. The network is one module with the loss of its output; but behind
 * each block except the last stands a node (direct_feedback) that hands back, in place of the gradient,
 * the error of the output through fixed random weights:
 *
 *   dL/dh_b = e B_b,   e = dL/d(output),   B_b [classes][size of h_b], rows of length 1
 *
 * A block is a hidden layer and what follows it without multiplying by weights (pooling, batch norm).
 * Inside a block the gradient is exact, and so is it for the last block and the classifier. With T
 * steps each step has its own error; rules that learn on rates use the sum of the errors.
 *
 * The loss itself knows nothing of the feedback: of the same network, inference and saved files are
 * those of `global`.
 *
 * Source: Noekland, "Direct Feedback Alignment Provides Learning in Deep Neural Networks", NIPS 2016
 * (arXiv 1609.01596). Feedback behind blocks, and rows of length 1, are as in the study of CaFo with
 * blocks that learn (Przemyslaw11/BeyondBackpropagation).
 */
#include "depth/cutter.h"

mye_status mye_cutter_direct(mye_cutter *c, int layer, mye_error *err)
{
    const int end = mye_cutter_block_end(c, layer);
    MYE_TRY(mye_cutter_copy(c, end, err));
    mye_cutter_branch(c, layer, layer);
    const mye_status st = mye_graph_chain(c->out, "direct_feedback", &c->at[end], err, "classes=%d",
                                          mye_cutter_classes(c));
    mye_cutter_branch_end(c);
    return st;
}

static mye_status extend(const void *options, const mye_model *net, mye_graph *out, mye_error *err)
{
    mye_cutter c;
    MYE_UNUSED(options);
    mye_status st = mye_cutter_begin(&c, net, out, err);
    for (int k = 0; st == MYE_OK && k < c.n - 1; k++)
        st = mye_cutter_direct(&c, k, err);
    if (st == MYE_OK)
        st = mye_cutter_copy(&c, net->n_nodes - 1, err);
    const mye_head head = {.output = out->n - 1, .weight = 1};
    if (st == MYE_OK)
        st = mye_graph_end_module(out, &head, 1, err);
    mye_cutter_end(&c);
    return st;
}

const mye_depth_rule mye_depth_dfa = {
    .entry = {.name = "dfa",
              .brief = "direct feedback alignment: the output's error reaches blocks at random",
              .source = "Noekland 2016, NIPS, arXiv 1609.01596"},
    .extend = extend,
};
