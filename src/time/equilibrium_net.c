/* Which networks have a fixed point of rates, and what its nodes are to it: see equilibrium.h. */
#include "time/equilibrium.h"

#include "neuron/neuron.h"
#include "node/batchnorm.h"
#include "node/feedback.h"

#include <math.h>
#include <string.h>

/* ---- neurons ---- */

bool mye_eq_neuron_of(const mye_node *n, double *decay, double *amplitude)
{
    double coef[64];
    mye_lif_steps steps;
    const mye_neuron_type *type = n->neuron;
    if (type->fuse == NULL || type->prepare == NULL || type->coef_bytes > sizeof coef ||
        n->n_weights > 0)
        return false;
    type->prepare(n, coef);
    const mye_neuron_chunk chunk = {.node = n, .coef = coef};
    if (!type->fuse(&chunk, &steps))
        return false;
    *decay = (double)steps.lif->decay;
    *amplitude = (double)steps.lif->subtract;
    return !steps.lif->hard && !steps.lif->late && steps.lif->gain == 1.0f && *amplitude > 0;
}

/* ---- roles ---- */

static bool is_head(const mye_model *model, const mye_value *v, int i)
{
    return i > 0 && model->node[i]->neuron == NULL && !(v[i].role & MYE_EQ_INNER);
}

static void mark_inner(mye_value *v, const mye_node *n)
{
    if (n->neuron != NULL)
        v[n->index].role |= MYE_EQ_INNER;
    if (!(v[n->index].role & MYE_EQ_INNER))
        return;
    for (int k = 0; k < n->n_in; k++)
        v[n->in[k]].role |= MYE_EQ_INNER;
    if (mye_feedback_from(n) >= 0)
        v[mye_feedback_from(n)].role |= MYE_EQ_INNER;
}

static void mark_behind(const mye_model *model, mye_value *v, const mye_node *n)
{
    for (int k = 0; k < n->n_in; k++) {
        const int in = n->in[k];
        if (model->node[in]->neuron != NULL || (v[in].role & MYE_EQ_BEHIND))
            v[n->index].role |= MYE_EQ_BEHIND;
        if (n->neuron == NULL && n->type->load != NULL && (v[in].role & MYE_EQ_LATE))
            v[n->index].role |= MYE_EQ_LATE;
    }
    if (mye_feedback_from(n) >= 0)
        v[n->index].role |= MYE_EQ_BEHIND | MYE_EQ_LATE;
}

/* Is this layer's own value at the rates read by the head, by the gradient of a layer's weights, or
 * by another layer that is? Nodes behind it are marked already. */
static bool is_read(const mye_model *model, const mye_value *v, int i)
{
    if (is_head(model, v, i))
        return true;
    for (int r = i + 1; r < model->n_nodes; r++) {
        const mye_node *reader = model->node[r];
        if (reader->neuron == NULL && mye_model_reads(model, r, i) &&
            ((reader->type->flags & MYE_NODE_READS_INPUT) || (v[r].role & MYE_EQ_FORWARD)))
            return true;
    }
    return false;
}

void mye_eq_roles(const mye_model *model, mye_value *v)
{
    for (int i = 0; i < model->n_nodes; i++)
        v[i].role = 0;
    for (int round = 0; round < 2; round++) /* the second one for what feedback reads */
        for (int i = model->n_nodes - 1; i >= 0; i--)
            mark_inner(v, model->node[i]);
    for (int i = 0; i < model->n_nodes; i++)
        mark_behind(model, v, model->node[i]);
    for (int i = model->n_nodes - 1; i > 0; i--) {
        const mye_node *n = model->node[i];
        if (n->neuron == NULL && n->type->load == NULL && is_read(model, v, i))
            v[i].role |= MYE_EQ_FORWARD;
        for (int k = 0; k < n->n_in && is_head(model, v, i); k++)
            v[n->in[k]].role |= MYE_EQ_DRIVEN;
    }
}

/* ---- what is refused ---- */

