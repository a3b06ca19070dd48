#!/bin/sh
# test_includes.sh SOURCE: each room of src/ includes only what it may (docs/architecture.md). First it shows itself
# that bad includes are found.
set -u
source=$1
failed=0

# What a room may include besides itself and include/tenka.
allowed() {
    case $1 in
    core) echo "" ;;
    python) echo "core" ;;
    op) echo "core" ;;
    plan | backend) echo "core op" ;;
    backend/cpu) echo "core op backend backend/cpu/fast" ;;
    backend/cpu/fast) echo "core op backend/cpu" ;;
    backend/vulkan | backend/open) echo "core op backend" ;;
    graph) echo "core op plan backend" ;;
    optim | data) echo "core python op graph" ;;
    nn | functional) echo "core python op graph" ;;
    io) echo "core python op graph nn data" ;;
    check) echo "core op backend graph" ;;
    bench) echo "core op backend graph check" ;;
    train) echo "core python op graph nn optim data io" ;;
    *) return 1 ;;
    esac
}

complain() {
    echo "$1: includes $2, which its room must not see"
    failed=1
}

# check FILE ROOM
check() {
    rooms=$(allowed "$2") || { echo "$1: src/$2 is no room"; failed=1; return; }
    for included in $(sed -n 's/^ *# *include *"\([^"]*\)".*/\1/p' "$1"); do
        room=$(dirname "$included")
        # The rows, formulas and functions that C and GLSL share.
        case $included in
        shaders/common/elementwise.* | shaders/common/elementary.h | shaders/common/updates.*) continue ;;
        esac
        case " tenka $2 $rooms " in
        *" $room "*) ;;
        *) complain "$1" "$included" ;;
        esac
    done
    # What modules are made of is the business of nn.
    case $2 in
    nn) ;;
    *) ! grep -q '^ *# *include *"nn/layer.h"' "$1" || complain "$1" "nn/layer.h" ;;
    esac
    # The operating system stands behind core/os.h, Vulkan behind backend/vulkan.
    case $1 in
    */src/core/os_*.c | */src/backend/vulkan/*) return ;;
    esac
    for included in $(sed -n 's/^ *# *include *<\([^>]*\)>.*/\1/p' "$1"); do
        case $included in
        unistd.h | sys/* | pthread.h | dlfcn.h | fcntl.h | dirent.h | vulkan/* | volk.h) complain "$1" "<$included>" ;;
        esac
    done
}

check_tree() {
    for file in $(find "$1/src" -name '*.[ch]' -o -name '*.def' | sort); do
        room=$(dirname "${file#"$1/src/"}")
        check "$file" "${room%/op}" # the cases of check/op are of the room check
    done
    # Guests see the public headers alone.
    for file in $(find "$1/include" "$1/tools" "$1/examples" -name '*.[ch]' 2>/dev/null); do
        for included in $(sed -n 's/^ *# *include *["<]\([^">]*\/[^">]*\)[">].*/\1/p' "$file"); do
            case $included in
            tenka/* | sys/*) ;;
            *) complain "$file" "$included" ;;
            esac
        done
        for included in $(sed -n 's/^ *# *include *"\([^"/]*\)".*/\1/p' "$file"); do
            [ -e "$(dirname "$file")/$included" ] || complain "$file" "$included"
        done
    done
}

# Each of these lines, alone in a file, must be found.
self_test() {
    tree=$(mktemp -d)
    trap 'rm -rf "$tree"' EXIT
    for room in backend/cpu core plan nn io train; do
        mkdir -p "$tree/src/$room"
    done
    mkdir -p "$tree/tools"
    while read -r bad line; do
        echo "$line" > "$tree/$bad"
        failed=0
        check_tree "$tree" > "$tree/out"
        rm "$tree/$bad"
        [ $failed = 1 ] || { echo "not found: $line in $bad"; exit 1; }
    done <<END
src/core/a.c #include "op/op.h"
src/plan/a.c #include "backend/backend.h"
src/backend/cpu/a.c #include "plan/plan.h"
src/backend/cpu/a.c #include "backend/vulkan/device.h"
src/backend/cpu/a.c #include "graph/graph.h"
src/nn/a.c #include "backend/cpu/kernel.h"
src/nn/a.c #include <unistd.h>
src/core/a.c #include <vulkan/vulkan.h>
src/io/a.c #include "nn/layer.h"
src/train/a.c #include "nn/layer.h"
tools/a.c #include "core/core.h"
END
    failed=0
}

self_test
check_tree "$source"
exit $failed
