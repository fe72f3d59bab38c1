#include "time/whole.h"

static void drop_floats(mye_run *run, mye_pass *p, const mye_module *m)
{
    for (int i = m->first; i <= m->last; i++)
        if (p->node[i]->neuron == NULL && p->node[i]->n_in > 0 && p->value[i].format == MYE_F32 &&
            !p->value[i].crosses)
            mye_run_drop(run, p, i, MYE_SLOT_DATA);
}

void mye_whole_backward(mye_run *run, mye_pass *p, const mye_module *m, bool recompute)
{
    mye_run_collect(run, p, m, 0, p->T);
    mye_run_loss(run, m, 0, p->T);
    if (recompute)
        drop_floats(run, p, m);
    mye_run_begin_backward(run, p);
    mye_run_loss_grad(run, p, m, 0, p->T, 1.0);
    for (int i = m->last; i >= m->first; i--) {
        if (recompute)
            mye_run_recompute(run, p, i);
        mye_run_backward(run, p, i, 0, p->T);
    }
}
