/* The kind of front ends for images. */
#include "synapse/feature_list.inc"
#include "synapse/image.h"

#define DECLARE(name) extern const mye_feature_type mye_feature_##name;
MYE_FEATURE_LIST(DECLARE)
#define ENTRY(name) &mye_feature_##name.entry,
static const mye_entry *const entries[] = {MYE_FEATURE_LIST(ENTRY) NULL};
const mye_kind mye_kind_feature = {"feature", "What is found in an image before it is encoded?",
                                   entries};

int64_t mye_maps_size(const mye_maps *m)
{
    return (int64_t)m->C * m->H * m->W;
}
