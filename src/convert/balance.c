/* The list of rules for thresholds, and what several of them share. */
#include "convert/balance.h"

#include "convert/balance_list.inc"

#define X(name) extern const mye_balance mye_balance_##name;
MYE_BALANCE_LIST(X)
#undef X

static const mye_entry *const entries[] = {
#define X(name) &mye_balance_##name.entry,
    MYE_BALANCE_LIST(X)
#undef X
        NULL};

const mye_kind mye_kind_balance = {
    .name = "balance", .question = "How large is a threshold?", .entries = entries};

mye_status mye_balance_by_histogram(const mye_balance_ask *ask, float *thmax,
                                    double (*pick)(const void *self, const mye_histogram *h,
                                                   int group),
                                    const void *self, mye_error *err)
{
    const mye_histogram *h;
    MYE_TRY(mye_activations_histogram(ask->conversion, ask->layer, ask->per, &h, err));
    for (int g = 0; g < ask->groups; g++)
        thmax[g] = (float)pick(self, h, g);
    return MYE_OK;
}
