# For tools/vulkan/unpack, tools/vulkan/run and tools/portability, which read this file with '.'.

# Where the drivers lie, and in that folder the libraries of their Debian.
vulkans=${TENKA_VULKANS:-${XDG_CACHE_HOME:-$HOME/.cache}/tenka-vulkans}
libraries=root/usr/lib/x86_64-linux-gnu
