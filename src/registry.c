/* All kinds of methods: what `list`, `--help` and the checks walk over. Stands above everything. */
#include "myelin/registry.h"

#include <string.h>

/* The five axes first, in the order of the design; then what networks, data and training are made
 * of; then conversion; then single neurons. */
#define KINDS(X)   \
    X(neuron)      \
    X(time)        \
    X(depth)       \
    X(sample)      \
    X(step)        \
    X(node)        \
    X(surrogate)   \
    X(net)         \
    X(dataset)     \
    X(augment)     \
    X(encoder)     \
    X(schedule)    \
    X(loss)        \
    X(convert)     \
    X(balance)     \
    X(calibration) \
    X(experiment)  \
    X(pattern)     \
    X(imagecode)   \
    X(feature)     \
    X(sound)       \
    X(ear)         \
    X(noise)       \
    X(psp)         \
    X(rule)        \
    X(move)        \
    X(readout)

#define DECLARE(name) extern const mye_kind mye_kind_##name;
KINDS(DECLARE)
#define ADDRESS(name) &mye_kind_##name,
static const mye_kind *const kinds[] = {KINDS(ADDRESS) NULL};

const mye_kind *const *mye_kinds(void)
{
    return kinds;
}

const mye_kind *mye_kind_find(const char *name)
{
    for (int i = 0; kinds[i]; i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}
