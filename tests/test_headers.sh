#!/bin/sh
# test_headers.sh SOURCE C-COMPILER: each public header compiles alone, as C11 and as C++, without a warning.
set -eu
source=$1
cc=$2
cxx=${CXX:-c++}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for header in "$source"/include/tenka/*.h; do
    name=tenka/$(basename "$header")
    # twice, so that the guard is tested too
    printf '#include "%s"\n#include "%s"\nint main(void) { return TENKA_OK; }\n' "$name" "$name" > "$work/a.c"
    cp "$work/a.c" "$work/a.cpp"
    "$cc" -std=c11 -pedantic -Wall -Wextra -Werror -I"$source/include" -fsyntax-only "$work/a.c"
    if command -v "$cxx" > /dev/null; then
        "$cxx" -std=c++17 -Wall -Wextra -Werror -I"$source/include" -fsyntax-only "$work/a.cpp"
    fi
    echo "$name"
done
command -v "$cxx" > /dev/null || echo "no C++ compiler: C alone was tested"
