/*
 * Values kept in half the bytes: a layer's float output becomes bfloat16 as soon as the last node
 * that reads it on the way forward has run; mye_load expands what the backward pass reads.
 */
#include "net/run_internal.h"

enum { SHARD_FLOATS = 1 << 15 };

/* The last node whose forward reads `node`; 0: none, or the value is an output of the network. */
static int last_forward_reader(const mye_model *model, int node)
{
    const mye_node *output = model->node[model->output];
    if (node == model->output ||
        (output->type->load != NULL && mye_model_reads(model, model->output, node)))
        return 0;
    int last = 0;
    for (int r = node + 1; r < model->n_nodes; r++)
        if (model->node[r]->type->forward != NULL && mye_model_reads(model, r, node))
            last = r;
    return last;
}

static bool backward_reads(const mye_model *model, int node)
{
    for (int r = node + 1; r < model->n_nodes; r++)
        if ((model->node[r]->type->flags & MYE_NODE_READS_INPUT) && mye_model_reads(model, r, node))
            return true;
    return false;
}

void mye_run_plan_half(mye_run *run, mye_pass *p)
{
    for (int i = 0; i < p->n_nodes; i++) {
        const mye_node *n = p->node[i];
        mye_value *v = &p->value[i];
        const bool layer = n->neuron == NULL && n->n_in > 0 && n->type->load == NULL;
        if (!layer || v->format != MYE_F32 || !backward_reads(run->model, i))
            continue;
        v->half_after = last_forward_reader(run->model, i);
        if (v->half_after > 0)
            mye_run_need(run, p, i, MYE_SLOT_HALF,
                         (size_t)v->steps * (size_t)p->B * (size_t)v->n * sizeof(uint16_t));
    }
}

typedef struct pack_work {
    const mye_pass *p;
    const mye_value *v;
    int64_t n;
} pack_work;

static void pack_shard(void *arg, int shard, int lane)
{
    const pack_work *w = arg;
    MYE_UNUSED(lane);
    const int64_t begin = (int64_t)shard * SHARD_FLOATS, rest = w->n - begin;
    w->p->k->bf16_pack(rest < SHARD_FLOATS ? rest : SHARD_FLOATS, (const float *)w->v->data + begin,
                       w->v->half + begin);
}

static void pack(const mye_touch *touch, void *arg)
{
    MYE_UNUSED(arg);
    const mye_pass *p = touch->p;
    mye_value *v = &p->value[touch->node];
    pack_work w = {p, v, (int64_t)v->steps * p->B * v->n};
    mye_parallel(p->lanes.ctx, (int)((w.n + SHARD_FLOATS - 1) / SHARD_FLOATS), pack_shard, &w);
    v->data = NULL;
}

void mye_run_halve(mye_run *run, mye_pass *p, int reader)
{
    for (int i = run->at->first; i < reader; i++) {
        if (p->value[i].half_after != reader)
            continue;
        const mye_touch touch[] = {{p, i, MYE_SLOT_DATA, false}, {p, i, MYE_SLOT_HALF, true}};
        mye_run_op(run, touch, 2, pack, NULL);
        mye_run_drop(run, p, i, MYE_SLOT_DATA);
    }
}
