/* Rules that give every module but the last an auxiliary network of its own: see cutter.h. */
#include "depth/cutter.h"

static mye_status end_last(mye_cutter *c, mye_error *err)
{
    const mye_head head = {.output = c->out->n - 1, .weight = 1};
    return mye_graph_end_module(c->out, &head, 1, err);
}

static mye_status add_module(mye_cutter *c, int k, int layer, mye_local_heads heads,
                             const void *self, mye_error *err)
{
    mye_head head[MYE_MODULE_MAX_HEADS];
    int n = 0;
    MYE_TRY(mye_cutter_copy(c, c->layer[layer].last, err));
    const int at = mye_cutter_branch(c, k, layer);
    const mye_status st = heads(self, c, k, layer, at, head, &n, err);
    mye_cutter_branch_end(c);
    return st == MYE_OK ? mye_graph_end_module(c->out, head, n, err) : st;
}

mye_status mye_local_extend(mye_cutter *c, int n_cut, int64_t modules, const char *rule,
                            mye_local_heads heads, const void *self, mye_error *err)
{
    if (modules > n_cut + 1)
        return mye_fail(err, MYE_ERR_ARG,
                        "depth rule '%s' can cut this network into at most %d modules, got "
                        "modules=%lld",
                        rule, n_cut + 1, (long long)modules);
    const int n = modules > 0 ? (int)modules - 1 : n_cut;
    for (int k = 0; k < n; k++)
        MYE_TRY(add_module(c, k, (k + 1) * n_cut / n - 1, heads, self, err));
    MYE_TRY(mye_cutter_copy(c, c->net->n_nodes - 1, err));
    return end_last(c, err);
}

mye_status mye_local_rule(const mye_model *net, mye_graph *out, int64_t modules, const char *rule,
                          mye_local_heads heads, const void *self, mye_error *err)
{
    mye_cutter c;
    mye_status st = mye_cutter_begin(&c, net, out, err);
    if (st == MYE_OK)
        st = mye_local_extend(&c, c.n - 1, modules, rule, heads, self, err);
    mye_cutter_end(&c);
    return st;
}
