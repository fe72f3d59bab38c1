/* qcfs: the lambda that a layer of QCFS activations has learned. */
#include "convert/balance.h"
#include "neuron/qcfs.h"

static mye_status thresholds(const void *options, const mye_balance_ask *ask, float *thmax,
                             mye_error *err)
{
    const mye_conversion *c = ask->conversion;
    const mye_node *n = c->folded->node[c->layer[ask->layer].node];
    const mye_weight *lambda = mye_node_find(n, "lambda");
    MYE_UNUSED(options);
    if (lambda == NULL)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "rule 'qcfs' takes the thresholds that qcfs activations have learned, and "
                        "'%s' is %s: train the network with --neuron qcfs, or use another rule",
                        n->name, n->neuron->entry.name);
    thmax[0] = lambda->data[0] > MYE_QCFS_LEAST ? lambda->data[0] : MYE_QCFS_LEAST;
    return MYE_OK;
}

extern const mye_balance mye_balance_qcfs;
const mye_balance mye_balance_qcfs = {
    .entry = {.name = "qcfs",
              .brief = "the lambda that QCFS activations have learned",
              .source = "Bu et al. 2022, ICLR"},
    .thresholds = thresholds,
    .one_for_layer = true,
};
