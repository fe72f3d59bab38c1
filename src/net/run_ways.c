/* How layers are computed, and where the time went: what a run remembers of it. */
#include "net/run_internal.h"

#include <string.h>

size_t mye_run_ways_bytes(const mye_run *run)
{
    return (size_t)run->n_passes * (size_t)run->model->n_nodes * MYE_CONV_PASSES;
}

void mye_run_ways_get(const mye_run *run, uint8_t *ways)
{
    for (int q = 0; q < run->n_passes; q++)
        for (int i = 0; i < run->model->n_nodes; i++, ways += MYE_CONV_PASSES)
            memcpy(ways, run->pass[q]->pass.value[i].way, MYE_CONV_PASSES);
}

void mye_run_ways_add(const mye_run *run, uint8_t *ways)
{
    for (int q = 0; q < run->n_passes; q++)
        for (int i = 0; i < run->model->n_nodes; i++)
            for (int k = 0; k < MYE_CONV_PASSES; k++, ways++)
                if (run->pass[q]->pass.value[i].way[k] > 0)
                    *ways = run->pass[q]->pass.value[i].way[k];
}

void mye_run_ways_set(mye_run *run, const uint8_t *ways)
{
    for (int q = 0; q < run->n_passes; q++) {
        const mye_pass *p = &run->pass[q]->pass;
        for (int i = 0; i < run->model->n_nodes; i++)
            for (int k = 0; k < MYE_CONV_PASSES; k++, ways++) {
                const bool known = *ways > 0 && *ways <= MYE_CONV_WAYS;
                const bool may = known && (p->ways & 1u << (*ways - 1)) != 0 &&
                                 p->k->conv[*ways - 1].name != NULL;
                p->value[i].way[k] = may ? *ways : 0;
            }
    }
}

const char *mye_run_way(const mye_run *run, int node, int pass)
{
    for (int q = run->n_passes - 1; q >= 0; q--) {
        const mye_pass *p = &run->pass[q]->pass;
        const uint8_t way = p->value[node].way[pass];
        if (way > 0)
            return p->k->conv[way - 1].name;
    }
    return "";
}

void mye_run_repack(mye_run *run)
{
    for (int q = 0; q < run->n_passes; q++)
        for (int i = 0; i < run->model->n_nodes; i++)
            run->pass[q]->pass.value[i].packed = 0;
}

double mye_run_spent(const mye_run *run, int node, int which)
{
    double sum = 0;
    for (int q = 0; q < run->n_passes; q++)
        sum += run->pass[q]->pass.value[node].spent_s[which];
    return sum;
}
