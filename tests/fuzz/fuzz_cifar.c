/* Any bytes as a CIFAR file; the first one chooses the form. */
#include "data/cifar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const mye_cifar_form forms[] = {{1, 0, 10}, {2, 0, 20}, {2, 1, 100}};
    const mye_cifar_form *form;
    mye_error err;
    int64_t n = 0;
    uint8_t *pixels;
    int32_t *label;

    if (size == 0)
        return 0;
    form = &forms[data[0] % 3];
    if (mye_cifar_count(form, "fuzz", size - 1, &n, &err) != MYE_OK)
        return 0;
    pixels = mye_alloc_array(NULL, (size_t)n, MYE_CIFAR_PIXELS);
    label = mye_alloc_array(NULL, (size_t)n, sizeof *label);
    if (pixels && label)
        (void)mye_cifar_decode(form, "fuzz", data + 1, size - 1, pixels, label, &err);
    mye_free(NULL, pixels);
    mye_free(NULL, label);
    return 0;
}