static mye_status check_neuron(const char *rule, const mye_node *n, double *decay, mye_error *err)
{
    double own, amplitude;
    if (!mye_eq_neuron_of(n, &own, &amplitude))
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "time rule '%s' has no form for neuron '%s' (%s): it wants if or lif with "
                        "a soft reset and an input that is not decayed",
                        rule, n->name, n->neuron->entry.name);
    if (*decay >= 0 && own != *decay)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "time rule '%s' wants one decay for all neurons, got %g at '%s' and %g "
                        "before it",
                        rule, own, n->name, *decay);
    *decay = own;
    return MYE_OK;
}

/* Dropout with one mask for all steps is linear, and so is what is normalised once. */
static bool acts_linearly(const mye_node *n)
{
    char per_step[8] = "";
    const mye_entry *e = &n->type->entry;
    if ((n->type->flags & MYE_NODE_LINEAR) || n->n_in == 0)
        return true;
    if (n->type == &mye_node_batchnorm)
        return n->is_static;
    return strcmp(e->name, "dropout") == 0 &&
           mye_params_get(e->params, n->options, "per_step", per_step, sizeof per_step, NULL) ==
               MYE_OK &&
           strcmp(per_step, "false") == 0;
}

static mye_status check_layer(const char *rule, const mye_model *model, const mye_value *v,
                              const mye_node *n, mye_error *err)
{
    const char *op = n->type->entry.name;
    if (!acts_linearly(n))
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "time rule '%s' wants layers that are linear in the rates, got node '%s' "
                        "(%s)",
                        rule, n->name, op);
    if (mye_feedback_from(n) >= 0 && is_head(model, v, n->index))
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "time rule '%s' wants feedback to lead to neurons, got node '%s' (%s) "
                        "behind the last of them",
                        rule, n->name, op);
    for (int k = 0; k < n->n_in; k++) {
        const mye_node *in = model->node[n->in[k]];
        if ((v[in->index].role & MYE_EQ_LATE) &&
            (n->type->load == NULL || (n->type->flags & MYE_NODE_READS_INPUT)))
            return mye_fail(err, MYE_ERR_UNSUPPORTED,
                            "time rule '%s' wants feedback to lead straight to neurons, got node "
                            "'%s' (%s) behind it",
                            rule, n->name, op);
        if (is_head(model, v, n->index) && in->index > 0 && in->neuron == NULL &&
            !is_head(model, v, in->index))
            return mye_fail(err, MYE_ERR_UNSUPPORTED,
                            "time rule '%s' wants the layers behind the last neurons to read "
                            "neurons, got node '%s' (%s), which reads '%s' before them",
                            rule, n->name, op, in->name);
    }
    return MYE_OK;
}

static mye_status check_nodes(const char *rule, const mye_model *model, const mye_value *v,
                              mye_error *err)
{
    double decay = -1;
    for (int i = 0; i < model->n_nodes; i++) {
        const mye_node *n = model->node[i];
        MYE_TRY(n->neuron != NULL ? check_neuron(rule, n, &decay, err)
                                  : check_layer(rule, model, v, n, err));
    }
    if (decay < 0)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "time rule '%s' wants a network with neurons, got none", rule);
    return MYE_OK;
}

mye_status mye_eq_check(const char *rule, const mye_model *model, const mye_run_options *o,
                        mye_error *err)
{
    if (o->smooth)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "time rule '%s' counts spikes and has no smooth form, which a gradient "
                        "check by finite differences wants",
                        rule);
    if (o->rate_strength > 0)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "time rule '%s' has no place for the firing-rate term: it wants "
                        "rate_strength 0, got %g",
                        rule, o->rate_strength);
    const size_t bytes = (size_t)model->n_nodes * sizeof(mye_value);
    mye_value *v = mye_alloc(model->ctx, bytes);
    if (v == NULL)
        return mye_no_memory(err, bytes, "the roles of nodes");
    mye_eq_roles(model, v);
    const mye_status status = check_nodes(rule, model, v, err);
    mye_free(model->ctx, v);
    return status;
}
