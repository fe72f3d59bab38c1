/* The registry of neurons, generated from neuron_list.inc. */
#include <string.h>

#include "neuron/neuron.h"
#include "neuron/neuron_list.inc"

#define X(name) extern const mye_neuron_type mye_neuron_##name;
MYE_NEURON_LIST(X)
#undef X

static const mye_entry *const neuron_entries[] = {
#define X(name) &mye_neuron_##name.entry,
    MYE_NEURON_LIST(X)
#undef X
        NULL,
};

const mye_kind mye_kind_neuron = {
    .name = "neuron",
    .question = "What does a neuron send?",
    .entries = neuron_entries,
};

const mye_neuron_type *mye_neuron_type_find(const char *name)
{
    for (const mye_entry *const *e = neuron_entries; *e != NULL; e++)
        if (strcmp((*e)->name, name) == 0)
            return (const mye_neuron_type *)*e; /* the entry is the type's first member */
    return NULL;
}
