/* The kind of codes of images, and which values share a time. */
#include "synapse/image.h"
#include "synapse/imagecode_list.inc"

#define DECLARE(name) extern const mye_imagecode_type mye_imagecode_##name;
MYE_IMAGECODE_LIST(DECLARE)
#define ENTRY(name) &mye_imagecode_##name.entry,
static const mye_entry *const entries[] = {MYE_IMAGECODE_LIST(ENTRY) NULL};
const mye_kind mye_kind_imagecode = {"imagecode", "How do the values of an image become spikes?",
                                     entries};

int64_t mye_share_groups(const mye_maps *m, int share)
{
    const int64_t groups[] = {[MYE_SHARE_ALL] = 1,
                              [MYE_SHARE_COLUMN] = m->W,
                              [MYE_SHARE_ROW] = m->H,
                              [MYE_SHARE_PLACE] = (int64_t)m->H * m->W,
                              [MYE_SHARE_MAP] = m->C};
    return groups[share];
}

int64_t mye_share_group(const mye_maps *m, int share, int64_t unit)
{
    const int64_t area = (int64_t)m->H * m->W;
    const int64_t group[] = {[MYE_SHARE_ALL] = 0,
                             [MYE_SHARE_COLUMN] = unit % m->W,
                             [MYE_SHARE_ROW] = unit / m->W % m->H,
                             [MYE_SHARE_PLACE] = unit % area,
                             [MYE_SHARE_MAP] = unit / area};
    return group[share];
}
