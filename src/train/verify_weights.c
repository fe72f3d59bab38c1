/* Comparisons of what belongs to the whole run, and of weights and their gradients. */
#include "train/verify_parts.h"

#include <string.h>

static double number_entry(const mye_verifier *v, const void *self, int64_t i)
{
    (void)v;
    return ((const double *)self)[i];
}

static double input_entry(const mye_verifier *v, const void *self, int64_t i)
{
    const mye_verify_rows *r = self;
    if (v->c->layout != MYE_CASE_BT)
        return mye_verify_row(v, self, i);
    const int64_t n = mye_shape_size(r->shape), T = v->c->T;
    const int64_t t = i % T, j = i / T;
    return (double)r->data[(t * v->c->B + j / n) * n + mye_case_stored(r->shape, j % n)];
}

/* ---- quantities ---- */

static mye_status check_loss(mye_verifier *v, const json_t *e, const json_t *ref, mye_error *err)
{
    (void)e;
    return mye_verify_compare(v, "loss", "", ref, number_entry, &v->step.loss, 1,
                              &v->out->worst_loss, err);
}

static mye_status check_output(mye_verifier *v, const json_t *e, const json_t *ref, mye_error *err)
{
    (void)e;
    const mye_value *out = &mye_run_pass(v->run)->value[v->model->output];
    return mye_verify_compare(v, "output", "", ref, mye_verify_float, out->out,
                              (int64_t)out->collected * v->c->B * v->run->K, &v->out->worst_output,
                              err);
}

static mye_status check_output_mean(mye_verifier *v, const json_t *e, const json_t *ref,
                                    mye_error *err)
{
    (void)e;
    return mye_verify_compare(v, "output_mean", "", ref, mye_verify_float, v->step.output,
                              (int64_t)v->c->B * v->run->K, &v->out->worst_output, err);
}

static mye_status check_grad_input(mye_verifier *v, const json_t *e, const json_t *ref,
                                   mye_error *err)
{
    (void)e;
    const mye_value *value = &mye_run_pass(v->run)->value[0];
    const mye_verify_rows r = {v->model->node[0]->shape, value->grad};
    if (value->grad == NULL)
        return mye_fail(err, MYE_ERR_UNSUPPORTED, "%s: the rule makes no gradient of the input",
                        v->c->path);
    return mye_verify_compare(v, "grad_input", "", ref, input_entry, &r,
                              (int64_t)value->steps * v->c->B * value->n, &v->out->worst_gradient,
                              err);
}

static bool listed(const json_t *list, const char *name)
{
    size_t i;
    const json_t *x;
    json_array_foreach(list, i, x)
    {
        if (json_is_string(x) && strcmp(json_string_value(x), name) == 0)
            return true;
    }
    return false;
}

/* Calls `check` for each weight (or buffer) of the model that the reference object holds. */
static mye_status
each_weight(mye_verifier *v, const json_t *e, const json_t *ref, const char *group,
            mye_status (*check)(mye_verifier *v, const mye_weight *w, const char *key,
                                const json_t *value, mye_error *err),
            mye_error *err)
{
    for (int i = 1; i < v->model->n_nodes; i++) {
        const json_t *node = mye_case_node(v->c, v->model->node[i]->name);
        const char *role;
        json_t *key, *map = json_object_get(node, group);
        json_object_foreach(map, role, key)
        {
            const char *name = json_string_value(key);
            const json_t *value = json_object_get(ref, name);
            if (value == NULL || listed(json_object_get(e, "except"), name))
                continue;
            MYE_TRY(check(v, mye_node_find(v->model->node[i], role), name, value, err));
        }
    }
    return MYE_OK;
}

static mye_status check_like_weight(mye_verifier *v, const mye_weight *w, const float *stored,
                                    const char *what, const char *key, const json_t *value,
                                    mye_error *err)
{
    float *outside = mye_alloc_array(v->ctx, w->count, sizeof(float));
    if (outside == NULL)
        return mye_no_memory(err, w->count * sizeof(float), key);
    mye_weight_export(w, stored, outside);
    const mye_status status = mye_verify_compare(v, what, key, value, mye_verify_float, outside,
                                                 (int64_t)w->count, &v->out->worst_gradient, err);
    mye_free(v->ctx, outside);
    return status;
}

static mye_status check_gradient(mye_verifier *v, const mye_weight *w, const char *key,
                                 const json_t *value, mye_error *err)
{
    return check_like_weight(v, w, w->grad, "grads", key, value, err);
}

static mye_status check_row(mye_verifier *v, const mye_weight *w, const char *key,
                            const json_t *value, mye_error *err)
{
    return check_like_weight(v, w, v->row + (w->data - v->model->param), "step", key, value, err);
}

static mye_status check_buffer(mye_verifier *v, const mye_weight *w, const char *key,
                               const json_t *value, mye_error *err)
{
    return mye_verify_compare(v, "buffers_after", key, value, mye_verify_float, w->data,
                              (int64_t)w->count, &v->out->worst_other, err);
}

static mye_status check_grads(mye_verifier *v, const json_t *e, const json_t *ref, mye_error *err)
{
    return each_weight(v, e, ref, "params", check_gradient, err);
}

/* A list over steps of objects by parameter: `block` has one row of all parameters for each. */
static mye_status check_moves(mye_verifier *v, const json_t *e, const json_t *ref,
                              const float *block, mye_error *err)
{
    size_t t;
    const json_t *step;
    if (json_array_size(ref) != (size_t)v->moves.t || block == NULL)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: %zu steps are listed, the rule moved %d times",
                        v->c->path, json_array_size(ref), v->moves.t);
    json_array_foreach(ref, t, step)
    {
        v->row = block + t * v->model->n_params;
        MYE_TRY(each_weight(v, e, step, "params", check_row, err));
    }
    return MYE_OK;
}

static mye_status check_grads_per_step(mye_verifier *v, const json_t *e, const json_t *ref,
                                       mye_error *err)
{
    return check_moves(v, e, ref, v->moves.grad, err);
}

static mye_status check_params_after_step(mye_verifier *v, const json_t *e, const json_t *ref,
                                          mye_error *err)
{
    return check_moves(v, e, ref, v->moves.weight, err);
}

static mye_status check_buffers(mye_verifier *v, const json_t *e, const json_t *ref, mye_error *err)
{
    return each_weight(v, e, ref, "buffers", check_buffer, err);
}

const mye_quantity mye_quantities_of_weights[] = {
    {"buffers_after", check_buffers},
    {"grad_input", check_grad_input},
    {"grads", check_grads},
    {"grads_per_step", check_grads_per_step},
    {"loss", check_loss},
    {"output", check_output},
    {"output_mean", check_output_mean},
    {"params_after_step", check_params_after_step},
    {NULL, NULL},
};
