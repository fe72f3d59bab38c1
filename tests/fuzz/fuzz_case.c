/*
 * Any bytes as a reference case: refused, or run as far as the file describes a network.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "limited.h"
#include "myelin/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mye_verify_result result;
    mye_error err = {0};
    char path[64];
    const int file = memfd_create("case", 0);
    if (file < 0 || write(file, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    mye_context *ctx = limited_context();
    if (mye_verify_file(ctx, path, NULL, &result, &err) == MYE_OK)
        mye_verify_free(ctx, &result);
    else if (err.message[0] == '\0')
        abort();
    limited_free(ctx);
    close(file);
    return 0;
}
