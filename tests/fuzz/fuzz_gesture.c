/* Any text as the list of recordings and as the labels of DVS-Gesture. */
#include "data/gesture_files.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    mye_names names = {.ctx = NULL};
    mye_gesture_trial trial[16];
    mye_error err;
    int n;

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    (void)mye_gesture_list("fuzz", text, &names, &err);
    for (int64_t i = 0; i < names.n; i++)
        if (strchr(names.name[i], '/'))
            abort();
    if (mye_gesture_labels("fuzz", text, 16, trial, &n, &err) == MYE_OK)
        for (int k = 0; k < n; k++)
            if (trial[k].label < 0 || trial[k].label >= MYE_GESTURE_CLASSES ||
                trial[k].end_us <= trial[k].start_us)
                abort();
    mye_names_free(&names);
    free(text);
    return 0;
}
