/*
 * Stages: a run of some of a model's modules. Modules hand values on and get nothing back, so
 * consecutive modules can be run elsewhere, by a run of their own on another thread or machine. What
 * crosses the border between two stages is copied into a packet: the stored values that later
 * modules read.
 */
#include "net/run_internal.h"

#include "net/rules.h"

#include <string.h>

enum { OUTSIDE, INSIDE, INLET };

/* ---- who takes part ---- */

static bool in_modules(const mye_run *run, int node)
{
    const int k = run->model->node_module[node] - run->first_module;
    return k >= 0 && k < run->n_modules;
}

/* Marks the stored values before node `end` that the value of `node` is read from. */
static mye_status mark_border(const mye_model *model, int node, int end, bool *border,
                              mye_error *err)
{
    const mye_node *n = model->node[node];
    if (node < end && n->type->load == NULL)
        border[node] = true;
    if (n->type->load == NULL)
        return MYE_OK;
    if (node < end && n->type->state_bytes != NULL)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "stages cannot meet behind '%s' (%s), whose value depends on statistics "
                        "or masks of the batch",
                        n->name, n->type->entry.name);
    for (int k = 0; k < n->n_in; k++)
        MYE_TRY(mark_border(model, n->in[k], end, border, err));
    return MYE_OK;
}

/* What modules from `first` on read of those before. */
static mye_status find_border(const mye_run *run, int first, bool *border, mye_error *err)
{
    const mye_model *model = run->model;
    const int end = first < model->n_modules ? model->module[first].first : model->n_nodes;
    for (int i = end; i < model->n_nodes; i++)
        for (int k = 0; k < model->node[i]->n_in; k++)
            MYE_TRY(mark_border(model, model->node[i]->in[k], end, border, err));
    return MYE_OK;
}

mye_status mye_run_take_part(mye_run *run, mye_error *err)
{
    const size_t n = (size_t)run->model->n_nodes;
    const bool whole = run->module == &run->whole, first = run->first_module == 0;
    run->part = mye_alloc(run->ctx, n);
    run->inlet = mye_alloc(run->ctx, n * sizeof *run->inlet);
    run->outlet = mye_alloc(run->ctx, n * sizeof *run->outlet);
    if (run->part == NULL || run->inlet == NULL || run->outlet == NULL)
        return mye_no_memory(err, 3 * n, "the nodes of a stage");
    if (!whole && !first)
        MYE_TRY(find_border(run, run->first_module, run->inlet, err));
    if (!whole && run->first_module + run->n_modules < run->model->n_modules)
        MYE_TRY(find_border(run, run->first_module + run->n_modules, run->outlet, err));
    for (size_t i = 0; i < n; i++) {
        const mye_node *node = run->model->node[i];
        const bool asked = !node->auxiliary || (run->options.training && mye_run_in_the_way(node));
        const bool own = whole ? asked : in_modules(run, (int)i);
        run->part[i] = own ? INSIDE : run->inlet[i] ? INLET : OUTSIDE;
    }
    return MYE_OK;
}

bool mye_run_has(const mye_run *run, int node)
{
    return run->part[node] != OUTSIDE;
}

bool mye_run_works_on(const mye_run *run, int node)
{
    return run->part[node] == INSIDE;
}

/* ---- packets ---- */

/* One value in a packet; its rows follow. */
typedef struct entry {
    bool there; /* the stage before has it */
    float amplitude;
} entry;

static size_t entry_bytes(const mye_run *run, const mye_pass *p, int node)
{
    const mye_value *v = &p->value[node];
    const size_t word = v->format == MYE_BITS ? sizeof(uint64_t) : sizeof(float);
    const size_t rows = (size_t)v->steps * (size_t)run->options.B;
    return MYE_ALIGN + (rows * (size_t)v->row * word + MYE_ALIGN - 1) / MYE_ALIGN * MYE_ALIGN;
}

size_t mye_run_border_bytes(const mye_run *run, bool out)
{
    const bool *border = out ? run->outlet : run->inlet;
    size_t bytes = 0;
    for (int q = 0; q < run->n_passes; q++)
        for (int i = 0; i < run->model->n_nodes; i++)
            bytes += border[i] ? entry_bytes(run, &run->pass[q]->pass, i) : 0;
    return bytes;
}

static size_t used_bytes(const mye_pass *p, const mye_value *v)
{
    const size_t word = v->format == MYE_BITS ? sizeof(uint64_t) : sizeof(float);
    return (size_t)v->steps * (size_t)p->B * (size_t)v->row * word;
}

static void take_value(mye_run *run, mye_pass *p, int node, const unsigned char *at)
{
    const entry *e = (const entry *)(const void *)at;
    mye_value *v = &p->value[node];
    mye_run_touch(run, p, node, MYE_SLOT_DATA, true);
    if (mye_run_works(run) && e->there) {
        memcpy(v->data, at + MYE_ALIGN, used_bytes(p, v));
        v->amplitude = e->amplitude;
    }
    mye_run_end_op(run);
}

static void give_value(mye_run *run, mye_pass *p, int node, unsigned char *at)
{
    const mye_buffer *b = mye_run_buffer(run, p, node, MYE_SLOT_DATA);
    const bool there = b != NULL && b->live;
    const mye_value *v = &p->value[node];
    if (there)
        mye_run_touch(run, p, node, MYE_SLOT_DATA, false);
    if (mye_run_works(run)) {
        *(entry *)(void *)at = (entry){there, v->amplitude};
        if (there)
            memcpy(at + MYE_ALIGN, v->data, used_bytes(p, v));
    }
    mye_run_end_op(run);
}

static void cross(mye_run *run, bool out)
{
    const bool *border = out ? run->outlet : run->inlet;
    unsigned char *packet = out ? run->packet_out : run->packet_in;
    for (int q = 0; q < run->n_passes; q++)
        for (int i = 0; i < run->model->n_nodes; i++) {
            mye_pass *p = &run->pass[q]->pass;
            if (!border[i])
                continue;
            if (out)
                give_value(run, p, i, packet);
            else
                take_value(run, p, i, packet);
            packet += packet != NULL ? entry_bytes(run, p, i) : 0;
        }
}

void mye_run_enter_stage(mye_run *run)
{
    cross(run, false);
}

void mye_run_leave_stage(mye_run *run)
{
    cross(run, true);
}

void mye_run_set_border(mye_run *run, void *in, void *out)
{
    run->packet_in = in;
    run->packet_out = out;
}

bool mye_run_is_stage(const mye_run *run)
{
    return run->module != &run->whole && run->n_modules < run->model->n_modules;
}
