#!/bin/sh
# test_headers.sh SOURCE C-COMPILER LIBRARY: each public header compiles alone, as C11 and as C++, without a warning, and a
# program in C++17 that uses them all runs with the library in the folder LIBRARY.
set -eu
source=$1
cc=$2
library=$3
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
if ! command -v "$cxx" > /dev/null; then
    echo "no C++ compiler: C alone was tested"
    exit
fi
for header in "$source"/include/tenka/*.h; do
    grep -q "<tenka/$(basename "$header")>" "$source/tests/cplusplus.cpp" || { echo "cplusplus.cpp lacks $header"; exit 1; }
done
# A library with the sanitizers wants a program that has them, too.
flags=
! grep -q __asan_init "$library/libtenka.so" || flags=-fsanitize=address,undefined
# shellcheck disable=SC2086
"$cxx" -std=c++17 -Wall -Wextra -Wno-missing-field-initializers -Werror $flags -I"$source/include" \
    "$source/tests/cplusplus.cpp" -L"$library" -ltenka -o "$work/program"
LD_LIBRARY_PATH=$library "$work/program"
echo "a program in C++"
