#!/usr/bin/env bash
# The library has no writable globals: .data, .bss and thread-local sections of every object are
# empty. Constant tables with addresses are in .data.rel.ro.
# usage: test_globals.sh LIBRARY.a
set -euo pipefail
size -A "$1" | awk '
    / \(ex |:$/ { object = $1 }
    $1 ~ /^\.(data|bss|tdata|tbss)/ && $1 !~ /^\.data\.rel\.ro/ && $2 > 0 {
        print object ": " $2 " bytes in " $1
        found = 1
    }
    $1 == ".text" { objects++ }
    END {
        if (!objects) { print "no objects were read"; exit 1 }
        print objects " objects"
        exit found
    }'
