/* The kind of encoders. */
#include "data/data.h"
#include "data/encoder_list.inc"

#define DECLARE(name) extern const mye_encoder_type mye_encoder_##name;
MYE_ENCODER_LIST(DECLARE)
#define ENTRY(name) &mye_encoder_##name.entry,
static const mye_entry *const entries[] = {MYE_ENCODER_LIST(ENTRY) NULL};
const mye_kind mye_kind_encoder = {"encoder", "How does an image become T steps of input?",
                                   entries};
