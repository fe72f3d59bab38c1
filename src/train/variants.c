/* Rules of an axis with the options that are worth a line of their own in a table. */
#include "net/rules.h"
#include "train/train.h"

/* Line *i of one rule, or *i less its lines. */
static bool line_of(const mye_entry *rule, const char *const *variants, bool with_default, int *i,
                    char out[MYE_METHOD_MAX])
{
    if (with_default && (*i)-- == 0) {
        snprintf(out, MYE_METHOD_MAX, "%s", rule->name);
        return true;
    }
    for (; variants && *variants; variants++)
        if ((*i)-- == 0) {
            snprintf(out, MYE_METHOD_MAX, "%s:%s", rule->name, *variants);
            return true;
        }
    return false;
}

bool mye_time_variant(int i, char out[MYE_METHOD_MAX])
{
    for (const mye_entry *const *e = mye_kind_time.entries; *e; e++) {
        const mye_time_rule *rule = (const mye_time_rule *)*e;
        if (line_of(*e, rule->variants, true, &i, out))
            return true;
    }
    return false;
}

bool mye_depth_variant(int i, char out[MYE_METHOD_MAX])
{
    for (const mye_entry *const *e = mye_kind_depth.entries; *e; e++) {
        const mye_depth_rule *rule = (const mye_depth_rule *)*e;
        if (line_of(*e, rule->variants, !rule->variants_are_all, &i, out))
            return true;
    }
    return false;
}
