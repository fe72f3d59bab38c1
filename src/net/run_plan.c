/* What a run would take, read off its dry execution. */
#include "net/rules.h"
#include "net/run_internal.h"

#include "neuron/neuron.h"

static void add_stays(const mye_run *run, mye_plan *plan)
{
    for (int i = 0; i < run->n_intervals; i++) {
        const mye_interval *x = &run->interval[i];
        if (x->node < 0)
            continue;
        const bool kept = run->boundary >= 0 && x->first < run->boundary &&
                          x->last >= run->boundary && x->slot != MYE_SLOT_GRAD &&
                          x->slot != MYE_SLOT_OUT && x->slot != MYE_SLOT_DOUT;
        mye_plan_row *row = &plan->row[x->node];
        if (kept)
            row->kept_bytes += x->bytes;
        else if (x->bytes > row->work_bytes)
            row->work_bytes = x->bytes;
    }
    for (int q = 0; q < run->n_passes; q++)
        for (int i = 0; i < run->model->n_nodes; i++) {
            const mye_pass *p = &run->pass[q]->pass;
            const mye_node *n = p->node[i];
            if (n->type->state_bytes != NULL && mye_run_has(run, i))
                plan->row[i].kept_bytes += n->type->state_bytes(n, p);
        }
}

/* Multiply-adds of a node in one step: forward, and in training backward weights and, but for the
 * first layer, backward data. Rules say how many steps go forward and backward. */
static double step_macs(const mye_run *run, const mye_node *n, double macs)
{
    const int T = run->options.T;
    const int forward = run->forward_steps > 0 ? run->forward_steps : T;
    const int backward = run->backward_steps > 0 ? run->backward_steps : T;
    const int first = run->module == &run->whole
                          ? 0
                          : run->model->module[run->model->node_module[n->index]].first;
    const bool hands_on =
        n->n_in > 0 && n->in[0] >= first && run->model->node[n->in[0]]->needs_grad;
    const int sides = !n->needs_grad ? 0 : hands_on ? 2 : 1;
    const mye_time_rule *rule = (const mye_time_rule *)run->time.entry;
    const int steps = (n->is_static ? 1 : forward) * (run->twice ? 2 : 1),
              back = n->is_static ? 1 : backward;
    if (run->options.training && rule->sweeps != NULL) /* data alone, again and again */
        return macs * run->options.B *
               (steps + 1 + (sides > 1 ? (double)rule->sweeps(run->time.options) : 0));
    return macs * run->options.B * (steps + (run->options.training ? back * sides : 0));
}

static void fill_rows(const mye_run *run, mye_plan *plan)
{
    const mye_model *model = run->model;
    for (int i = 0; i < model->n_nodes; i++) {
        const mye_node *n = model->node[i];
        mye_plan_row *row = &plan->row[i];
        mye_ops ops = {0};
        if (n->type->count != NULL)
            n->type->count(n, &ops);
        *row = (mye_plan_row){.node = n->name,
                              .op = n->neuron != NULL ? n->neuron->entry.name : n->type->entry.name,
                              .C = n->shape.c,
                              .H = n->shape.h,
                              .W = n->shape.w,
                              .macs = ops.macs,
                              .is_auxiliary = n->auxiliary};
        for (int k = 0; k < n->n_weights; k++)
            row->weight_bytes +=
                n->weight[k].count * sizeof(float) * (n->weight[k].trainable ? 2 : 1);
        const double macs = mye_run_works_on(run, i) ? step_macs(run, n, ops.macs) : 0;
        plan->macs += macs;
        plan->auxiliary_macs += n->auxiliary ? macs : 0;
    }
    add_stays(run, plan);
}

mye_status mye_run_count(mye_context *ctx, const mye_model *model, const mye_run_options *options,
                         mye_plan *plan, mye_error *err)
{
    *plan = (mye_plan){0};
    mye_run *run = NULL;
    mye_status status = mye_run_prepare(ctx, model, options, &run, err);
    if (status == MYE_OK) {
        plan->row = mye_alloc_array(ctx, (size_t)model->n_nodes, sizeof *plan->row);
        if (plan->row == NULL)
            status = mye_no_memory(err, (size_t)model->n_nodes * sizeof *plan->row, "a plan");
    }
    if (status == MYE_OK) {
        plan->n_rows = model->n_nodes;
        fill_rows(run, plan);
        const size_t lanes = (size_t)mye_context_threads(ctx) * run->lane_bytes;
        plan->arena_bytes = run->arena_bytes;
        plan->run_bytes = run->arena_bytes + run->state_bytes;
        plan->scratch_bytes = lanes;
        plan->packet_bytes = mye_run_border_bytes(run, true);
        plan->modules = run->n_modules;
        plan->per_step = run->pass[0]->pass.per_step;
        for (int i = 0; i < plan->n_rows; i++)
            plan->kept_bytes += plan->row[i].kept_bytes;
        const double steps = (double)mye_model_neurons(model) * options->T * options->B;
        plan->kept_per_neuron_step = steps > 0 ? (double)plan->kept_bytes / steps : 0;
    }
    mye_run_free(run);
    return status;
}
