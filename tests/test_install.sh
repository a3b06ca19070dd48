#!/bin/sh
# test_install.sh SOURCE BUILD C-COMPILER [FLAGS]: the installed tree works: an example compiled against it with
# pkg-config and with find_package, and the command, also after the tree was moved.
set -eu
source=$1
build=$2
cc=$3
flags=${4-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/first" > "$work/log" || { cat "$work/log"; exit 1; }
mv "$work/first" "$work/moved"
prefix=$work/moved
libdir=$(dirname "$(find "$prefix" -name 'libtenka.so' | head -n 1)")

echo "with pkg-config"
export PKG_CONFIG_PATH="$libdir/pkgconfig"
# shellcheck disable=SC2046,SC2086
"$cc" $flags -std=c11 "$source/examples/custom.c" -o "$work/custom" $(pkg-config --cflags --libs tenka) -lm
LD_LIBRARY_PATH=$libdir "$work/custom" 3

echo "with find_package"
mkdir "$work/app"
cat > "$work/app/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.20)
project(app C)
find_package(Tenka REQUIRED)
foreach(library tenka tenka_static)
    add_executable(with_\${library} $source/examples/custom.c)
    target_link_libraries(with_\${library} PRIVATE Tenka::\${library} m)
endforeach()
END
cmake -S "$work/app" -B "$work/app/build" -DCMAKE_C_COMPILER="$cc" -DCMAKE_C_FLAGS="$flags" \
    -DCMAKE_PREFIX_PATH="$prefix" > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
cmake --build "$work/app/build" > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
"$work/app/build/with_tenka" 3
"$work/app/build/with_tenka_static" 3

echo "the command"
"$prefix/bin/tenka" --version

echo "symbols"
# Nothing but the API leaves the shared library, and nothing without our prefix.
nm -D --defined-only "$libdir/libtenka.so" | awk '$3 !~ /^tenka_/ { print "exported: " $3; bad = 1 } END { exit bad }'
