/*
 * Any bytes as a configuration file: parsed, applied to a small table, freed.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "small_tables.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mye_yaml *root;
    mye_error err;
    run_options options;
    if (mye_yaml_parse(NULL, "fuzz.yaml", (const char *)data, size, &root, &err) != MYE_OK)
        return 0;
    if (mye_params_defaults(run_params, &options, &err) == MYE_OK)
        (void)mye_yaml_apply(root, run_params, &options, NULL, &err);
    mye_yaml_free(NULL, root);
    return 0;
}
