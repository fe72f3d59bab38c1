/* Postsynaptic potentials: parsing, values. */
#include "synapse/psp.h"

#include <math.h>

#include "synapse/psp_list.inc"

#define DECLARE(name) extern const mye_psp_type mye_psp_##name;
MYE_PSP_LIST(DECLARE)
#define ENTRY(name) &mye_psp_##name.entry,
static const mye_entry *const entries[] = {MYE_PSP_LIST(ENTRY) NULL};
const mye_kind mye_kind_psp = {"psp", "What does a spike do to the membrane?", entries};

mye_status mye_psp_parse(mye_context *ctx, const char *text, mye_psp *out, mye_error *err)
{
    mye_method method = {0};
    MYE_TRY(mye_method_parse(ctx, &mye_kind_psp, text, &method, err));
    const mye_psp_type *type = (const mye_psp_type *)method.entry;
    const mye_status st = type->shape(method.options, out, err);
    mye_method_free(ctx, &method);
    return st;
}

double mye_psp_at(const mye_psp *p, double u_ms)
{
    if (u_ms < 0)
        return 0;
    const double slow = exp(-u_ms / p->tau_m);
    return p->gain * (p->rise > 0 ? slow - exp(-u_ms / p->tau_s) : slow);
}
