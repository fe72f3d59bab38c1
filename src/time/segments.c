/* Checkpointing by segments: see segments.h. */
#include "time/segments.h"

#include "net/layers.h"

#include <math.h>

/* What is noted of a node: a segment ends with it; its value stays when the segment is left. */
enum { SEGMENT_END = 1, STAYS = 2 };

/* What the value of a node is read from. */
static void let_stay(mye_pass *p, int node)
{
    const mye_node *n = p->node[node];
    if (n->type->load == NULL)
        p->value[node].role |= STAYS;
    for (int k = 0; n->type->load != NULL && k < n->n_in; k++)
        let_stay(p, n->in[k]);
}

static void note_module(mye_pass *p, const mye_module *m, const mye_hidden_layer *layer, int n)
{
    int first = 0, inside = 0;
    while (first < n && layer[first].last < m->first)
        first++;
    while (first + inside < n && layer[first + inside].last <= m->last)
        inside++;
    const int group = (int)ceil(sqrt((double)inside));
    for (int i = group; inside > 0 && i <= inside; i += group) {
        const int end = layer[first + i - 1].last;
        p->value[end].role |= SEGMENT_END;
        let_stay(p, end);
    }
}

void mye_segments_prepare(mye_run *run, mye_pass *p)
{
    const mye_model *model = mye_run_model(run);
    mye_hidden_layer *layer = mye_alloc_array(model->ctx, (size_t)model->n_nodes, sizeof *layer);
    if (layer == NULL) {
        mye_run_out_of_memory(run);
        return;
    }
    const int n = mye_model_hidden_layers(model, layer);
    for (int k = 0; k < mye_run_modules(run); k++)
        note_module(p, mye_run_enter(run, k), layer, n);
    mye_free(model->ctx, layer);
}

/* Is the value stored, and gone when its segment is left? */
static bool goes(const mye_pass *p, int i)
{
    const mye_node *n = p->node[i];
    return n->type->load == NULL && n->n_in > 0 && !(p->value[i].role & STAYS);
}

static void leave(mye_run *run, mye_pass *p, int first, int end)
{
    for (int i = first; i < end; i++)
        if (goes(p, i))
            mye_run_drop(run, p, i, MYE_SLOT_DATA);
}

/* Batch statistics and masks are there; nothing is counted twice. */
static void return_to(mye_run *run, mye_pass *p, int first, int end)
{
    p->repeated = true;
    for (int i = first; i < end; i++)
        if (goes(p, i))
            mye_run_forward(run, p, i, 0, p->T);
    p->repeated = false;
}

static void backward(mye_run *run, mye_pass *p, int first, int last)
{
    for (int i = last; i >= first; i--)
        mye_run_backward(run, p, i, 0, p->T);
}

void mye_segments_step(mye_run *run, mye_pass *p, const mye_module *m)
{
    int first = m->first, end = m->last;
    for (int i = m->first; i <= m->last; i++) {
        mye_run_forward(run, p, i, 0, p->T);
        if (p->value[i].role & SEGMENT_END) {
            leave(run, p, first, i);
            first = i + 1;
        }
    }
    mye_run_collect(run, p, m, 0, p->T);
    mye_run_loss(run, m, 0, p->T);
    mye_run_begin_backward(run, p);
    mye_run_loss_grad(run, p, m, 0, p->T, 1.0);
    backward(run, p, first, m->last); /* the last one never went */
    for (end = first - 1; end >= m->first; end = first - 1) {
        for (first = end; first > m->first && !(p->value[first - 1].role & SEGMENT_END);)
            first--;
        return_to(run, p, first, end);
        backward(run, p, first, end);
    }
}
