/* Any bytes as a file of samples' scores. */
#include "sample/scores_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    float score[5];
    mye_error err;
    mye_scores_parse("fuzz", (const char *)data, size, (mye_scores_want)(size & 1), 5, score, &err);
    return 0;
}
