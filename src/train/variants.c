/* Time rules with the options that are worth a line of their own. */
#include "net/rules.h"
#include "train/train.h"

bool mye_time_variant(int i, char out[MYE_METHOD_MAX])
{
    for (const mye_entry *const *e = mye_kind_time.entries; *e; e++) {
        const mye_time_rule *rule = (const mye_time_rule *)*e;
        if (i-- == 0) {
            snprintf(out, MYE_METHOD_MAX, "%s", rule->entry.name);
            return true;
        }
        for (const char *const *v = rule->variants; v && *v; v++)
            if (i-- == 0) {
                snprintf(out, MYE_METHOD_MAX, "%s:%s", rule->entry.name, *v);
                return true;
            }
    }
    return false;
}
