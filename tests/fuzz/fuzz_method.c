/*
 * Any text as a method. What parses must be written, and what is written must parse to the same
 * text again.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "small_tables.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_round_trip(const mye_method *method, bool all)
{
    char text[1024], again[1024];
    mye_method back;
    mye_error err;
    const mye_status status = mye_method_text(method, all, text, sizeof text, &err);
    must(status == MYE_OK);
    must(mye_method_parse(NULL, &kind_neuron, text, &back, &err) == MYE_OK);
    must(mye_method_text(&back, all, again, sizeof again, &err) == MYE_OK);
    must(strcmp(text, again) == 0);
    must(method->options == NULL ||
         memcmp(method->options, back.options, sizeof(lif_options)) == 0);
    mye_method_free(NULL, &back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mye_method method;
    mye_error err;
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    if (mye_method_parse(NULL, &kind_neuron, text, &method, &err) == MYE_OK) {
        check_round_trip(&method, false);
        check_round_trip(&method, true);
        mye_method_free(NULL, &method);
    }
    free(text);
    return 0;
}
