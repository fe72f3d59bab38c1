/* The moves of a rule that moves the weights within a step: see case_moves.h. */
#include "train/case_moves.h"

#include <stdio.h>
#include <string.h>

static void move(void *self, int module)
{
    MYE_UNUSED(module); /* all of them */
    mye_case_moves *m = self;
    const size_t n = m->model->n_params;
    if (m->t < m->T)
        memcpy(m->grad + (size_t)m->t * n, m->model->grad, n * sizeof(float));
    mye_stepper_apply(m->stepper, 0);
    if (m->t < m->T)
        memcpy(m->weight + (size_t)m->t * n, m->model->param, n * sizeof(float));
    m->t++;
}

static mye_status optimiser(const mye_case *c, char *out, size_t size, mye_error *err)
{
    const json_t *o = json_object_get(c->root, "optimizer");
    const char *name = json_string_value(json_object_get(o, "name"));
    const json_t *lr = json_object_get(o, "lr"), *momentum = json_object_get(o, "momentum");
    char rate[32], share[32];
    if (name == NULL || strcmp(name, "sgd") != 0 || !json_is_number(lr) ||
        !json_is_number(momentum))
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "%s: a rule that moves the weights wants the optimizer 'sgd' with lr and "
                        "momentum, got '%s'",
                        c->path, name == NULL ? "(none)" : name);
    snprintf(out, size, "sgd:lr=%s,momentum=%s,weight_decay=0",
             mye_format_double(json_number_value(lr), rate, sizeof rate),
             mye_format_double(json_number_value(momentum), share, sizeof share));
    return MYE_OK;
}

mye_status mye_case_moves_begin(const mye_case *c, mye_model *model, mye_run *run,
                                mye_case_moves *out, mye_error *err)
{
    char step[128];
    const size_t floats = (size_t)c->T * model->n_params;
    *out = (mye_case_moves){.ctx = c->ctx, .model = model, .T = c->T};
    if (!mye_run_moves(run))
        return MYE_OK;
    MYE_TRY(optimiser(c, step, sizeof step, err));
    MYE_TRY(mye_stepper_create(c->ctx, model, step, "constant", c->T, c->T, &out->stepper, err));
    out->grad = mye_alloc_array(c->ctx, floats, sizeof(float));
    out->weight = mye_alloc_array(c->ctx, floats, sizeof(float));
    if (out->grad == NULL || out->weight == NULL)
        return mye_no_memory(err, floats * sizeof(float), "the moves of a reference case");
    mye_run_set_move(run, move, out);
    return MYE_OK;
}

void mye_case_moves_end(mye_case_moves *m)
{
    mye_stepper_free(m->stepper);
    mye_free(m->ctx, m->grad);
    mye_free(m->ctx, m->weight);
}
