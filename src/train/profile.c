/* How a trainer's layers are computed, and where its time goes. */
#include "neuron/neuron.h"
#include "train/trainer.h"

static bool multiplies(const mye_node *n)
{
    mye_ops ops = {0};
    if (n->type->count != NULL)
        n->type->count(n, &ops);
    return ops.macs > 0;
}

mye_status mye_trainer_make_ways(mye_trainer *t, mye_error *err)
{
    for (int i = 0; i < t->model->n_nodes; i++)
        t->n_ways += multiplies(t->model->node[i]);
    t->way = mye_alloc_array(t->ctx, (size_t)t->n_ways + 1, sizeof *t->way);
    if (t->way == NULL)
        return mye_no_memory(err, 0, "the list of layers");
    mye_trainer_read_ways(t);
    return MYE_OK;
}

static mye_layer_way way_of(const mye_run *run, int node)
{
    return (mye_layer_way){.layer = mye_run_model(run)->node[node]->name,
                           .forward = mye_run_way(run, node, MYE_CONV_FORWARD),
                           .data = mye_run_way(run, node, MYE_CONV_DATA),
                           .weight = mye_run_way(run, node, MYE_CONV_WEIGHT)};
}

void mye_trainer_read_ways(mye_trainer *t)
{
    int n = 0;
    for (int i = 0; i < t->model->n_nodes; i++)
        if (multiplies(t->model->node[i]))
            t->way[n++] =
                way_of(t->pipeline != NULL ? mye_pipeline_run(t->pipeline, i) : t->run, i);
}

/* Thousand million operations of a node's passes for `images` training samples. */
static void count_work(mye_run *run, const mye_node *n, double images, mye_profile_row *row)
{
    mye_ops ops = {0};
    if (n->type->count != NULL)
        n->type->count(n, &ops);
    const double once = 2e-9 * ops.macs * images;
    const double steps = n->is_static ? 1 : mye_run_asked(run)->T;
    const bool training = mye_run_asked(run)->training;
    const double back = !training ? 0 : mye_run_rate_pass(run) != NULL ? 1 : steps;
    const mye_model *model = mye_run_model(run);
    row->forward_gflop = once * steps;
    row->weight_gflop = once * back;
    row->data_gflop = n->n_in > 0 && model->node[n->in[0]]->needs_grad ? once * back : 0;
}

int mye_profile_rows(mye_run *run, double images, mye_profile_row *row)
{
    const mye_model *model = mye_run_model(run);
    for (int i = 0; i < model->n_nodes; i++) {
        const mye_node *n = model->node[i];
        row[i] =
            (mye_profile_row){.node = n->name,
                              .op = n->neuron != NULL ? n->neuron->entry.name : n->type->entry.name,
                              .forward_s = mye_run_spent(run, i, 0),
                              .backward_s = mye_run_spent(run, i, 1),
                              .weight_s = mye_run_spent(run, i, 2),
                              .way = way_of(run, i)};
        count_work(run, n, images, &row[i]);
    }
    return model->n_nodes;
}

int mye_trainer_profile(const mye_trainer *t, mye_profile_row *row)
{
    return mye_profile_rows(t->run, (double)t->session_images, row);
}
